"""Improve: rounds in which a model gets better at the request at hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from crystal_studio.app.catalogue import Catalogue
from crystal_studio.app.design.in_words import request_in_words
from crystal_studio.app.design.option_fields import OptionFields
from crystal_studio.app.icons import icon
from crystal_studio.app.improve.rounds_view import RoundsView
from crystal_studio.app.numbers_text import span
from crystal_studio.app.state_line import StateLine
from crystal_studio.app.widgets import label
from crystal_studio.campaign.events import Message
from crystal_studio.campaign.improving.events import ImproveFinished, RoundEnded, RoundProgress
from crystal_studio.campaign.improving.plan import ImproveOptions
from crystal_studio.campaign.improving.process import Asked, ImproveProcess
from crystal_studio.design.forms import FormField, form
from crystal_studio.design.request import DesignRequest
from crystal_studio.errors import KnownError
from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.rows import RoundRow

POLL_MS = 100


class _Chosen:
    """What the options are set to."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self._mistyped: dict[str, str] = {}

    def ready(self) -> bool:
        return True

    def value(self, field: FormField) -> Any:
        return self.values.get(field.name, field.default)

    def change(self, field: FormField, value: Any) -> None:
        self.values[field.name] = value
        self._mistyped.pop(field.name, None)

    def mistyped(self, name: str) -> str:
        return self._mistyped.get(name, "")

    def mistype(self, name: str, message: str) -> None:
        self._mistyped[name] = message
        if not message:
            self._mistyped.pop(name)

    @property
    def problem(self) -> str:
        return next(iter(self._mistyped.values()), "")


class ImproveDialog(QDialog):
    """Stays open beside the window; one improvement at a time. Closing it puts an improvement down."""

    def __init__(self, parent: QWidget | None = None, made: Any = None) -> None:
        """``made.tools`` replaces what an improvement works with (tests)."""
        super().__init__(parent)
        self.setWindowTitle("Improve")
        self.setModal(False)
        self.resize(1060, 760)
        self._made = made
        self._project: Path | None = None
        self._request: DesignRequest | None = None
        self._process: ImproveProcess | None = None
        self._timer = QTimer(self, interval=POLL_MS)
        self._timer.timeout.connect(self._poll)
        self._catalogue = Catalogue()
        self.asked = label("", "", wrap=True)
        self.asked.setTextFormat(Qt.TextFormat.RichText)
        self.about = label("", "muted", wrap=True)
        self.options = _Chosen()
        self.fields = OptionFields(self.options, told=True)
        self.fields.show_fields(form(ImproveOptions))
        self.data = QLineEdit()
        self.data.setPlaceholderText("samples of the first model")
        self.data.setToolTip("A file of known crystals, of which some are shown again so that they are not forgotten")
        self.data.setAccessibleName("Base data")
        self._browse = self.data.addAction(icon("open"), QLineEdit.ActionPosition.TrailingPosition)
        self._browse.setText("Choose the base data…")
        self._browse.triggered.connect(lambda _=False: self._ask_data())
        self.rounds = RoundsView()
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.message = StateLine()
        self.resume = QPushButton("Carry on")
        self.resume.setToolTip("Go on with the last improvement of this project")
        self.resume.clicked.connect(lambda: self._launch(None))
        self.close_button = QPushButton("Close")
        self.close_button.clicked.connect(self.close)
        self.go = QPushButton("Improve")
        self.go.setProperty("role", "primary")
        self.go.clicked.connect(self._press)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        for button in (self.close_button, self.resume, self.go):
            buttons.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 18, 18, 14)
        column.setSpacing(12)
        base = QHBoxLayout()
        base.setSpacing(12)
        base.addWidget(label("Base data", "small"))
        base.addWidget(self.data, 1)
        for widget in (self.asked, self.about, self.fields):
            column.addWidget(widget)
        column.addLayout(base)
        column.addWidget(self.rounds, 1)
        column.addWidget(self.bar)
        column.addWidget(self.message)
        column.addLayout(buttons)
        self._show_state()

    @property
    def running(self) -> bool:
        """Whether an improvement is under way."""
        return self._process is not None

    def set_project(self, path: Path | None, request: DesignRequest | None, catalogue: Catalogue | None = None) -> None:
        """Improve the model of ``request`` in this project, an improvement of another one is put down; ``catalogue``:
        by which the request is told."""
        self._catalogue = catalogue or self._catalogue
        if path != self._project:
            self._leave()
            self.message.say("")
        self._project = path
        if not self.running:
            self._request = request
        self.read()
        self._show_state()

    def read(self) -> None:
        """Show the rounds of the project's last improvement."""
        rows: list[RoundRow] = []
        if self._project is not None:
            try:
                with ProjectReader(self._project) as reader:
                    rows = reader.rounds()
            except KnownError as error:
                self.message.say(str(error), "error")
        self.rounds.show_rounds([row for row in rows if row.improvement == rows[-1].improvement])

    def reject(self) -> None:
        """Closing, by whatever way, puts down what is running."""
        self._leave()
        super().reject()

    def _ask_data(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, "Base data", self.data.text())
        if chosen:
            self.data.setText(chosen)

    def _press(self) -> None:
        if self._process is not None:
            self.go.setEnabled(False)
            self.message.say("Stopping …")
            self._process.put_down()
        elif self.options.problem:
            self.message.say(self.options.problem, "error")
        else:
            self._launch(self._request)

    def _launch(self, request: DesignRequest | None) -> None:
        if self._project is None or self.running:
            return
        try:
            asked = Asked(request, ImproveOptions(**self.options.values), self.data.text().strip())
        except KnownError as error:
            self.message.say(str(error), "error")
            return
        self._process = ImproveProcess(self._project, asked, self._made)
        self._process.start()
        self._timer.start()
        self.bar.setRange(0, 0)
        self.message.say("Starting …")
        self._show_state()

    def _leave(self) -> None:
        if self._process is not None:
            self._timer.stop()
            self._process.let_go()
            self._process = None
            self._show_state()

    def _poll(self) -> None:
        for event in self._process.poll() if self._process is not None else ():
            if isinstance(event, RoundProgress):
                self._progress(event)
            elif isinstance(event, RoundEnded):
                self.read()
            elif isinstance(event, Message) and event.level != "info":
                self.message.say(event.text, "error" if event.level == "error" else "muted")
            elif isinstance(event, ImproveFinished):
                self._end(event)

    def _progress(self, event: RoundProgress) -> None:
        self.bar.setRange(0, 1000)
        self.bar.setValue(round(1000 * event.fraction))
        left = f", about {span(event.seconds_left)} left in all" if event.seconds_left >= 0 else ""
        if self.go.isEnabled():
            self.message.say(f"Round {event.number} of {event.rounds}: {event.phase}{left}")

    def _end(self, event: ImproveFinished) -> None:
        self._timer.stop()
        if self._process is not None:
            self._process.join(1)
        self._process = None
        self.message.say(event.text, "error" if event.state == "failed" else "muted")
        self.read()
        self._show_state()

    def _show_state(self) -> None:
        rows = self.rounds.rows
        asked = self._request
        self.asked.setText(request_in_words(asked, self._catalogue) if asked is not None else "")
        self.asked.setVisible(asked is not None)
        if asked is None:
            self.about.setText("The request on the Design page has to be complete first.")
        else:
            aimed = any(target.name == "e_above_hull" for target in asked.targets)
            self.about.setText(
                "Every round makes as many from another seed and relaxes them; the next model learns from those near "
                "the hull"
                + (
                    ", and from those far above it what to lead away from."
                    if aimed
                    else ". Aimed at 0 to 0 eV/atom above the hull on the Design page, where the model can be, it gets "
                    "better faster."
                )
            )
        self.go.setText("Stop" if self.running else "Improve")
        self.go.setEnabled(self._project is not None and (self.running or asked is not None))
        open_end = bool(rows) and (
            rows[-1].state != "finished" or rows[-1].number < int(rows[-1].plan["options"]["rounds"])
        )
        self.resume.setVisible(open_end and not self.running)
        self.bar.setVisible(self.running)
        for widget in (self.fields, self.data):
            widget.setEnabled(not self.running)
