"""A page with docks around its middle that are found again as they were left."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, Qt, QTimer
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QDockWidget, QMainWindow, QVBoxLayout, QWidget

from crystal_studio.app.settings import WindowState

STATE_VERSION = 1
SETTLING_MS = 700
"""While the window comes up; a resize within this time of the last one is not the user's."""


class DockedPage(QMainWindow):
    """``docks`` by their names; ``holders`` take what is made later than its dock."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Widget)
        self.docks: dict[str, QDockWidget] = {}
        self.holders: dict[str, QVBoxLayout] = {}
        self._arranged = False
        self._kept = QByteArray()  # docks as they were left, to be laid out once the page has its size
        self._settling = QTimer(self, singleShot=True, interval=SETTLING_MS)
        self.setDockNestingEnabled(True)

    def arrange(self) -> None:
        """Give the docks their sizes at the first start; for the page to say."""

    def save_docks(self, state: WindowState, key: str) -> None:
        """Remember where the docks are."""
        # A page that was never looked at has no sizes of its own to remember.
        state.set(key, self.saveState(STATE_VERSION) if self._kept.isEmpty() else self._kept)

    def restore_docks(self, state: WindowState, key: str) -> None:
        """Take them back."""
        kept = state.bytes(key)
        if not kept.isEmpty():
            self._arranged = self.restoreState(kept, STATE_VERSION)
            self._kept = kept if self._arranged else QByteArray()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._arranged:
            self._arranged = True
            self.arrange()
        if not self._kept.isEmpty():
            self._settling.start()
            QTimer.singleShot(0, self, self._lay_out)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        # A maximised window gets its size from the window manager some moments after it is shown.
        if self._settling.isActive():
            self._settling.start()
            QTimer.singleShot(0, self, self._lay_out)

    def _lay_out(self) -> None:
        """Give the docks the sizes they were left with, now that the page has its own."""
        if not self._kept.isEmpty():
            self.restoreState(self._kept, STATE_VERSION)
            if not self._settling.isActive():
                self._kept = QByteArray()

    def add_dock(self, key: str, title: str, area: Qt.DockWidgetArea, widget: QWidget | None = None) -> None:
        """A dock with a widget in it, or with room for one to come."""
        dock = QDockWidget(title, self)
        dock.setObjectName(f"dock {key}")
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(1, 0, 1, 1)
        if widget is not None:
            column.addWidget(widget)
        dock.setWidget(holder)
        self.addDockWidget(area, dock)
        self.docks[key], self.holders[key] = dock, column
