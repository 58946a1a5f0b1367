"""The columns of the candidate table: title, unit, meaning and how a value is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from crystal_studio.app.numbers_text import MISSING, count, figure
from crystal_studio.app.typeset import formula_html, formula_text, hm_html, hm_text
from crystal_studio.project.rows import CandidateRow

STATUS = {"passed": "passed", "rejected": "rejected", "pending": "in the funnel"}


@dataclass(frozen=True)
class Column:
    """``key`` is the field of ``CandidateRow`` and the name in filters; ``text`` writes a row's value."""

    key: str
    title: str
    tip: str
    width: int
    text: Callable[[CandidateRow], str]
    html: Callable[[CandidateRow], str] | None = None
    number: bool = False
    shown: bool = True


def _of(key: str, digits: int) -> Callable[[CandidateRow], str]:
    return lambda row: figure(getattr(row, key), digits)


def _plain(key: str) -> Callable[[CandidateRow], str]:
    def text(row: CandidateRow) -> str:
        value: Any = getattr(row, key)
        return MISSING if value in (None, "") else str(value)

    return text


def columns(symbols: tuple[str, ...]) -> tuple[Column, ...]:
    """Every column; ``symbols`` are the Hermann-Mauguin symbols by number - 1 (may be empty)."""

    def group_html(number: int | None) -> str:
        if not number:
            return MISSING
        return f"{hm_html(symbols[number - 1])} ({number})" if symbols else str(number)

    def group_text(number: int | None) -> str:
        if not number:
            return MISSING
        return f"{hm_text(symbols[number - 1])} ({number})" if symbols else str(number)

    return (
        Column("id", "ID", "Number of the candidate in this project", 60, lambda r: count(r.id), number=True),
        Column("formula", "Formula", "Reduced formula", 120, lambda r: formula_text(r.formula), lambda r: formula_html(r.formula)),
        Column("space_group", "Space group", "Space group it was made in", 130, lambda r: group_text(r.space_group), lambda r: group_html(r.space_group)),
        Column("n_atoms", "Atoms", "Atoms in the conventional cell", 66, lambda r: count(r.n_atoms), number=True),
        Column("e_hull", "E hull", "Energy above the reference hull, eV/atom", 84, _of("e_hull", 3), number=True),
        Column("formation_energy", "E form", "Formation energy, eV/atom", 84, _of("formation_energy", 3), number=True),
        Column("density", "Density", "Density, g/cm³", 82, _of("density", 2), number=True),
        Column("volume_per_atom", "V/atom", "Volume per atom, Å³", 78, _of("volume_per_atom", 1), number=True),
        Column("novel", "Novel", "Not among the known structures of the reference set", 70, lambda r: MISSING if r.novel is None else "new" if r.novel else "known"),
        Column("nearest_known", "Nearest known", "Most similar structure of the reference set", 120, _plain("nearest_known")),
        Column("status", "Status", "Whether it passed the funnel", 100, lambda r: STATUS.get(r.status, r.status)),
        Column("stage", "Stage", "Last stage of the funnel that judged it", 100, _plain("stage")),
        Column("reason", "Reason", "Why it was rejected", 300, _plain("reason")),
        Column("chemsys", "System", "Chemical system", 110, _plain("chemsys"), shown=False),
        Column("detected_space_group", "Detected group", "Space group found again with a tolerance of 0.1 Å", 130, lambda r: group_text(r.detected_space_group), lambda r: group_html(r.detected_space_group), shown=False),
        Column("n_orbits", "Orbits", "Wyckoff orbits in the asymmetric unit", 70, lambda r: count(r.n_orbits), number=True, shown=False),
        Column("volume", "Volume", "Volume of the conventional cell, Å³", 84, _of("volume", 1), number=True, shown=False),
        Column("energy_per_atom", "Energy", "Energy of the relaxed structure, eV/atom", 84, _of("energy_per_atom", 3), number=True, shown=False),
        Column("nearest_distance", "Distance", "Distance to the nearest known structure (fingerprint)", 84, _of("nearest_distance", 3), number=True, shown=False),
        Column("campaign_id", "Campaign", "Number of the campaign", 84, lambda r: count(r.campaign_id), number=True, shown=False),
        Column("source", "Source", "Where it came from", 110, _plain("source"), shown=False),
        Column("created", "Created", "When it was stored (UTC)", 150, _plain("created"), shown=False),
    )  # fmt: skip
