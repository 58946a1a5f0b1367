"""The first schema: campaigns, candidates, verdicts, structures."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "campaigns",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("created", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("request", sa.Text, nullable=False),
        sa.Column("provenance", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("requested", sa.Integer, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
    )
    op.create_table(
        "candidates",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("campaign_id", sa.Integer, sa.ForeignKey("campaigns.id"), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("formula", sa.Text, nullable=False),
        sa.Column("chemsys", sa.Text, nullable=False),
        sa.Column("space_group", sa.Integer, nullable=False),
        sa.Column("detected_space_group", sa.Integer),
        sa.Column("n_atoms", sa.Integer, nullable=False),
        sa.Column("n_orbits", sa.Integer, nullable=False),
        sa.Column("volume", sa.Float, nullable=False),
        sa.Column("volume_per_atom", sa.Float, nullable=False),
        sa.Column("density", sa.Float, nullable=False),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("energy_per_atom", sa.Float),
        sa.Column("formation_energy", sa.Float),
        sa.Column("e_hull", sa.Float),
        sa.Column("nearest_known", sa.Text),
        sa.Column("nearest_distance", sa.Float),
        sa.Column("novel", sa.Boolean),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("created", sa.Text, nullable=False),
        sa.UniqueConstraint("campaign_id", "number", name="uq_candidates_campaign_number"),
    )
    op.create_index("ix_candidates_formula", "candidates", ["formula"])
    op.create_index("ix_candidates_space_group", "candidates", ["space_group"])
    op.create_index("ix_candidates_e_hull", "candidates", ["e_hull"])
    op.create_index("ix_candidates_status", "candidates", ["status", "campaign_id"])
    op.create_table(
        "verdicts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("candidate_id", sa.Integer, sa.ForeignKey("candidates.id"), nullable=False),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("passed", sa.Boolean, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("values", sa.Text, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.UniqueConstraint("candidate_id", "stage", name="uq_verdicts_candidate_stage"),
    )
    op.create_table(
        "structures",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("candidate_id", sa.Integer, sa.ForeignKey("candidates.id"), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("candidate_id", "kind", name="uq_structures_candidate_kind"),
    )
