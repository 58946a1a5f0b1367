"""Every run keeps its verdicts; the index of headline values in the order of candidates."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_COLUMNS = "id, candidate_id, stage, campaign_id, status, reason, parameters, notes, seconds, checksum"


def upgrade() -> None:
    op.drop_index("ix_verdicts_campaign", "verdicts")
    op.rename_table("verdicts", "old_verdicts")
    op.create_table(
        "verdicts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("candidate_id", sa.Integer, sa.ForeignKey("candidates.id"), nullable=False),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("campaign_id", sa.Integer, sa.ForeignKey("campaigns.id"), nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("parameters", sa.Text, nullable=False),
        sa.Column("notes", sa.Text, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("checksum", sa.Integer, nullable=False),
        sa.UniqueConstraint("candidate_id", "stage", "campaign_id", name="uq_verdicts_candidate_stage_campaign"),
    )
    op.execute(f"INSERT INTO verdicts ({_COLUMNS}) SELECT {_COLUMNS} FROM old_verdicts ORDER BY id")
    op.drop_table("old_verdicts")
    op.create_index("ix_verdicts_campaign", "verdicts", ["campaign_id", "stage", "status", "reason"])
    op.drop_index("ix_quantities_headline", "quantities")
    op.create_index(
        "ix_quantities_headline",
        "quantities",
        ["quantity", "headline", "candidate", "value"],
        sqlite_where=sa.text("headline IS NOT NULL"),
    )
