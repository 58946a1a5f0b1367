"""What is shown of candidates side by side: a line for each thing known of any of them. No Qt here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from crystal_studio.app.explore.columns import STATUS
from crystal_studio.app.inspector.facts import CandidateFacts
from crystal_studio.app.inspector.value_text import value_text
from crystal_studio.app.numbers_text import MISSING, figure
from crystal_studio.app.typeset import formula_html, hm_html
from crystal_studio.candidates.quantities import Method
from crystal_studio.candidates.registry import quantities

IN_CELL = ("density",)
"""Quantities that the lines of the cell tell."""


@dataclass(frozen=True)
class Line:
    """A row of the table; ``values``: rich text, one for each candidate, none in a heading."""

    name: str
    unit: str = ""
    values: tuple[str, ...] = ()
    tip: str = ""

    @property
    def differs(self) -> bool:
        """Whether the candidates are not all alike in it."""
        return len(set(self.values)) > 1


def lines(candidates: Sequence[CandidateFacts]) -> list[Line]:
    """Headings and values in the order of the inspector: symmetry, cell, what was computed, what is predicted."""
    return [*_symmetry(candidates), *_cells(candidates), *_quantities(candidates)]


def only_different(table: Sequence[Line]) -> list[Line]:
    """The lines in which candidates differ, and the headings that have such lines."""
    kept: list[Line] = []
    for line in table:
        if not line.values:
            if kept and not kept[-1].values:
                kept.pop()
            kept.append(line)
        elif line.differs:
            kept.append(line)
    if kept and not kept[-1].values:
        kept.pop()
    return kept


def _line(
    candidates: Sequence[CandidateFacts], name: str, value: Callable[[CandidateFacts], str], unit: str = ""
) -> Line:
    return Line(name, unit, tuple(value(facts) or MISSING for facts in candidates))


def _symmetry(candidates: Sequence[CandidateFacts]) -> list[Line]:
    def group(facts: CandidateFacts) -> str:
        return f"{hm_html(facts.symbol)} ({facts.row.space_group})" if facts.row.space_group else ""

    def positions(facts: CandidateFacts) -> str:
        return ", ".join(f"{orbit.symbol} {orbit.wyckoff}" for orbit in facts.symmetry.orbits)

    return [
        Line("Crystal"),
        _line(candidates, "Formula", lambda facts: formula_html(facts.row.formula)),
        _line(candidates, "Status", lambda facts: STATUS.get(facts.row.status, facts.row.status)),
        _line(candidates, "Space group", group),
        _line(candidates, "Crystal system", lambda facts: facts.crystal_system),
        _line(candidates, "Wyckoff positions", positions),
        _line(candidates, "Campaign", lambda facts: f"{facts.campaign.name} #{facts.campaign.id}"),
    ]


def _cells(candidates: Sequence[CandidateFacts]) -> list[Line]:
    def edge(k: int, digits: int) -> Callable[[CandidateFacts], str]:
        return lambda facts: figure(facts.cell[k], digits)

    def atoms(facts: CandidateFacts) -> int:
        return int(facts.structure.n_atoms[0])

    found = [Line("Cell"), _line(candidates, "Kind", lambda facts: facts.cell_kind)]
    found.append(_line(candidates, "Relaxed by", lambda facts: facts.geometry))
    found += [_line(candidates, f"<i>{name}</i>", edge(k, 4), "Å") for k, name in enumerate("abc")]
    found += [_line(candidates, name, edge(k, 2), "°") for k, name in enumerate("αβγ", 3)]
    return [
        *found,
        _line(
            candidates,
            "Volume per atom",
            lambda facts: figure(float(facts.structure.volume[0]) / max(atoms(facts), 1), 2),
            "Å³",
        ),
        _line(candidates, "Density", lambda facts: figure(facts.row.density, 3), "g/cm³"),
        _line(candidates, "Atoms", lambda facts: str(atoms(facts))),
        _line(candidates, "Orbits", lambda facts: str(facts.row.n_orbits or "")),
    ]


def _quantities(candidates: Sequence[CandidateFacts]) -> list[Line]:
    """A line for each quantity by each method; the method that most candidates' headlines come from goes first."""
    headlines = Counter((q.quantity, q.method) for facts in candidates for q in facts.quantities if q.headline)
    computed: list[Line] = [Line("Computed")]
    predicted: list[Line] = [Line("Predicted before relaxation")]
    for name, quantity in quantities().items():
        if name in IN_CELL:
            continue
        methods = dict.fromkeys(q.method for facts in candidates for q in facts.quantities if q.quantity == name)
        ordered = sorted(methods, key=lambda method: -headlines[name, method])
        several = sum(method.kind != "learned" for method in ordered) > 1
        for method in ordered:
            by = method.title or method.name
            learned = method.kind == "learned"
            title = f"{quantity.title}, {by.split(' (')[0]}" if several and not learned else quantity.title
            values = tuple(_value(facts, name, method) for facts in candidates)
            line = Line(title, quantity.unit, values, f"{quantity.description}. By {by}".lstrip(". "))
            (predicted if learned else computed).append(line)
    return [line for part in (computed, predicted) if len(part) > 1 for line in part]


def _value(facts: CandidateFacts, name: str, method: Method) -> str:
    found = next((q for q in facts.quantities if q.quantity == name and q.method == method), None)
    return MISSING if found is None else value_text(found, facts.quantities)
