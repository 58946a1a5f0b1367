"""The first tab of the inspector: what a candidate is."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QWidget

from crystal_studio.app import theme
from crystal_studio.app.explore.columns import STATUS, bound_note, rank_text, reason
from crystal_studio.app.icons import icon
from crystal_studio.app.inspector.facts import CandidateFacts
from crystal_studio.app.inspector.parts import FactGrid, scrolled, selectable
from crystal_studio.app.inspector.predictions import predictions
from crystal_studio.app.inspector.tab import STATUS_MARKS, Tab
from crystal_studio.app.inspector.value_text import value_text
from crystal_studio.app.numbers_text import MISSING, figure
from crystal_studio.app.typeset import formula_html, hm_html
from crystal_studio.app.widgets import label
from crystal_studio.candidates.objectives import Ranking
from crystal_studio.candidates.registry import quantities
from crystal_studio.funnel.reasons import stage_title
from crystal_studio.funnel.weaknesses import explained

HULL_NOTE = (
    "The hull is built from Materials Project phases of 2018 to 2021: "
    "a phase found since then can only raise this energy."
)

ENERGIES = ("energy_per_atom", "formation_energy", "e_hull")
ELSEWHERE = ("weaknesses", "novel", "nearest_known", "nearest_distance", "in_domain", "probability_metal")
"""Quantities with a place of their own in the overview."""


class OverviewTab(Tab):
    """What it is, how large, how stable, how new."""

    def __init__(self) -> None:
        super().__init__()
        self.grid = FactGrid()
        self.ranking = Ranking()

    def fill(self, facts: CandidateFacts) -> None:
        """Show one candidate."""
        row, grid = facts.row, FactGrid()
        heading = selectable(formula_html(row.formula), "title")
        heading.setAccessibleName(f"Formula {row.formula}")
        grid.wide(heading)
        grid.wide(selectable(self._symmetry_line(facts)))
        grid.wide(self._status(facts))
        if self.ranking.objectives:
            wished = "\n".join(objective.in_words for objective in self.ranking.objectives)
            tip = f"1: on the Pareto front of what is listed, compared in\n{wished}"
            grid.number("Pareto rank", rank_text(self.ranking.rank(row.id)), "", tip)
        self._cell(grid, facts)
        known = {q.quantity for q in facts.quantities}
        if facts.framework is None or known & set(ENERGIES):  # nobody asks frameworks for their energy
            grid.group("Energy")
            self._computed(grid, facts, ENERGIES)
            self._weak_points(grid, facts)
        if row.value("e_hull") is not None:
            grid.note(HULL_NOTE)
        others = known - set(ENERGIES) - set(ELSEWHERE)
        if others:
            grid.group("Further quantities")
            self._computed(grid, facts, tuple(name for name in quantities() if name in others))
        if any(q.method.kind == "learned" for q in facts.quantities):
            predictions(grid, facts)
        self._novelty(grid, facts)
        grid.finish()
        self.grid = grid
        self._replace(scrolled(grid))

    @staticmethod
    def _novelty(grid: FactGrid, facts: CandidateFacts) -> None:
        row = facts.row
        grid.group("Novelty")
        novel, nearest = row.value("novel"), row.value("nearest_known")
        words = MISSING if novel is None else "new: no known structure matches" if novel else "known structure"
        grid.text("Against known structures", words)
        grid.text("Nearest known", formula_html(nearest) if nearest else MISSING)
        if facts.framework is None:
            tip = "Between structure fingerprints"
            grid.number("Distance to it", figure(row.value("nearest_distance"), 3), "", tip)

    def as_text(self) -> str:
        """What is shown, separated by tabs."""
        return self.grid.as_text()

    @staticmethod
    def _symmetry_line(facts: CandidateFacts) -> str:
        row = facts.row
        has = f"{hm_html(facts.symbol)} ({row.space_group})" if row.space_group else "Space group not known"
        if row.asked_space_group and row.asked_space_group != row.space_group:
            return f"{hm_html(facts.asked_symbol)} ({row.asked_space_group}) was asked for, {has} was found"
        return f"{has}, {facts.crystal_system}" if facts.crystal_system else has

    @staticmethod
    def _computed(grid: FactGrid, facts: CandidateFacts, names: Sequence[str]) -> None:
        """A row for each method that gave a value, the headline first; a dash where none did."""
        bounds: dict[str, None] = {}
        for name in names:
            quantity = quantities()[name]
            tip = HULL_NOTE if name == "e_hull" else quantity.description
            rows = [q for q in facts.quantities if q.quantity == name and q.method.kind != "learned"]
            if not rows:
                if name in ENERGIES:
                    grid.number(quantity.title, MISSING, quantity.unit, tip)
                continue
            for found in sorted(rows, key=lambda q: not q.headline):
                by = found.method.title or found.method.name
                heading = quantity.title if found.headline else f"{quantity.title}, {by}"
                beside = {q.quantity: q.value for q in facts.quantities if q.method == found.method}
                grid.number(heading, value_text(found, facts.quantities), quantity.unit, f"{tip}. By {by}")
                bounds[bound_note(quantity, beside)] = None
        for note in filter(None, bounds):
            grid.note(f"{note}.")

    @staticmethod
    def _weak_points(grid: FactGrid, facts: CandidateFacts) -> None:
        """Why an energy above hull is less sure than others; nothing where there is no reason."""
        rows = [q for q in facts.quantities if q.quantity == "weaknesses" and q.label]
        leading = [q.method for q in facts.quantities if q.quantity == "e_hull" and q.headline]
        title = quantities()["weaknesses"].title
        for found in sorted(rows, key=lambda q: q.method not in leading):
            by = found.method.title or found.method.name
            heading = title if found.method in leading else f"{title}, {by}"
            for part, weakness in explained(found.label or "").items():
                tip = f"The energy above hull by {by} is less sure than others. {weakness.why}\n\n{weakness.todo}"
                grid.text(heading, part, tip)
                heading = ""

    @staticmethod
    def _status(facts: CandidateFacts) -> QWidget:
        row, tokens = facts.row, theme.tokens()
        line = QWidget()
        layout = QHBoxLayout(line)
        layout.setContentsMargins(0, 2, 0, 2)
        mark = label()
        name, colour = STATUS_MARKS[row.status](tokens)
        mark.setPixmap(icon(name, colour).pixmap(16, 16))
        at = f", {stage_title(row.stage)}" if row.status in ("rejected", "error", "waiting") and row.stage else ""
        words = f"{STATUS.get(row.status, row.status).capitalize()}{at}"
        text = selectable(f"{words}: {reason(row)}" if row.reason else words, wrap=True)
        layout.addWidget(mark, 0, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(text, 1)
        return line

    @staticmethod
    def _cell(grid: FactGrid, facts: CandidateFacts) -> None:
        row = facts.row
        volume = float(facts.structure.volume[0])
        atoms = int(facts.structure.n_atoms[0])
        moved = bool(facts.geometry)
        began = "as imported" if facts.campaign.kind == "import" else "as generated"
        grid.group(f"{facts.cell_kind}, {f'relaxed by {facts.geometry}' if moved else began}")

        def at_first(value: str) -> str:
            return f"{began.capitalize()} {value}" if moved else ""

        before = facts.generated_cell or facts.cell
        for name, value, first in zip("abc", facts.cell[:3], before[:3], strict=True):
            grid.number(f"<i>{name}</i>", figure(value, 4), "Å", at_first(f"{figure(first, 4)} Å"))
        for name, value, first in zip("αβγ", facts.cell[3:], before[3:], strict=True):
            grid.number(name, figure(value, 2), "°", at_first(f"{figure(first, 2)}°"))
        first = facts.generated_volume
        grid.number("Volume", figure(volume, 2), "Å³", at_first(f"{figure(first, 2)} Å³"))
        grid.number("Volume per atom", figure(volume / max(atoms, 1), 2), "Å³")
        dense = at_first(f"{figure(row.density * row.volume / first, 3)} g/cm³") if first else ""
        grid.number("Density", figure(row.density, 3), "g/cm³", dense)
        grid.number("Atoms", str(atoms))
        grid.number("Orbits", str(row.n_orbits) if row.n_orbits else MISSING)
