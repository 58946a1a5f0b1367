"""An analysis that takes long: asked for with a button, watched, ended with another."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from crystal_studio.app.analysis.pages import TablePage, VibrationsPage
from crystal_studio.app.numbers_text import span
from crystal_studio.app.widgets import label

if TYPE_CHECKING:
    from crystal_studio.analysis.protocol import Analysis


class LongPage(QWidget):
    """``asked`` and ``cancelled`` are the user's; the owner says how it goes and what was found."""

    asked = Signal()
    cancelled = Signal()

    def __init__(self, page: TablePage | VibrationsPage, what: str) -> None:
        super().__init__()
        self.setProperty("role", "plain")
        self.page = page
        self._what = what
        self._words, self._began = "", 0.0
        ask = QWidget()
        ask.setProperty("role", "plain")
        column = QVBoxLayout(ask)
        column.addStretch(1)
        self.message = label(what, "muted", wrap=True)
        self.message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column.addWidget(self.message)
        self.bar = QProgressBar()
        self.bar.setRange(0, 0)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("The analysis is at work")
        column.addWidget(self.bar)
        row = QHBoxLayout()
        row.addStretch(1)
        self.start = QPushButton("Compute")
        self.start.clicked.connect(lambda _=False: self.asked.emit())
        self.stop = QPushButton("Cancel")
        self.stop.clicked.connect(lambda _=False: self.cancelled.emit())
        for button in (self.start, self.stop):
            row.addWidget(button)
        row.addStretch(1)
        column.addLayout(row)
        column.addStretch(1)
        self._stack = QStackedWidget()
        self._stack.addWidget(ask)
        self._stack.addWidget(page)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._stack)
        self._timer = QTimer(self, interval=1000)
        self._timer.timeout.connect(self._tick)
        self.show_ask()

    @property
    def found(self) -> Analysis | None:
        """What is on screen."""
        return self.page.found if self._stack.currentIndex() == 1 else None

    def show_ask(self, text: str = "") -> None:
        """Offer to compute; ``text`` says why there is no answer yet."""
        self._timer.stop()
        self.message.setText(text or self._what)
        self.bar.hide()
        self.stop.hide()
        self.start.show()
        self._stack.setCurrentIndex(0)

    def show_work(self, words: str, began: float) -> None:
        """Say what is being done, and since when."""
        self._words, self._began = words, began
        self.bar.show()
        self.stop.show()
        self.start.hide()
        self._stack.setCurrentIndex(0)
        self._timer.start()
        self._tick()

    def show_found(self, found: Analysis) -> None:
        """Show the answer."""
        self._timer.stop()
        self.page.show_found(found)
        self._stack.setCurrentIndex(1)

    def _tick(self) -> None:
        self.message.setText(f"{self._words}: {span(time.monotonic() - self._began)}")
