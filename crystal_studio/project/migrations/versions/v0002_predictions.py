"""Predicted properties of a candidate, with their uncertainty."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("formation_energy_per_atom", "e_above_hull", "band_gap"):
        op.add_column("candidates", sa.Column(f"predicted_{name}", sa.Float))
        op.add_column("candidates", sa.Column(f"predicted_{name}_std", sa.Float))
    op.add_column("candidates", sa.Column("in_domain", sa.Boolean))
