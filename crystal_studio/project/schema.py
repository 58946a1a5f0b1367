"""Tables of the project file (SQLAlchemy Core); the migrations build exactly these."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy import text as sql_text

APPLICATION_ID = 0x43525953
"""``PRAGMA application_id`` of a project file: "CRYS"."""

SCHEMA_VERSION = 5
"""``PRAGMA user_version`` of a project file; revision 0005 of the migrations makes version 5."""

CAMPAIGN_KINDS = ("generate", "import", "judge")
CAMPAIGN_STATES = ("running", "paused", "finished", "cancelled", "failed")
ROUND_STATES = ("training", "generating", "checking", "finished")
"""What a round of an improvement is at."""

CURRENT = "current"
"""In place of a method's name: the geometry that each candidate has now."""

GENERATED = "generated"
"""The geometry that every candidate has: the one that it was made or imported with."""

HEADLINE, PREDICTED = 1, 2
"""Marks of ``quantities.headline``: the value that stands for the quantity, and the learned one that is shown
beside it; NULL for the others."""

metadata = MetaData()

campaigns = Table(
    "campaigns",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("created", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("request", Text, nullable=False),
    Column("provenance", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("requested", Integer, nullable=False),
    Column("chunk_size", Integer),
    Column("seconds", Float, nullable=False),
    Column("checksum", Integer, nullable=False),
)

candidates = Table(
    "candidates",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("campaign_id", Integer, ForeignKey("campaigns.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("formula", Text, nullable=False),
    Column("chemsys", Text, nullable=False),
    Column("asked_space_group", Integer),
    Column("space_group", Integer),
    Column("n_atoms", Integer, nullable=False),
    Column("n_orbits", Integer),
    Column("volume", Float, nullable=False),
    Column("volume_per_atom", Float, nullable=False),
    Column("density", Float, nullable=False),
    Column("geometry", Text, nullable=False),
    Column("stage", Text, nullable=False),
    # "unjudged" (imported or generated without a funnel, nothing is under way), "pending" (on its way through one),
    # "passed", "rejected", "error" or "waiting" (for a result from elsewhere).
    Column("status", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("parameters", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("created", Text, nullable=False),
    Column("checksum", Integer, nullable=False),
    UniqueConstraint("campaign_id", "number", name="uq_candidates_campaign_number"),
    Index("ix_candidates_formula", "formula"),
    Index("ix_candidates_space_group", "space_group"),
    Index("ix_candidates_status", "status", "campaign_id"),
)

verdicts = Table(
    "verdicts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("candidate_id", Integer, ForeignKey("candidates.id"), nullable=False),
    Column("stage", Text, nullable=False),
    Column("campaign_id", Integer, ForeignKey("campaigns.id"), nullable=False),
    Column("status", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("parameters", Text, nullable=False),
    Column("notes", Text, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("checksum", Integer, nullable=False),
    # Every run keeps what it said; of one stage the verdict with the greatest id is the present one.
    UniqueConstraint("candidate_id", "stage", "campaign_id", name="uq_verdicts_candidate_stage_campaign"),
    # All that counting the funnel of a campaign reads.
    Index("ix_verdicts_campaign", "campaign_id", "stage", "status", "reason"),
)

quantity_names = Table(
    "quantity_names",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("checksum", Integer, nullable=False),
    UniqueConstraint("name", name="uq_quantity_names_name"),
)

methods = Table(
    "methods",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("checksum", Integer, nullable=False),
    UniqueConstraint("name", name="uq_methods_name"),
)

quantities = Table(
    "quantities",
    metadata,
    Column("candidate", Integer, ForeignKey("candidates.id"), primary_key=True),
    Column("quantity", Integer, ForeignKey("quantity_names.id"), primary_key=True),
    Column("method", Integer, ForeignKey("methods.id"), primary_key=True),
    Column("value", Float),
    Column("label", Text),
    Column("uncertainty", Float),
    Column("headline", Integer),
    Column("checksum", Integer, nullable=False),
    # Filters, sorts and whole columns of a headline value read this index alone. In the order of candidates, so that a
    # batch of them goes into one place of it.
    Index(
        "ix_quantities_headline",
        "quantity",
        "headline",
        "candidate",
        "value",
        sqlite_where=sql_text("headline IS NOT NULL"),
    ),
    sqlite_with_rowid=False,
)

parts = Table(
    "parts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("candidate_id", Integer, ForeignKey("candidates.id"), nullable=False),
    Column("kind", Text, nullable=False),  # "structure", "unit", "bonds" or "blocks"
    Column("method", Text, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("checksum", Integer, nullable=False),
    UniqueConstraint("candidate_id", "kind", "method", name="uq_parts_candidate_kind_method"),
)

rounds = Table(
    "rounds",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("improvement", Integer, nullable=False),
    Column("number", Integer, nullable=False),
    Column("created", Text, nullable=False),
    Column("plan", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("parent", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("campaign_id", Integer, ForeignKey("campaigns.id")),
    Column("check_id", Integer, ForeignKey("campaigns.id")),
    Column("kept", Integer),
    Column("figures", Text, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("checksum", Integer, nullable=False),
    UniqueConstraint("improvement", "number", name="uq_rounds_improvement_number"),
)
