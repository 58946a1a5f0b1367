"""What the tabs of the inspector share."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

STATUS_MARKS = {
    "passed": lambda tokens: ("check", tokens.success),
    "rejected": lambda tokens: ("close", tokens.danger),
    "marked": lambda tokens: ("warning", tokens.warning),
    "pending": lambda tokens: ("info", tokens.muted),
    "unjudged": lambda tokens: ("info", tokens.muted),
    "waiting": lambda tokens: ("info", tokens.muted),
    "error": lambda tokens: ("warning", tokens.warning),
}
"""Icon and colour of a status, from the tokens of a theme."""


class Tab(QWidget):
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
