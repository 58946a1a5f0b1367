"""Rows of the project file as plain dataclasses: what goes in and what comes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from crystal_studio.candidates.quantities import Method
from crystal_studio.candidates.verdicts import PASSED

ONLY_LEARNED = ("in_domain", "probability_metal")
"""What only learned models say, of themselves or of the crystal: their own names mean the predicted value."""

PREFIX = "predicted_"
"""Before the name of a quantity: what a learned model says of it."""

BLOCKS = "blocks"
"""What a project holds whose campaign began with candidates that state their building blocks."""

Value = float | int | bool | str
"""A number, a count, a flag or a label, as the kind of the quantity says."""


@dataclass(frozen=True)
class CampaignRow:
    """One run. ``kind`` is generate, import or judge; ``state`` running, paused, finished, cancelled or failed;
    ``chunk_size`` the candidates that its generator makes at a time (None: not known, or none are made)."""

    id: int
    created: str
    name: str
    kind: str
    request: Mapping[str, Any]
    provenance: Mapping[str, Any]
    state: str
    requested: int
    chunk_size: int | None
    seconds: float


@dataclass(frozen=True)
class RoundRow:
    """One round of an improvement: a model, the campaign that it was measured by, and what came of it.

    improvement, number : which improvement of the project, and which of its rounds; round 0 measures the first model
    plan : what was asked (``campaign.improving.plan``)
    state : training, generating, checking or finished
    parent, model : names of the model that its training began with ("" in round 0), and of the one that it measures
    campaign_id, check_id : its campaign, and the judging by the second potential; None before they begin
    kept : whether later rounds go on from its model; None before that is decided
    figures : what was counted
    seconds : of work so far
    """

    id: int
    improvement: int
    number: int
    created: str
    plan: Mapping[str, Any]
    state: str
    parent: str
    model: str
    campaign_id: int | None = None
    check_id: int | None = None
    kept: bool | None = None
    figures: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass(frozen=True)
class Stored:
    """One row of ``candidates`` as it stands in the file, the checksum left out, ``parameters`` as JSON.

    Lengths in Angstrom, density in g/cm3, all of its current geometry. ``geometry`` is "generated" or the method that
    moved its atoms; ``n_atoms`` counts the conventional cell. ``stage`` is the one whose verdict ``status`` rests on
    ("" before the first): that of ``reason`` and its ``parameters`` where it did not pass, else the last that judged.
    ``space_group`` None: not known, ``asked_space_group`` None: none was asked for, ``n_orbits`` None: no asymmetric
    unit.
    """

    id: int
    campaign_id: int
    number: int
    formula: str
    chemsys: str
    asked_space_group: int | None
    space_group: int | None
    n_atoms: int
    n_orbits: int | None
    volume: float
    volume_per_atom: float
    density: float
    geometry: str
    stage: str
    status: str
    reason: str
    parameters: Any
    source: str
    created: str

    @classmethod
    def of(cls, columns: Sequence[Any]) -> Self:
        """From all columns in the order of the fields; a third of the time that naming each of them takes."""
        made = object.__new__(cls)
        made.__dict__.update(zip(cls.__dataclass_fields__, columns, strict=True))
        return made

    def changed(self, **columns: Any) -> Self:
        """The same with some columns changed."""
        made = object.__new__(type(self))
        made.__dict__.update(self.__dict__)
        made.__dict__.update(columns)
        return made

    @property
    def columns(self) -> tuple[Any, ...]:
        """All columns in the order of the schema, the checksum left out."""
        return tuple(self.__dict__.values())

    @property
    def figures(self) -> tuple[int, float, float, float, str]:
        """What follows the current geometry."""
        return self.n_atoms, self.volume, self.volume_per_atom, self.density, self.geometry


@dataclass(frozen=True)
class CandidateRow(Stored):
    """One candidate as listed: its row, ``parameters`` as a mapping, and its values.

    values, uncertainties : the headline value of each quantity that was found, and one standard deviation
    predicted : by learned models: the value and one standard deviation (None: not given), by quantity
    """

    values: Mapping[str, Value] = field(default_factory=dict)
    uncertainties: Mapping[str, float] = field(default_factory=dict)
    predicted: Mapping[str, tuple[Value, float | None]] = field(default_factory=dict)

    def value(self, name: str) -> Any | None:
        """A column, a headline value, ``predicted_...``, or the ``.uncertainty`` of one; None where there is none."""
        name, dot, part = name.partition(".")
        learned = self.predicted.get(name if name in ONLY_LEARNED else name.removeprefix("predicted_"))
        if name not in ONLY_LEARNED and not name.startswith("predicted_"):
            learned = None
        if dot:
            if part != "uncertainty":
                return None
            return learned[1] if learned else self.uncertainties.get(name)
        if learned:
            return learned[0]
        return self.values.get(name, getattr(self, name) if name in _COLUMNS else None)


_COLUMNS = frozenset(Stored.__dataclass_fields__)


@dataclass(frozen=True)
class QuantityRow:
    """One value of one quantity by one method; ``label`` instead of ``value`` where it is a text."""

    candidate_id: int
    quantity: str
    method: Method
    value: float | None
    label: str | None
    unit: str
    uncertainty: float | None
    headline: bool


@dataclass(frozen=True)
class VerdictRow:
    """What one stage said of one candidate, in the run ``campaign_id``."""

    candidate_id: int
    stage: str
    campaign_id: int
    status: str
    reason: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    notes: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether the candidate went on."""
        return self.status == PASSED

    @property
    def marked(self) -> bool:
        """Whether it went on although the stage had a reason against it."""
        return self.passed and bool(self.reason)


@dataclass(frozen=True)
class StageCounts:
    """How many candidates a stage judged, and how; ``reasons`` counts codes, the most frequent first.

    ``marked`` are those of the ``passed`` that went on although the stage had a reason against them.
    """

    stage: str
    passed: int = 0
    rejected: int = 0
    error: int = 0
    waiting: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    marked: int = 0

    @property
    def entered(self) -> int:
        """All that the stage has seen."""
        return self.passed + self.rejected + self.error + self.waiting
