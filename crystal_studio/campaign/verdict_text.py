"""What a stage found of a candidate, as people read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crystal_studio.candidates.registry import quantities
from crystal_studio.funnel import reasons
from crystal_studio.funnel.stage_registry import STAGES
from crystal_studio.project.rows import ONLY_LEARNED, QuantityRow, VerdictRow

NAMED_NOTES = {"decomposition": "Competing phases"}
"""What has to be said before notes that are no sentences."""


CODES = ("failed_checks",)
"""Notes that list codes of reasons, with commas between them."""


def found_by(verdict: VerdictRow, known: Sequence[QuantityRow]) -> list[QuantityRow]:
    """Those values of a candidate that are of the verdict's stage: learned ones only where it asks a learned model.

    What was measured on the candidate as it came and again on what a potential made of it (its distances) is told by
    the stage of either.
    """
    stage = STAGES.get(verdict.stage) if verdict.stage in STAGES else None
    if stage is None:
        return []
    learns = any(name in stage.gives for name in ONLY_LEARNED)
    found = [q for q in known if q.quantity in stage.gives and (q.method.kind == "learned") == learns]
    twice = {q.quantity for q in found if _measured(q)} & {q.quantity for q in found if not _measured(q)}
    return [q for q in found if q.quantity not in twice or _measured(q) != stage.costly]


def _measured(quantity: QuantityRow) -> bool:
    return quantity.method.kind == "geometry"


def lines(verdict: VerdictRow, known: Sequence[QuantityRow]) -> list[str]:
    """One text a value, such as "Energy above hull 0.031 ± 0.012 eV/atom", then the sentences that the stage left."""
    found = found_by(verdict, known)
    return [_line(q, found, beside(q, known)) for q in found] + _notes(verdict)


def status(verdict: VerdictRow) -> str:
    """The status in a word: a candidate that passed although the stage had a reason against it is marked."""
    return "marked" if verdict.marked else verdict.status


def value(quantity: QuantityRow) -> Any:
    """The number, or the label."""
    return quantity.value if quantity.label is None else quantity.label


def beside(quantity: QuantityRow, known: Sequence[QuantityRow]) -> dict[str, Any]:
    """All that the same method says of the candidate."""
    return {q.quantity: value(q) for q in known if q.method == quantity.method}


def _line(quantity: QuantityRow, found: Sequence[QuantityRow], by_method: Mapping[str, Any]) -> str:
    known = quantities().get(quantity.quantity)
    title = known.title if known else quantity.quantity.replace("_", " ").capitalize()
    shown = known.text(value(quantity), not quantity.uncertainty, by_method) if known else str(value(quantity))
    if quantity.uncertainty and known:
        shown = f"{shown} ± {format(quantity.uncertainty, known.format)} {known.unit}".rstrip()
    several = sum(q.quantity == quantity.quantity for q in found) > 1
    who = f" ({quantity.method.title or quantity.method.name})" if several else ""
    return f"{title} {shown}{who}"


def _notes(verdict: VerdictRow) -> list[str]:
    """Sentences that a stage left beside its verdict; its marks and figures are for programs."""
    told = {name: _in_words(verdict.stage, v) if name in CODES else v for name, v in verdict.notes.items()}
    told = {name: v for name, v in told.items() if isinstance(v, str) and v and name != "traceback"}
    return [f"{NAMED_NOTES[name]} {v}" if name in NAMED_NOTES else v for name, v in told.items()]


def _in_words(stage: str, codes: Any) -> str:
    titles = [reasons.title(stage, code.strip()) for code in str(codes or "").split(",") if code.strip()]
    return f"Failed checks: {', '.join(titles)}" if titles else ""
