"""What a stage says of a batch: a status each, reasons as codes with parameters, findings, and moved geometries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.candidates.quantities import Method
from crystal_studio.crystal.batches import Structures

PASSED, REJECTED, ERROR, WAITING = "passed", "rejected", "error", "waiting"
STATUSES = (PASSED, REJECTED, ERROR, WAITING)
"""``error``: the stage could not judge, to be tried again; ``waiting``: submitted elsewhere, answered later."""


@dataclass(frozen=True)
class ReasonKind:
    """One reason for which a stage may reject, declared by the stage.

    code : its key within the stage, such as ``overlap``
    title : what is counted and shown in lists, such as "Atoms overlap"
    sentence : a format string over the parameters, such as "{first} and {second} are {distance:.2f} Å apart."
    """

    code: str
    title: str
    sentence: str

    def text(self, parameters: Mapping[str, Any]) -> str:
        """The sentence with its parameters; the title where one is missing (an older or newer program wrote it)."""
        try:
            return self.sentence.format(**parameters)
        except (KeyError, ValueError, IndexError, TypeError):
            return f"{self.title}."


@dataclass(frozen=True)
class Reason:
    """Why one candidate has not passed: a code of its stage and plain parameters (str, int, float)."""

    code: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    """One quantity found by one method for a batch.

    values : (B,) float64 (NaN: none) for numbers, counts and flags, object (None: none) for labels
    uncertainty : (B,) float64, one standard deviation in the quantity's unit, or None
    """

    quantity: str
    method: Method
    values: NDArray
    uncertainty: NDArray[np.float64] | None = None


@dataclass(frozen=True)
class Geometry:
    """New positions and cells: B structures, of which only those marked in ``moved`` (B,) hold."""

    method: Method
    structures: Structures
    moved: NDArray[np.bool_]


@dataclass(frozen=True)
class Verdicts:
    """One stage's answer to one batch.

    status : B of ``STATUSES``
    reasons : B, None where passed; for an error the code "error" with the parameter ``text``. Of a stage that only
        marks also where passed: the reason for which it would have rejected
    findings : quantities found
    notes : further columns (B,) that are kept with the verdict but are no quantity (float64 or object)
    geometry : where the stage moves atoms
    """

    status: tuple[str, ...]
    reasons: tuple[Reason | None, ...]
    findings: tuple[Finding, ...] = ()
    notes: Mapping[str, NDArray] = field(default_factory=dict)
    geometry: Geometry | None = None

    def __len__(self) -> int:
        return len(self.status)

    @property
    def passed(self) -> NDArray[np.bool_]:
        """(B,) which candidates go on to the next stage."""
        return np.array([s == PASSED for s in self.status], bool)

    def take(self, index: NDArray[np.int64]) -> Verdicts:
        """Those named by an index array, in that order."""
        moved = self.geometry
        return Verdicts(
            tuple(self.status[i] for i in index),
            tuple(self.reasons[i] for i in index),
            tuple(
                replace(f, values=f.values[index], uncertainty=None if f.uncertainty is None else f.uncertainty[index])
                for f in self.findings
            ),
            {name: column[index] for name, column in self.notes.items()},
            None
            if moved is None
            else replace(moved, structures=moved.structures.take(index), moved=moved.moved[index]),
        )

    def marked(self) -> Verdicts:
        """The same where nothing is rejected: those candidates go on, and keep the reason as a mark."""
        return replace(self, status=tuple(PASSED if s == REJECTED else s for s in self.status))


def rejecting(
    reasons: Sequence[Reason | None],
    findings: Sequence[Finding] = (),
    notes: Mapping[str, NDArray] | None = None,
    geometry: Geometry | None = None,
) -> Verdicts:
    """Verdicts that reject exactly the candidates with a reason."""
    status = tuple(PASSED if r is None else REJECTED for r in reasons)
    return Verdicts(status, tuple(reasons), tuple(findings), notes or {}, geometry)


def marking(size: int, findings: Sequence[Finding] = (), notes: Mapping[str, NDArray] | None = None) -> Verdicts:
    """Verdicts without any reason."""
    return rejecting([None] * size, findings, notes)


def failing(size: int, text: str) -> Verdicts:
    """Verdicts of a stage that could not judge: to be tried again, and no word against the candidates."""
    return Verdicts((ERROR,) * size, (Reason("error", {"text": text}),) * size)
