"""Rows of the project file as plain dataclasses: what goes in and what comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class CampaignRow:
    """One run; ``state`` is running, paused, finished, cancelled or failed."""

    id: int
    created: str
    name: str
    request: Mapping[str, Any]
    provenance: Mapping[str, Any]
    state: str
    requested: int
    seconds: float


@dataclass(frozen=True)
class CandidateRow:
    """One candidate as listed; energies in eV/atom, lengths in Angstrom, density in g/cm3.

    ``stage`` is the last stage that gave a verdict ("" before the first one),
    ``status`` pending, passed or rejected. ``n_atoms`` counts the conventional cell.
    Fields that no stage has found yet are None. ``predicted_*`` are those of the learned model (eV/atom, eV)
    with one standard deviation, ``in_domain`` whether its training data say something about such a crystal.
    """

    id: int
    campaign_id: int
    number: int
    formula: str
    chemsys: str
    space_group: int
    detected_space_group: int | None
    n_atoms: int
    n_orbits: int
    volume: float
    volume_per_atom: float
    density: float
    stage: str
    status: str
    reason: str
    energy_per_atom: float | None
    formation_energy: float | None
    e_hull: float | None
    nearest_known: str | None
    nearest_distance: float | None
    novel: bool | None
    source: str
    created: str
    predicted_formation_energy_per_atom: float | None = None
    predicted_formation_energy_per_atom_std: float | None = None
    predicted_e_above_hull: float | None = None
    predicted_e_above_hull_std: float | None = None
    predicted_band_gap: float | None = None
    predicted_band_gap_std: float | None = None
    in_domain: bool | None = None


@dataclass(frozen=True)
class VerdictRow:
    """What one stage said of one candidate."""

    candidate_id: int
    stage: str
    passed: bool
    reason: str
    values: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
