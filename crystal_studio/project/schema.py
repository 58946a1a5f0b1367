"""Tables of the project file (SQLAlchemy Core); the migrations build exactly these."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
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

APPLICATION_ID = 0x43525953
"""``PRAGMA application_id`` of a project file: "CRYS"."""

SCHEMA_VERSION = 2
"""``PRAGMA user_version`` of a project file; revision 0002 of the migrations makes version 2."""

CAMPAIGN_STATES = ("running", "paused", "finished", "cancelled", "failed")
CANDIDATE_STATUSES = ("pending", "passed", "rejected")
STRUCTURE_KINDS = ("unit", "generated", "relaxed")
"""``unit`` is the asymmetric unit, the other two are whole cells."""

metadata = MetaData()

campaigns = Table(
    "campaigns",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("created", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("request", Text, nullable=False),
    Column("provenance", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("requested", Integer, nullable=False),
    Column("seconds", Float, nullable=False),
)

candidates = Table(
    "candidates",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("campaign_id", Integer, ForeignKey("campaigns.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("formula", Text, nullable=False),
    Column("chemsys", Text, nullable=False),
    Column("space_group", Integer, nullable=False),
    Column("detected_space_group", Integer),
    Column("n_atoms", Integer, nullable=False),
    Column("n_orbits", Integer, nullable=False),
    Column("volume", Float, nullable=False),
    Column("volume_per_atom", Float, nullable=False),
    Column("density", Float, nullable=False),
    Column("stage", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("energy_per_atom", Float),
    Column("formation_energy", Float),
    Column("e_hull", Float),
    Column("nearest_known", Text),
    Column("nearest_distance", Float),
    Column("novel", Boolean),
    Column("source", Text, nullable=False),
    Column("created", Text, nullable=False),
    Column("predicted_formation_energy_per_atom", Float),
    Column("predicted_formation_energy_per_atom_std", Float),
    Column("predicted_e_above_hull", Float),
    Column("predicted_e_above_hull_std", Float),
    Column("predicted_band_gap", Float),
    Column("predicted_band_gap_std", Float),
    Column("in_domain", Boolean),
    UniqueConstraint("campaign_id", "number", name="uq_candidates_campaign_number"),
    Index("ix_candidates_formula", "formula"),
    Index("ix_candidates_space_group", "space_group"),
    Index("ix_candidates_e_hull", "e_hull"),
    Index("ix_candidates_status", "status", "campaign_id"),
)

verdicts = Table(
    "verdicts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("candidate_id", Integer, ForeignKey("candidates.id"), nullable=False),
    Column("stage", Text, nullable=False),
    Column("passed", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("values", Text, nullable=False),
    Column("seconds", Float, nullable=False),
    UniqueConstraint("candidate_id", "stage", name="uq_verdicts_candidate_stage"),
)

structures = Table(
    "structures",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("candidate_id", Integer, ForeignKey("candidates.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("data", LargeBinary, nullable=False),
    UniqueConstraint("candidate_id", "kind", name="uq_structures_candidate_kind"),
)

VALUE_COLUMNS: dict[str, type] = {
    "detected_space_group": int,
    "energy_per_atom": float,
    "formation_energy": float,
    "e_hull": float,
    "nearest_known": str,
    "nearest_distance": float,
    "novel": bool,
    "predicted_formation_energy_per_atom": float,
    "predicted_formation_energy_per_atom_std": float,
    "predicted_e_above_hull": float,
    "predicted_e_above_hull_std": float,
    "predicted_band_gap": float,
    "predicted_band_gap_std": float,
    "in_domain": bool,
}
"""Columns of ``candidates`` that a stage's values fill, with their Python type."""
