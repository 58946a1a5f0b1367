"""The columns of the candidate table: what every candidate has, and one for each quantity of the registry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from crystal_studio.app.numbers_text import MISSING, count, figure, plus_minus
from crystal_studio.app.typeset import formula_html, formula_text, hm_html, hm_text
from crystal_studio.candidates.pareto import DEEPEST
from crystal_studio.candidates.quantities import AT_MOST, COUNT, FLAG, LABEL, Quantity
from crystal_studio.candidates.registry import quantities
from crystal_studio.project.rows import CandidateRow

STATUS = {
    "passed": "passed",
    "rejected": "rejected",
    "pending": "in the funnel",
    "unjudged": "not judged",
    "error": "could not be judged",
    "waiting": "waiting",
}
"""What people read for a status."""

RANK = "pareto_rank"
"""The key of the column of ranks: by what candidates are compared in now, no property of theirs."""

STOPPED = "At most: the relaxation was left, far above the hull"

Text = Callable[[CandidateRow], str]


@dataclass(frozen=True)
class Column:
    """``key`` is the name in filters and in ``CandidateRow.value``; ``text`` writes a row's value, ``note`` what has
    to be said of it (may be empty), ``heading`` is the title as rich text, ``in_words`` the title in full where that is
    a symbol."""

    key: str
    title: str
    tip: str
    width: int
    text: Text
    html: Text | None = None
    number: bool = False
    shown: bool = True
    heading: str = ""
    note: Text = lambda row: ""
    in_words: str = ""


def reason(row: CandidateRow) -> str:
    """Why a candidate has not passed, in a sentence; empty where it has."""
    from crystal_studio.funnel.reasons import sentence

    return sentence(row.stage, row.reason, row.parameters)


def quantity_column(quantity: Quantity) -> Column:
    """The headline value of a quantity."""
    tip = f"{quantity.description or quantity.title}{f', {quantity.unit}' if quantity.unit else ''}"
    number = quantity.kind not in (LABEL, FLAG)
    width = 120 if quantity.kind == LABEL else 68 if quantity.kind in (COUNT, FLAG) else 84
    return Column(
        quantity.name,
        quantity.heading,
        tip,
        width,
        lambda row: written(quantity, row.value(quantity.name), row.values),
        number=number,
        shown=quantity.shown,
        heading=quantity.symbol,
        note=lambda row: bound_note(quantity, row.values),
        in_words=quantity.title,
    )


def bound_note(quantity: Quantity, beside: Mapping[str, Any] | None) -> str:
    """Why a value is an upper bound; empty where it is none. ``beside`` as in ``Quantity.text``."""
    if not quantity.is_bound(beside):
        return ""
    return STOPPED if quantity.bounded_by == "stopped" else f"At most: {quantities()[quantity.bounded_by].title}"


def written(quantity: Quantity, value: Any, beside: Mapping[str, Any] | None = None) -> str:
    """A value as tables show it: without the unit, a dash where there is none; ``beside`` as in ``Quantity.text``."""
    if value is None or value == "":
        return MISSING
    if quantity.kind in (LABEL, FLAG):
        return quantity.text(value)
    shown = count(value) if quantity.kind == COUNT else figure(float(value), quantity.digits)
    return f"{AT_MOST}{shown}" if quantity.is_bound(beside) else shown


def predicted_column(quantity: Quantity) -> Column:
    """What a learned model predicts of it, with one standard deviation; a question mark outside its training data."""

    def text(row: CandidateRow) -> str:
        value, uncertainty = row.predicted.get(quantity.name, (None, None))
        shown = written(quantity, value)
        if value is not None and uncertainty is not None:
            shown = plus_minus(float(value), uncertainty, min(quantity.digits, 2))
        return shown + (" ?" if value is not None and row.value("in_domain") is False else "")

    tip = f"{quantity.title} predicted before relaxation{f', {quantity.unit}' if quantity.unit else ''}"
    return Column(
        f"predicted_{quantity.name}",
        f"{quantity.heading} pred.",
        f"{tip}, ± one standard deviation; ? outside the training data",
        112,
        text,
        number=True,
        shown=quantity.shown,
        heading=f"{quantity.symbol} pred." if quantity.symbol else "",
        in_words=f"{quantity.title}, predicted",
    )


def columns(symbols: tuple[str, ...]) -> tuple[Column, ...]:
    """Every column; ``symbols`` are the Hermann-Mauguin symbols by number - 1 (may be empty)."""
    special = {
        "formula": Column(
            "formula",
            "Formula",
            "Reduced formula",
            120,
            lambda row: formula_text(row.formula),
            lambda row: formula_html(row.formula),
        ),
        "space_group": _group("space_group", "Space group", "Space group that it has (0.1 Å)", symbols),
        "asked_space_group": _group("asked_space_group", "Asked group", "Space group asked for", symbols, shown=False),
        "novel": Column("novel", "Novel", "Whether it is missing among the known structures", 76, _novel),
    }
    for name, width in (("nodes", 80), ("linkers", 124)):
        special[name] = _formulas(quantities()[name], width)
    found = [Column("id", "ID", "Number of the candidate in this project", 68, lambda row: count(row.id), number=True)]
    tip = "1: on the Pareto front, no listed candidate is as good in all that is compared and better in one"
    found.append(Column(RANK, "Rank", tip, 60, lambda row: MISSING, number=True, shown=False, in_words="Pareto rank"))
    for quantity in quantities().values():
        found.append(special.get(quantity.name) or quantity_column(quantity))
        if quantity.learned:
            found.append(predicted_column(quantity))
    return (
        *found,
        Column("status", "Status", "Whether it passed the funnel", 110, lambda row: STATUS.get(row.status, row.status)),
        Column("stage", "Stage", "Stage that its status rests on", 140, _stage),
        Column("reason", "Reason", "Why it did not pass", 320, lambda row: reason(row) or MISSING),
        _word("geometry", "Geometry", "As generated, or the method that moved its atoms", 100, shown=False),
        Column(
            "campaign_id",
            "Campaign",
            "Number of the campaign",
            68,
            lambda row: count(row.campaign_id),
            None,
            True,
            False,
        ),
        _word("source", "Source", "Where it came from", 110, shown=False),
        _word("created", "Created", "When it was stored (UTC)", 150, shown=False),
    )


def _word(key: str, title: str, tip: str, width: int, shown: bool = True) -> Column:
    return Column(key, title, tip, width, lambda row: str(row.value(key) or MISSING), shown=shown)


def _formulas(quantity: Quantity, width: int) -> Column:
    """A column of formulas with words between them."""
    return replace(
        quantity_column(quantity),
        width=width,
        text=lambda row: formula_text(str(row.value(quantity.name) or MISSING)),
        html=lambda row: formula_html(str(row.value(quantity.name) or MISSING)),
    )


def _group(key: str, title: str, tip: str, symbols: tuple[str, ...], shown: bool = True) -> Column:
    """A column of space groups: symbol and number."""

    def text(row: CandidateRow, typeset: Callable[[str], str]) -> str:
        number = row.value(key)
        if not number:
            return MISSING
        return f"{typeset(symbols[number - 1])} ({number})" if symbols else str(number)

    return Column(key, title, tip, 130, lambda row: text(row, hm_text), lambda row: text(row, hm_html), shown=shown)


def _stage(row: CandidateRow) -> str:
    from crystal_studio.funnel.reasons import stage_title

    return stage_title(row.stage) if row.stage else MISSING


def _novel(row: CandidateRow) -> str:
    novel = row.value("novel")
    return MISSING if novel is None else "new" if novel else "known"


def rank_text(rank: int) -> str:
    """A Pareto rank as it is shown: "1", "over 5", a dash for none."""
    return MISSING if not rank else str(rank) if rank <= DEEPEST else f"over {DEEPEST}"
