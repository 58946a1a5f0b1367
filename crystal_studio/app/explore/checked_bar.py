"""A bar with a field whose text is checked while it is typed."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from crystal_studio.app import theme
from crystal_studio.app.icons import icon
from crystal_studio.app.widgets import GAP, label, mark

DELAY_MS = 250
LONGEST = 160
"""Characters of a complaint, so that the table below does not jump while somebody types."""


class CheckedBar(QWidget):
    """``field`` at the left of ``row``, ``error`` below it; ``apply`` is called some moments after the last key, and at
    once with the return key."""

    def __init__(self, symbol: str, name: str, parent: QWidget | None = None) -> None:
        """``symbol``: icon that leads the field, ``name``: what it is called to those who do not see it."""
        super().__init__(parent)
        self.setProperty("role", "plain")
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(3)
        self.row = QHBoxLayout()
        self.row.setSpacing(GAP)
        self.field = QLineEdit()
        self.field.setClearButtonEnabled(True)
        self.field.setAccessibleName(name)
        self._symbol = symbol
        self._lead = self.field.addAction(icon(symbol), QLineEdit.ActionPosition.LeadingPosition)
        self.row.addWidget(self.field, 1)
        self.column.addLayout(self.row)
        self.error = label("", "error", wrap=True)
        self.error.hide()
        self.column.addWidget(self.error)
        self._timer = QTimer(self, singleShot=True, interval=DELAY_MS)
        self._timer.timeout.connect(self.apply)
        self.field.textChanged.connect(lambda _: self._timer.start())
        self.field.returnPressed.connect(self.apply)
        theme.manager().changed.connect(self._recolour)

    def _recolour(self) -> None:
        self._lead.setIcon(icon(self._symbol))

    def apply(self) -> None:
        """Check what is typed and tell of it if it is valid and new."""
        raise NotImplementedError

    def complain(self, message: str) -> None:
        """Show the field as wrong and say why, in full in the tooltip; "": it is right."""
        mark(self.field, bool(message))
        short = message if len(message) <= LONGEST else f"{message[:LONGEST].rpartition(' ')[0]} …"
        self.error.setText(short)
        self.error.setToolTip(message if short != message else "")
        self.error.setVisible(bool(message))
