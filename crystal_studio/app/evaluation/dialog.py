"""Evaluate: the published figures of the candidates of a project, with what each of them means."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from crystal_studio.app.background import Background
from crystal_studio.app.evaluation.form import EvaluationForm
from crystal_studio.app.evaluation.run import EvaluationRun
from crystal_studio.app.evaluation.table import FigureTable
from crystal_studio.app.evaluation.wording import as_text, remarks
from crystal_studio.app.numbers_text import count, span
from crystal_studio.app.settings import WindowState
from crystal_studio.app.state_line import StateLine
from crystal_studio.app.widgets import EmptyState
from crystal_studio.campaign.evaluating import Evaluated, Step
from crystal_studio.errors import KnownError
from crystal_studio.project.rows import CampaignRow


class EvaluationDialog(QDialog):
    """Stays open beside the window; one evaluation at a time."""

    def __init__(
        self, background: Background, state: WindowState, parent: QWidget | None = None, function: Any = None
    ) -> None:
        """``function(plan, progress)`` replaces the evaluation (tests)."""
        super().__init__(parent)
        self.setWindowTitle("Evaluate")
        self.setModal(False)
        self.resize(1000, 760)
        self._project: Path | None = None
        self.document: dict[str, Any] | None = None
        self.run = EvaluationRun(self, function)
        self.run.stepped.connect(self._step)
        self.run.ended.connect(self._end)
        self.form = EvaluationForm(background, state)
        self.empty = EmptyState(
            "scatter",
            "How good are these candidates?",
            "Validity, symmetry, variety and novelty by the published definitions;\n"
            "distances and coverage where there is a set to compare with.",
        )
        self.table = FigureTable()
        self._stack = QStackedWidget()
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self.table)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.message = StateLine()
        self.copy = QPushButton("Copy as text")
        self.copy.setToolTip("The whole table, with how each figure was found, for a document or a spreadsheet")
        self.copy.clicked.connect(self.copy_text)
        self.close_button = QPushButton("Close")
        self.close_button.clicked.connect(self.close)
        self.go = QPushButton("Evaluate")
        self.go.setProperty("role", "primary")
        self.go.setDefault(True)
        self.go.clicked.connect(self._press)
        buttons = QHBoxLayout()
        buttons.addWidget(self.copy)
        buttons.addStretch(1)
        buttons.addWidget(self.close_button)
        buttons.addWidget(self.go)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 18, 18, 14)
        column.setSpacing(12)
        column.addWidget(self.form)
        column.addWidget(self._stack, 1)
        column.addWidget(self.bar)
        column.addWidget(self.message)
        column.addLayout(buttons)
        self.form.settled.connect(self._show_state)
        self._show_state()

    def set_project(self, path: Path | None, campaigns: Sequence[CampaignRow] = (), candidates: int = 0) -> None:
        """Judge the candidates of this project; an evaluation of another one is dropped."""
        if path != self._project:
            self.run.drop()
            self.document = None
            self.message.say("")
        self._project = path
        if not self.run.running:
            self.form.set_campaigns(campaigns, candidates)
        self._show_state()

    def start(self) -> None:
        """Begin the evaluation in a process of its own."""
        self.form.find_splits()  # of a file whose field is still being typed in
        if self._project is None or self.run.running or self.form.busy:
            return
        try:
            plan = self.form.plan(self._project)
        except KnownError as error:
            self.message.say(str(error), "error")
            return
        self.document = None
        self.message.say("Reading …")
        self.bar.setRange(0, 0)
        self.run.start(plan)
        self._show_state()

    def copy_text(self) -> None:
        """Put the table on the clipboard."""
        if self.document is not None:
            QApplication.clipboard().setText(as_text(self.document))
            self.message.say("Copied the table to the clipboard")

    def reject(self) -> None:
        """Closing, by whatever way, ends what is running."""
        self.run.drop()
        self._show_state()
        super().reject()

    def _press(self) -> None:
        if self.run.running:
            self.go.setEnabled(False)
            self.message.say("Ending …")
            self.run.cancel()
        else:
            self.start()

    def _step(self, step: Step) -> None:
        self.bar.setRange(0, max(step.total, 1))
        self.bar.setValue(step.done)
        left = step.seconds / step.done * (step.total - step.done) if step.done else 0.0
        tail = f", about {span(left)} left of this part" if left > 1 else ""
        if self.go.isEnabled():
            self.message.say(f"{step.title}: {count(step.done)} of {count(step.total)}{tail}")

    def _end(self, found: Evaluated) -> None:
        self.document = found.document
        if found.document is not None:
            self.table.show_document(found.document)
            self.message.say("  ".join(remarks(found.document)))
        elif found.problem:
            self.message.say(found.problem.splitlines()[0], "error")
        else:
            self.message.say("Cancelled: nothing was found yet.")
        self._show_state()

    def _show_state(self) -> None:
        running = self.run.running
        self.go.setEnabled(self._project is not None and (running or not self.form.busy))
        self.go.setText("Cancel" if running else "Evaluate")
        self.bar.setVisible(running)
        self.copy.setEnabled(self.document is not None)
        self._stack.setCurrentWidget(self.table if self.document is not None else self.empty)
        self.form.setEnabled(not running)
