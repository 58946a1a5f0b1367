"""Quantities by method, candidates in parts, reasons as codes, checksums over every row."""

import sqlite3

import sqlalchemy as sa
from alembic import op

from crystal_studio.project.migrations import from_version_2

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_OLD = ("structures", "verdicts", "candidates", "campaigns")
_INDEXES = ("formula", "space_group", "e_hull", "status")


def upgrade() -> None:
    for name in _INDEXES:
        op.drop_index(f"ix_candidates_{name}", "candidates")
    for name in _OLD:
        op.rename_table(name, f"old_{name}")
    _create()
    driver = op.get_bind().connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    from_version_2.convert(driver)
    for name in _OLD:
        op.drop_table(f"old_{name}")


def _create() -> None:
    op.create_table(
        "campaigns",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("created", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("request", sa.Text, nullable=False),
        sa.Column("provenance", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("requested", sa.Integer, nullable=False),
        sa.Column("chunk_size", sa.Integer),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("checksum", sa.Integer, nullable=False),
    )
    op.create_table(
        "candidates",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("campaign_id", sa.Integer, sa.ForeignKey("campaigns.id"), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("formula", sa.Text, nullable=False),
        sa.Column("chemsys", sa.Text, nullable=False),
        sa.Column("asked_space_group", sa.Integer),
        sa.Column("space_group", sa.Integer),
        sa.Column("n_atoms", sa.Integer, nullable=False),
        sa.Column("n_orbits", sa.Integer),
        sa.Column("volume", sa.Float, nullable=False),
        sa.Column("volume_per_atom", sa.Float, nullable=False),
        sa.Column("density", sa.Float, nullable=False),
        sa.Column("geometry", sa.Text, nullable=False),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("parameters", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("created", sa.Text, nullable=False),
        sa.Column("checksum", sa.Integer, nullable=False),
        sa.UniqueConstraint("campaign_id", "number", name="uq_candidates_campaign_number"),
    )
    op.create_index("ix_candidates_formula", "candidates", ["formula"])
    op.create_index("ix_candidates_space_group", "candidates", ["space_group"])
    op.create_index("ix_candidates_status", "candidates", ["status", "campaign_id"])
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
        sa.UniqueConstraint("candidate_id", "stage", name="uq_verdicts_candidate_stage"),
    )
    op.create_index("ix_verdicts_campaign", "verdicts", ["campaign_id", "stage", "status", "reason"])
    op.create_table(
        "quantity_names",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("checksum", sa.Integer, nullable=False),
        sa.UniqueConstraint("name", name="uq_quantity_names_name"),
    )
    op.create_table(
        "methods",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("checksum", sa.Integer, nullable=False),
        sa.UniqueConstraint("name", name="uq_methods_name"),
    )
    op.create_table(
        "quantities",
        sa.Column("candidate", sa.Integer, sa.ForeignKey("candidates.id"), primary_key=True),
        sa.Column("quantity", sa.Integer, sa.ForeignKey("quantity_names.id"), primary_key=True),
        sa.Column("method", sa.Integer, sa.ForeignKey("methods.id"), primary_key=True),
        sa.Column("value", sa.Float),
        sa.Column("label", sa.Text),
        sa.Column("uncertainty", sa.Float),
        sa.Column("headline", sa.Integer),
        sa.Column("checksum", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_quantities_headline",
        "quantities",
        ["quantity", "headline", "value"],
        sqlite_where=sa.text("headline IS NOT NULL"),
    )
    op.create_table(
        "parts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("candidate_id", sa.Integer, sa.ForeignKey("candidates.id"), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("method", sa.Text, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.Column("checksum", sa.Integer, nullable=False),
        sa.UniqueConstraint("candidate_id", "kind", "method", name="uq_parts_candidate_kind_method"),
    )
