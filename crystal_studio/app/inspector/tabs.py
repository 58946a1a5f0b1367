"""The four tabs of the inspector; each is filled from ``CandidateFacts`` and can be copied as text."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QHeaderView, QVBoxLayout, QWidget

from crystal_studio.app import theme
from crystal_studio.app.explore.columns import STATUS, reason, written
from crystal_studio.app.icons import icon
from crystal_studio.app.inspector.facts import TOLERANCES, CandidateFacts, SymmetryFacts, as_lines
from crystal_studio.app.inspector.parts import CopyTable, FactGrid, scrolled, selectable
from crystal_studio.app.inspector.predictions import predictions
from crystal_studio.app.numbers_text import MISSING, figure, plus_minus
from crystal_studio.app.typeset import formula_html, hm_html, hm_text
from crystal_studio.app.widgets import PAD, label
from crystal_studio.campaign import verdict_text
from crystal_studio.candidates.registry import quantities
from crystal_studio.funnel.reasons import sentence, stage_title

HULL_NOTE = (
    "A lower bound: the hull is built from Materials Project phases of 2018 to 2021. "
    "A phase found since then can only raise this energy."
)

_MINUS = re.compile(r"(?<=[ \u00b1])-(?=\d)")
"""A hyphen that is the sign of a number, not part of a name such as mp-1234."""

ENERGIES = ("energy_per_atom", "formation_energy", "e_hull")
ELSEWHERE = ("novel", "nearest_known", "nearest_distance", "in_domain", "probability_metal")
"""Quantities with a place of their own in the overview."""


class _Tab(QWidget):
    """A page that is built anew for every candidate."""

    def __init__(self) -> None:
        super().__init__()
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self._page: QWidget | None = None

    def _replace(self, page: QWidget) -> None:
        if self._page is not None:
            self.column.removeWidget(self._page)
            self._page.deleteLater()
        self._page = page
        self.column.addWidget(page, 1)


class OverviewTab(_Tab):
    """What it is, how large, how stable, how new."""

    def __init__(self) -> None:
        super().__init__()
        self.grid = FactGrid()

    def fill(self, facts: CandidateFacts) -> None:
        """Show one candidate."""
        row, grid = facts.row, FactGrid()
        heading = selectable(formula_html(row.formula), "title")
        heading.setAccessibleName(f"Formula {row.formula}")
        grid.wide(heading)
        grid.wide(selectable(self._symmetry_line(facts)))
        grid.wide(self._status(facts))
        self._cell(grid, facts)
        grid.group("Energy")
        self._computed(grid, facts, ENERGIES)
        if row.value("e_hull") is not None:
            grid.note(HULL_NOTE)
        others = {q.quantity for q in facts.quantities} - set(ENERGIES) - set(ELSEWHERE)
        if others:
            grid.group("Further quantities")
            self._computed(grid, facts, tuple(name for name in quantities() if name in others))
        if any(q.method.kind == "learned" for q in facts.quantities):
            predictions(grid, facts)
        grid.group("Novelty")
        novel, nearest = row.value("novel"), row.value("nearest_known")
        words = MISSING if novel is None else "new: no known structure matches" if novel else "known structure"
        grid.text("Against known structures", words)
        grid.text("Nearest known", formula_html(nearest) if nearest else MISSING)
        grid.number("Distance to it", figure(row.value("nearest_distance"), 3), "", "Between structure fingerprints")
        grid.finish()
        self.grid = grid
        self._replace(scrolled(grid))

    def as_text(self) -> str:
        """What is shown, separated by tabs."""
        return self.grid.as_text()

    @staticmethod
    def _symmetry_line(facts: CandidateFacts) -> str:
        row = facts.row
        has = f"{hm_html(facts.symbol)} ({row.space_group})" if row.space_group else "Space group not known"
        if row.asked_space_group and row.asked_space_group != row.space_group:
            return f"{hm_html(facts.asked_symbol)} ({row.asked_space_group}) was asked for, {has} was found"
        return f"{has}, {facts.symmetry.crystal_system}" if facts.symmetry.crystal_system else has

    @staticmethod
    def _computed(grid: FactGrid, facts: CandidateFacts, names: Sequence[str]) -> None:
        """A row for each method that gave a value, the headline first; a dash where none did."""
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
                value = written(quantity, found.label if found.label is not None else found.value, beside)
                if found.uncertainty is not None and found.value is not None:
                    value = plus_minus(found.value, found.uncertainty, quantity.digits)
                grid.number(heading, value, quantity.unit, f"{tip}. By {by}")

    @staticmethod
    def _status(facts: CandidateFacts) -> QWidget:
        row, tokens = facts.row, theme.tokens()
        line = QWidget()
        layout = QHBoxLayout(line)
        layout.setContentsMargins(0, 2, 0, 2)
        mark = label()
        name, colour = _MARKS[row.status](tokens)
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
        grid.group(f"Conventional cell, relaxed by {facts.geometry}" if moved else "Conventional cell, as generated")
        before = facts.generated_cell or facts.cell
        for name, value, first in zip("abc", facts.cell[:3], before[:3], strict=True):
            grid.number(f"<i>{name}</i>", figure(value, 4), "Å", f"As generated {figure(first, 4)} Å" if moved else "")
        for name, value, first in zip("αβγ", facts.cell[3:], before[3:], strict=True):
            grid.number(name, figure(value, 2), "°", f"As generated {figure(first, 2)}°" if moved else "")
        first = facts.generated_volume
        grid.number("Volume", figure(volume, 2), "Å³", f"As generated {figure(first, 2)} Å³" if moved else "")
        grid.number("Volume per atom", figure(volume / max(atoms, 1), 2), "Å³")
        dense = f"As generated {figure(row.density * row.volume / first, 3)} g/cm³" if moved and first else ""
        grid.number("Density", figure(row.density, 3), "g/cm³", dense)
        grid.number("Atoms", str(atoms))
        grid.number("Orbits", str(row.n_orbits) if row.n_orbits else MISSING)


_MARKS = {
    "passed": lambda tokens: ("check", tokens.success),
    "rejected": lambda tokens: ("close", tokens.danger),
    "pending": lambda tokens: ("info", tokens.muted),
    "unjudged": lambda tokens: ("info", tokens.muted),
    "waiting": lambda tokens: ("info", tokens.muted),
    "error": lambda tokens: ("warning", tokens.warning),
}


_WYCKOFF_TIPS = {
    1: "Multiplicity in the conventional cell, and Wyckoff letter",
    2: "Site symmetry, oriented as in the International Tables",
    3: "Fractional coordinates of one atom of the orbit",
    6: "Coordinates that symmetry leaves free",
}


class SymmetryTab(_Tab):
    """Space group and Wyckoff table, as generated or as found at a tolerance."""

    tolerance_chosen = Signal(object)  # Angstrom, or None for the symmetry as generated

    def __init__(self) -> None:
        super().__init__()
        bar = QHBoxLayout()
        bar.setContentsMargins(PAD, PAD, PAD, 0)
        self.choice = QComboBox()
        self.choice.setAccessibleName("Which symmetry is shown")
        self.choice.addItem("As generated", None)
        for tolerance in TOLERANCES:
            self.choice.addItem(f"Found within {tolerance:g} Å", tolerance)
        self.choice.setToolTip("How far, in Å, atoms may lie off a symmetry operation that is still accepted")
        self.choice.currentIndexChanged.connect(lambda _: self.tolerance_chosen.emit(self.choice.currentData()))
        self.group = selectable(wrap=True)
        bar.addWidget(self.group, 1)
        bar.addWidget(self.choice)
        self.column.addLayout(bar)
        headers = ("Atom", "Wyckoff", "Site sym.", "x", "y", "z", "Free")
        self.table = CopyTable(headers, "Occupied Wyckoff positions", stretch=6)
        for column, tip in _WYCKOFF_TIPS.items():
            header = self.table.horizontalHeaderItem(column)
            if header is not None:
                header.setToolTip(tip)
        for column in (3, 4, 5):
            header = self.table.horizontalHeaderItem(column)
            if header is not None:
                header.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._replace(self.table)

    def start(self) -> None:
        """Back to the symmetry as generated, without telling."""
        self.choice.blockSignals(True)
        self.choice.setCurrentIndex(0)
        self.choice.blockSignals(False)

    def wait(self) -> None:
        """A search is under way."""
        self.group.setText("Looking for symmetry …")

    def fill(self, symmetry: SymmetryFacts) -> None:
        """Show one symmetry."""
        self.table.setRowCount(0)
        if symmetry.problem:
            self.group.setText(symmetry.problem)
            return
        self.group.setText(
            f"<b>{hm_html(symmetry.symbol)}</b>, no. {symmetry.space_group}<br>"
            f"{symmetry.crystal_system}, point group {hm_html(symmetry.point_group)}"
        )
        for orbit in symmetry.orbits:
            number, letter = orbit.wyckoff[:-1], orbit.wyckoff[-1]
            self.table.add_row(
                [
                    (orbit.symbol, ""),
                    (orbit.wyckoff, f"{number}<i>{letter}</i>"),
                    (hm_text(orbit.site_symmetry), hm_html(orbit.site_symmetry)),
                    *((value, "") for value in orbit.coordinates),
                    (orbit.free, ""),
                ],
                right=(3, 4, 5),
            )

    def as_text(self) -> str:
        """The table, separated by tabs."""
        return self.table.as_text()


class VerdictsTab(_Tab):
    """What each stage of the funnel said."""

    def __init__(self) -> None:
        super().__init__()
        self.table = CopyTable(("Stage", "Verdict", "Reason", "Seconds"), "Verdicts of the stages", stretch=2)
        self.table.setWordWrap(True)
        self.table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header = self.table.horizontalHeaderItem(3)
        if header is not None:
            header.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.none = label("No stage has judged this candidate yet.", "muted")
        self.none.setContentsMargins(PAD, PAD, PAD, PAD)
        self.column.addWidget(self.none)
        self._replace(self.table)

    def fill(self, facts: CandidateFacts) -> None:
        """Show one candidate."""
        self.table.setRowCount(0)
        tokens = theme.tokens()
        self.none.setVisible(not facts.verdicts)
        self.table.setVisible(bool(facts.verdicts))
        for verdict in facts.verdicts:
            found = _MINUS.sub("\u2212", "; ".join(verdict_text.lines(verdict, facts.quantities)))
            why = sentence(verdict.stage, verdict.reason, verdict.parameters) or found
            word = STATUS.get(verdict.status, verdict.status)
            cells = [(stage_title(verdict.stage), ""), (word, ""), (why, ""), (figure(verdict.seconds, 2), "")]
            items = self.table.add_row(cells, right=(3,))
            name, colour = _MARKS[verdict.status](tokens)
            items[1].setIcon(icon(name, colour))
            items[1].setForeground(QColor(colour))
            for item in items:
                item.setToolTip(found or why)

    def as_text(self) -> str:
        """The table, separated by tabs."""
        return self.table.as_text()


def _moment(text: str) -> str:
    """ "2026-11-21T04:46:05+00:00" as "2026-11-21 04:46:05 UTC"."""
    return text.replace("T", " ").replace("+00:00", " UTC")


class ProvenanceTab(_Tab):
    """Everything that is needed to make the candidate again."""

    def __init__(self) -> None:
        super().__init__()
        self._document: dict[str, object] = {}

    def fill(self, facts: CandidateFacts) -> None:
        """Show one candidate."""
        row, campaign = facts.row, facts.campaign
        candidate = {"id": row.id, "number": row.number, "source": row.source, "created": row.created}
        self._document = {"candidate": candidate, "campaign": asdict(campaign)}
        grid = FactGrid()
        grid.group("Candidate")
        for name, value in candidate.items():
            grid.text(
                "Number in the campaign" if name == "number" else name.capitalize(),
                _moment(str(value)) if name == "created" else str(value),
            )
        grid.group("Campaign")
        grid.text("Name", campaign.name)
        grid.text("State", campaign.state)
        grid.text("Started", _moment(campaign.created))
        for title, block in (("Request", campaign.request), ("Made with", campaign.provenance)):
            lines = as_lines(block)
            if lines:
                grid.group(title)
            for indent, name, text in lines:
                # Hashes have no place to break a line: give them one.
                shown = "\u200b".join(text[k : k + 16] for k in range(0, len(text), 16)) if len(text) > 40 else text
                grid.text("\u2003" * indent + name, shown, text)
        grid.finish()
        self._replace(scrolled(grid))

    def as_text(self) -> str:
        """Request and provenance as JSON."""
        return json.dumps(self._document, indent=2, ensure_ascii=False, default=str)
