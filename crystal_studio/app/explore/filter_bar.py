"""The filter field: an expression over the columns, checked while it is typed."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QToolButton, QVBoxLayout, QWidget

from crystal_studio.app import theme
from crystal_studio.app.explore.arrangement import Arrangement
from crystal_studio.app.icons import icon
from crystal_studio.app.widgets import label, mark
from crystal_studio.errors import KnownError

DELAY_MS = 250


class FilterBar(QWidget):
    """``changed`` carries a valid expression, some moments after the last key."""

    changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "plain")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        row = QHBoxLayout()
        self.field = QLineEdit()
        self.field.setClearButtonEnabled(True)
        self.field.setAccessibleName("Filter expression")
        self._lead = self.field.addAction(icon("filter"), QLineEdit.ActionPosition.LeadingPosition)
        row.addWidget(self.field, 1)
        self.count = label("", "muted")
        row.addWidget(self.count)
        self.compare = QToolButton()
        self.compare.setText("Pareto front")
        self.compare.setCheckable(True)
        self.compare.setToolTip("Compare the listed candidates in several quantities at once (Ctrl+Shift+R)")
        row.addWidget(self.compare)
        column.addLayout(row)
        self.error = label("", "error", wrap=True)
        self.error.hide()
        column.addWidget(self.error)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(DELAY_MS)
        self._timer.timeout.connect(self.apply)
        self.field.textChanged.connect(lambda _: self._timer.start())
        self.field.returnPressed.connect(self.apply)
        self._applied = ""
        theme.manager().changed.connect(self._recolour)

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

    def _recolour(self) -> None:
        self._lead.setIcon(icon("filter"))

    def apply(self) -> None:
        """Check what is typed and tell of it if it is valid and new."""
        self._timer.stop()
        text = self.field.text().strip()
        message = problem(text)
        mark(self.field, bool(message))
        self.error.setText(message)
        self.error.setVisible(bool(message))
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
