"""The columns of the candidate table: title, unit, meaning and how a value is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from crystal_studio.app.numbers_text import MISSING, count, figure, plus_minus
from crystal_studio.app.typeset import formula_html, formula_text, hm_html, hm_text
from crystal_studio.project.rows import CandidateRow

STATUS = {"passed": "passed", "rejected": "rejected", "pending": "in the funnel"}
Text = Callable[[CandidateRow], str]


@dataclass(frozen=True)
class Column:
    """``key`` is the field of ``CandidateRow`` and the name in filters; ``text`` writes a row's value."""

    key: str
    title: str
    tip: str
    width: int
    text: Text
    html: Text | None = None
    number: bool = False
    shown: bool = True


def _value(key: str, title: str, tip: str, digits: int, shown: bool = True) -> Column:
    """A column of fractions."""

    def text(row: CandidateRow) -> str:
        return figure(getattr(row, key), digits)

    return Column(key, title, tip, 84, text, number=True, shown=shown)


def _whole(key: str, title: str, tip: str, shown: bool = True) -> Column:
    """A column of whole numbers."""
    return Column(key, title, tip, 68, lambda row: count(getattr(row, key)), number=True, shown=shown)


def _word(key: str, title: str, tip: str, width: int, shown: bool = True) -> Column:
    """A column of words."""

    def text(row: CandidateRow) -> str:
        value: Any = getattr(row, key)
        return MISSING if value in (None, "") else str(value)

    return Column(key, title, tip, width, text, shown=shown)


def _group(key: str, title: str, tip: str, symbols: tuple[str, ...], shown: bool = True) -> Column:
    """A column of space groups: symbol and number."""

    def written(row: CandidateRow, typeset: Callable[[str], str]) -> str:
        number = getattr(row, key)
        if not number:
            return MISSING
        return f"{typeset(symbols[number - 1])} ({number})" if symbols else str(number)

    return Column(
        key, title, tip, 130, lambda row: written(row, hm_text), lambda row: written(row, hm_html), shown=shown
    )


def _predicted(key: str, title: str, what: str, unit: str, digits: int) -> Column:
    """A column of predictions with one standard deviation; a question mark outside the training data."""

    def text(row: CandidateRow) -> str:
        return plus_minus(getattr(row, key), getattr(row, f"{key}_std"), digits) + (
            " ?" if row.in_domain is False else ""
        )

    tip = f"{what} predicted before relaxation, {unit}, ± one standard deviation; ? outside the training data"
    return Column(key, title, tip, 112, text, number=True)


def _novel(row: CandidateRow) -> str:
    if row.novel is None:
        return MISSING
    return "new" if row.novel else "known"


def columns(symbols: tuple[str, ...]) -> tuple[Column, ...]:
    """Every column; ``symbols`` are the Hermann-Mauguin symbols by number - 1 (may be empty)."""
    return (
        _whole("id", "ID", "Number of the candidate in this project"),
        Column(
            "formula",
            "Formula",
            "Reduced formula",
            120,
            lambda row: formula_text(row.formula),
            lambda row: formula_html(row.formula),
        ),
        _group("space_group", "Space group", "Space group it was made in", symbols),
        _whole("n_atoms", "Atoms", "Atoms in the conventional cell"),
        _value("e_hull", "E hull", "Energy above the reference hull, eV/atom", 3),
        _value("formation_energy", "E form", "Formation energy, eV/atom", 3),
        _predicted("predicted_e_above_hull", "E hull pred.", "Energy above hull", "eV/atom", 2),
        _predicted("predicted_formation_energy_per_atom", "E form pred.", "Formation energy", "eV/atom", 2),
        _predicted("predicted_band_gap", "Gap pred.", "PBE band gap", "eV", 1),
        _value("density", "Density", "Density as generated, g/cm³", 2),
        _value("volume_per_atom", "V/atom", "Volume per atom as generated, Å³", 1),
        Column("novel", "Novel", "Whether it is missing among the known structures", 76, _novel),
        _word("nearest_known", "Nearest known", "Most similar structure of the reference set", 120),
        Column("status", "Status", "Whether it passed the funnel", 100, lambda row: STATUS.get(row.status, row.status)),
        _word("stage", "Stage", "Last stage of the funnel that judged it", 100),
        _word("reason", "Reason", "Why it was rejected", 320),
        _word("chemsys", "System", "Chemical system", 110, shown=False),
        _group(
            "detected_space_group", "Detected group", "Space group found again, 0.1 Å tolerance", symbols, shown=False
        ),
        _whole("n_orbits", "Orbits", "Wyckoff orbits in the asymmetric unit", shown=False),
        _value("volume", "Volume", "Volume of the conventional cell as generated, Å³", 1, shown=False),
        _value("energy_per_atom", "Energy", "Energy of the relaxed structure, eV/atom", 3, shown=False),
        _value("nearest_distance", "Distance", "Fingerprint distance to the nearest known structure", 3, shown=False),
        _whole("campaign_id", "Campaign", "Number of the campaign", shown=False),
        _word("source", "Source", "Where it came from", 110, shown=False),
        _word("created", "Created", "When it was stored (UTC)", 150, shown=False),
    )
