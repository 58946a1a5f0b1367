"""The filter field: an expression over the columns, checked while it is typed."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QToolButton, QWidget

from crystal_studio.app.explore.arrangement import Arrangement
from crystal_studio.app.explore.checked_bar import CheckedBar
from crystal_studio.app.widgets import label
from crystal_studio.errors import KnownError


class FilterBar(CheckedBar):
    """``changed`` carries a valid expression, some moments after the last key."""

    changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("filter", "Filter expression", parent)
        self.count = label("", "muted")
        self.row.addWidget(self.count)
        self.compare = QToolButton()
        self.compare.setText("Pareto front")
        self.compare.setCheckable(True)
        self.compare.setToolTip("Compare the listed candidates in several quantities at once (Ctrl+Shift+R)")
        self.row.addWidget(self.compare)
        self._applied = ""

    def arrange(self, arrangement: Arrangement, opened: bool = False) -> None:
        """Show how a filter of such a project is written, where nothing is typed."""
        example = arrangement.example
        self.field.setPlaceholderText(f"Filter, for example  {example}")
        self.field.setToolTip(
            "Compare columns with numbers and words, joined by and, or, not.\n"
            f"{example}\nstatus == 'passed' and novel == True"
        )

    def set_text(self, text: str) -> None:
        """Put an expression in the field and apply it."""
        self.field.setText(text)
        self.apply()

    def apply(self) -> None:
        """Check what is typed and tell of it if it is valid and new."""
        self._timer.stop()
        text = self.field.text().strip()
        message = problem(text)
        self.complain(message)
        if not message and text != self._applied:
            self._applied = text
            self.changed.emit(text)


def problem(text: str) -> str:
    """What is wrong with an expression, or empty."""
    if not text:
        return ""
    from crystal_studio.project.filters import parse

    try:
        parse(text)
    except KnownError as error:
        return str(error)
    return ""
