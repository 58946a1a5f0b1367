"""What a dialog says of how it goes."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from crystal_studio.app.widgets import restyle


class StateLine(QLabel):
    """A line below a dialog that says how it goes; it can be selected."""

    def __init__(self, role: str = "muted") -> None:
        super().__init__()
        self.setProperty("role", role)
        self.setWordWrap(True)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)

    def say(self, text: str, role: str = "muted") -> None:
        """Another text, in the colours of its role (muted, warning, error)."""
        self.setText(text)
        if self.property("role") != role:
            self.setProperty("role", role)
            restyle(self)
