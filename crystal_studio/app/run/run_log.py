"""The log of a campaign, one readable line after another, coloured by the theme."""

from __future__ import annotations

from PySide6.QtGui import QColor, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from crystal_studio.app import theme


class RunLog(QPlainTextEdit):
    """Lines with a level: info, warning or error."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lines: list[tuple[str, str]] = []
        self.setReadOnly(True)
        self.setAccessibleName("Log of the campaign")
        self.setPlaceholderText("What happens in a running campaign is told here.")
        theme.manager().changed.connect(self._recolour)

    def write(self, text: str, level: str = "info") -> None:
        """Add a line and show it."""
        self._lines.append((text, level))
        self._append(text, level)

    def restart(self) -> None:
        """Forget every line."""
        self._lines.clear()
        self.clear()

    def _append(self, text: str, level: str) -> None:
        colours = {"warning": theme.tokens().warning, "error": theme.tokens().danger}
        style = QTextCharFormat()
        style.setForeground(QColor(colours.get(level, theme.tokens().text)))
        cursor = QTextCursor(self.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.insertText(text if self.document().isEmpty() else f"\n{text}", style)
        self.ensureCursorVisible()

    def _recolour(self) -> None:
        """The colours are written into the text, so it is written again."""
        self.clear()
        for text, level in self._lines:
            self._append(text, level)
