"""The table of candidates, or where nothing is listed why, and what to do."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedWidget, QWidget

from crystal_studio.app.explore.candidate_table import CandidateTable
from crystal_studio.app.widgets import EmptyState


class Listing(QStackedWidget):
    """``filter_dropped`` and ``front_dropped`` tell that every candidate is to be listed again."""

    filter_dropped = Signal()
    front_dropped = Signal()

    def __init__(self, table: CandidateTable, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.table = table
        self.empty = EmptyState(
            "explore", "Nothing to explore yet", "Open a project, or design a request and press Generate."
        )
        self.no_match = EmptyState(
            "filter", "No candidate passes this filter", "Loosen the filter, or clear it to see every candidate."
        )
        self.no_match.add_button("Clear the filter", self.filter_dropped.emit)
        self.not_compared = EmptyState(
            "scatter",
            "No candidate has a value of everything that is compared",
            "Compare in quantities that are known here, or list every candidate.",
        )
        self.not_compared.add_button("List every candidate", self.front_dropped.emit)
        for shown in (self.table, self.empty, self.no_match, self.not_compared):
            self.addWidget(shown)
        self.tell()

    def tell(self, listed: int = 0, filtered: bool = False, ranked: int = 0) -> None:
        """Show the table where candidates are listed; ``ranked``: so many were to be compared, and none could be."""
        nothing = self.not_compared if ranked else self.no_match if filtered else self.empty
        self.setCurrentWidget(self.table if listed else nothing)
