"""One evaluation at a time, watched by a timer of the window."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from crystal_studio.campaign.evaluating import Evaluated, EvaluationProcess, Step

POLL_MS = 60


class EvaluationRun(QObject):
    """``ended`` carries ``Evaluated`` once for each ``start``."""

    stepped = Signal(object)
    ended = Signal(object)

    def __init__(self, parent: QObject | None = None, function: Any = None) -> None:
        """``function(plan, progress)`` replaces the evaluation (tests)."""
        super().__init__(parent)
        self._function = function
        self._process: EvaluationProcess | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(POLL_MS)
        self._timer.timeout.connect(self._poll)

    @property
    def running(self) -> bool:
        """Whether an evaluation is under way."""
        return self._process is not None

    def start(self, plan: Any) -> None:
        """Evaluate; nothing happens while another evaluation runs."""
        if self._process is None:
            self._process = EvaluationProcess(plan, self._function)
            self._process.start()
            self._timer.start()

    def cancel(self) -> None:
        """End it soon, with what was found."""
        if self._process is not None:
            self._process.cancel()

    def drop(self) -> None:
        """End it now, without a word, and wait until its process is gone."""
        if self._process is not None:
            self._timer.stop()
            self._process.drop()
            self._process.join(5)
            self._process = None

    def _poll(self) -> None:
        process = self._process
        for word in process.poll() if process is not None else ():
            if isinstance(word, Step):
                self.stepped.emit(word)
            elif isinstance(word, Evaluated):
                self._timer.stop()
                if process is not None:
                    process.join(1)
                self._process = None
                self.ended.emit(word)
