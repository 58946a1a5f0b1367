"""The dialog that shows candidates side by side."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QCheckBox, QDialog, QHBoxLayout, QHeaderView, QPushButton, QVBoxLayout, QWidget

from crystal_studio.app.comparison.lines import Line, lines, only_different
from crystal_studio.app.inspector.facts import CandidateFacts
from crystal_studio.app.inspector.parts import CopyTable, plain
from crystal_studio.app.numbers_text import count
from crystal_studio.app.typeset import formula_text

NAME = "Candidates side by side"
FIRST = 2
"""Column of the first candidate."""

MOST = 8
"""Candidates that fit beside each other on a screen."""


class ComparisonDialog(QDialog):
    """A column a candidate; stays open beside the window. ``chosen`` tells the id of one that is to be looked at."""

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Side by side")
        self._candidates: tuple[CandidateFacts, ...] = ()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(14, 14, 14, 12)
        self.table = CopyTable(["", "Unit"], NAME, 0)
        self._column.addWidget(self.table, 1)
        self.only_different = QCheckBox("Only what differs")
        self.only_different.setToolTip("Hide the lines in which all of them are alike")
        self.only_different.toggled.connect(self._fill)
        copy = QPushButton("Copy table")
        copy.setToolTip("With tabs between, as spreadsheets take it")
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.table.as_text()))
        close = QPushButton("Close")
        close.setDefault(True)
        close.clicked.connect(self.close)
        buttons = QHBoxLayout()
        buttons.addWidget(self.only_different)
        buttons.addStretch(1)
        buttons.addWidget(copy)
        buttons.addWidget(close)
        self._column.addLayout(buttons)

    def show_candidates(self, candidates: Sequence[CandidateFacts]) -> None:
        """Show these, at most ``MOST`` of them."""
        self._candidates = tuple(candidates[:MOST])
        self._fill()
        self.resize(min(330 + 150 * len(self._candidates), 1380), 640)

    def _fill(self) -> None:
        named = [f"{formula_text(facts.row.formula)}  #{count(facts.row.id)}" for facts in self._candidates]
        table = CopyTable(["", "Unit", *named], NAME, 0)
        header = table.horizontalHeader()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        for k in range(FIRST, FIRST + len(named)):
            header.setSectionResizeMode(k, QHeaderView.ResizeMode.Stretch)
            title = table.horizontalHeaderItem(k)
            assert title is not None
            title.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            title.setToolTip("Double-click to look at it")
        header.sectionDoubleClicked.connect(self._choose)
        rows = lines(self._candidates)
        for line in only_different(rows) if self.only_different.isChecked() else rows:
            _add(table, line)
        self._column.replaceWidget(self.table, table)
        self.table.deleteLater()
        self.table = table

    def _choose(self, section: int) -> None:
        if section >= FIRST:
            self.chosen.emit(self._candidates[section - FIRST].row.id)


def _add(table: CopyTable, line: Line) -> None:
    width = table.columnCount()
    if not line.values:
        heading = table.add_row([(line.name, f"<b>{line.name}</b>")] + [("", "")] * (width - 1))
        table.setSpan(heading[0].row(), 0, 1, width)
        for item in heading:
            item.setFlags(Qt.ItemFlag.ItemIsEnabled)
        return
    values = [(plain(value), value if plain(value) != value else "") for value in line.values]
    name = (plain(line.name), line.name if plain(line.name) != line.name else "")
    items = table.add_row([name, (line.unit, ""), *values], right=range(FIRST, width))
    for item in items:
        item.setToolTip("\n".join(filter(None, (item.text(), line.tip))))
