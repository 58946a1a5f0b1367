"""Stable, unique and novel candidates, kept up to date while a campaign runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from crystal_studio.app import theme
from crystal_studio.app.background import Background
from crystal_studio.app.cutoff import Cutoff, CutoffField
from crystal_studio.app.explore.arrangement import Arrangement
from crystal_studio.app.numbers_text import count
from crystal_studio.app.shares.reading import Found, read
from crystal_studio.app.shares.shares_table import SharesTable
from crystal_studio.app.widgets import label

if TYPE_CHECKING:
    from crystal_studio.project.queries import ProjectReader
    from crystal_studio.project.statistics import Where

INTERVAL_MS = 1000
"""Between two counts of a project that is being written."""

NO_ENERGY = (
    "No energies above hull yet: they come with the stages relaxation and stability. "
    "Take candidates through them with Judge… (Ctrl+J)."
)
WAITING = "No energies above hull yet: they come once the first candidates have been relaxed."
NOBODY = "No candidate is listed."
FRAMEWORKS = (
    "Frameworks have no energy above hull: the force field that relaxes them does not tell it. Look instead at "
    "pores and CO₂ figures in the table, and at the filters of the project browser, such as “New and open to CO₂”."
)


class SharesView(QWidget):
    """``watch`` says what is counted, ``refresh`` that there may be more of it; ``counted`` follows every count."""

    counted = Signal()

    def __init__(self, background: Background, cutoff: Cutoff, key: str, parent: QWidget | None = None) -> None:
        """``key`` tells this view's questions from those of another one on the same threads."""
        super().__init__(parent)
        self.setProperty("role", "plain")
        self._background, self._cutoff, self._key = background, cutoff, key
        self._reader: ProjectReader | None = None
        self._where: Callable[[ProjectReader], Where] | None = None
        self._stale = False
        self._expected = self._of_frameworks = False
        self._began = 0.0
        self.found: Found | None = None
        self.table = SharesTable()
        self.message = label(NO_ENERGY, "muted", wrap=True)
        self.message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.note = label("", "small")
        self.note.setToolTip("Shares of so many candidates, with 95% intervals (Wilson)")
        counted = QWidget()
        counted.setProperty("role", "plain")
        column = QVBoxLayout(counted)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.table, 1)
        self.rates = label("", "small", wrap=True)
        self.rates.setToolTip(
            "Where a triage chooses whom to relax, only the share that a lot took tells how often the model succeeds"
        )
        self.rates.hide()
        column.addWidget(self.rates)
        self._stack = QStackedWidget()
        for page in (self.message, counted):
            self._stack.addWidget(page)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._stack)
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._read)
        cutoff.changed.connect(self._count_again)
        theme.manager().changed.connect(self.table.viewport().update)

    def watch(self, reader: ProjectReader | None, where: Callable[[ProjectReader], Where] | None) -> None:
        """Count other candidates; those before are forgotten."""
        self._background.cancel(self._key)
        self._reader, self._where = reader, where
        self._began = 0.0
        self.found = None
        self._say("" if reader is not None else NOBODY)
        self.refresh()

    def arrange(self, arrangement: Arrangement, opened: bool = False) -> None:
        """Say of a project of frameworks what to look at instead."""
        if self._of_frameworks != arrangement.of_frameworks:
            self._of_frameworks = arrangement.of_frameworks
            if self.found is not None:
                self._show(self.found)

    def set_expected(self, expected: bool) -> None:
        """Whether a campaign at work may still bring energies: what the empty view says."""
        self._expected = expected
        if self.found is not None:
            self._show(self.found)

    def refresh(self) -> None:
        """Count again soon: at most once in ``INTERVAL_MS``, and only what is in sight."""
        self._stale = True
        if self.isVisible() and not self._timer.isActive() and not self._background.busy(self._key):
            self._timer.start(max(0, round(INTERVAL_MS - 1000 * (time.monotonic() - self._began))))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale:
            self.refresh()

    def _count_again(self) -> None:
        self._began = 0.0  # the user waits for it
        self._timer.stop()
        self.refresh()

    def _read(self) -> None:
        reader, where, cutoff = self._reader, self._where, self._cutoff.value
        if reader is None or where is None or not self.isVisible():
            return
        self._stale, self._began = False, time.monotonic()
        self._background.run(lambda _: read(reader, where, cutoff), self._take, key=self._key)

    def _take(self, found: Found) -> None:
        if found.cutoff != self._cutoff.value:
            self._stale = True
        self._show(found)
        self.counted.emit()
        if self._stale:
            self.refresh()

    def _show(self, found: Found) -> None:
        self.found = found
        if found.lines:
            self.table.fill(found)
            self._stack.setCurrentIndex(1)
            self.note.setText(f"of {count(found.total)}")
            self.rates.setText(found.rates)
            self.rates.setVisible(bool(found.rates))
        else:
            none = FRAMEWORKS if self._of_frameworks else WAITING if self._expected else NO_ENERGY
            self._say(none if found.total else NOBODY)

    def _say(self, text: str) -> None:
        self.message.setText(text)
        self.note.setText("")
        self._stack.setCurrentIndex(0)


def shares_panel(view: SharesView, cutoff: Cutoff) -> QWidget:
    """A view with its note and the field of the cutoff above it, for a place without a heading of its own."""
    panel = QWidget()
    column = QVBoxLayout(panel)
    column.setContentsMargins(10, 6, 10, 8)
    row = QHBoxLayout()
    row.addWidget(CutoffField(cutoff))
    row.addStretch(1)
    row.addWidget(view.note)
    column.addLayout(row)
    column.addWidget(view, 1)
    return panel
