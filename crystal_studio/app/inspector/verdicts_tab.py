"""The tab of what the funnel said."""

from __future__ import annotations

import re

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QResizeEvent
from PySide6.QtWidgets import QHeaderView

from crystal_studio.app import theme
from crystal_studio.app.explore.columns import STATUS
from crystal_studio.app.icons import icon
from crystal_studio.app.inspector.facts import CandidateFacts
from crystal_studio.app.inspector.parts import CopyTable
from crystal_studio.app.inspector.tab import STATUS_MARKS, Tab
from crystal_studio.app.numbers_text import figure
from crystal_studio.app.widgets import PAD, label
from crystal_studio.app.wrapping import WrappingDelegate
from crystal_studio.campaign import verdict_text
from crystal_studio.funnel.reasons import sentence, stage_title

_MINUS = re.compile(r"(?<=[ \u00b1])-(?=\d)")
"""A hyphen that is the sign of a number, not part of a name such as mp-1234."""

_PADDING = 18  # of the style sheet and of the text, both sides


class VerdictsTab(Tab):
    """What each stage of the funnel said."""

    def __init__(self) -> None:
        super().__init__()
        self.table = CopyTable(("Stage", "Verdict", "Reason", "Seconds"), "Verdicts of the stages", stretch=2)
        self.table.setWordWrap(True)
        for column in (0, 2):
            self.table.setItemDelegateForColumn(column, WrappingDelegate(self.table, _PADDING, 10))
        self.table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Fixed)
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
            why = sentence(verdict.stage, verdict.reason, verdict.parameters)
            why = " ".join(filter(None, (why, found))) if verdict.marked else why or found
            status = verdict_text.status(verdict)
            word = STATUS.get(status, status)
            cells = [(stage_title(verdict.stage), ""), (word, ""), (why, ""), (figure(verdict.seconds, 2), "")]
            items = self.table.add_row(cells, right=(3,))
            name, colour = STATUS_MARKS[status](tokens)
            items[1].setIcon(icon(name, colour))
            items[1].setForeground(QColor(colour))
            for item in items:
                item.setToolTip(found or why)
        self._share_room()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share_room()

    def _share_room(self) -> None:
        """The names of stages take as much as they need, but leave most of a narrow tab to what was found."""
        texts = [item.text() for row in range(self.table.rowCount()) if (item := self.table.item(row, 0))]
        longest = max(map(self.table.fontMetrics().horizontalAdvance, texts), default=0) + _PADDING
        self.table.setColumnWidth(0, min(longest, self.width() // 4))

    def as_text(self) -> str:
        """The table, separated by tabs."""
        return self.table.as_text()
