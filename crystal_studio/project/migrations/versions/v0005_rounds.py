"""Rounds of improvements."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rounds",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("improvement", sa.Integer, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("created", sa.Text, nullable=False),
        sa.Column("plan", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("parent", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("campaign_id", sa.Integer, sa.ForeignKey("campaigns.id")),
        sa.Column("check_id", sa.Integer, sa.ForeignKey("campaigns.id")),
        sa.Column("kept", sa.Integer),
        sa.Column("figures", sa.Text, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("checksum", sa.Integer, nullable=False),
        sa.UniqueConstraint("improvement", "number", name="uq_rounds_improvement_number"),
    )
