"""The head of the Run page: which campaign, how far, how fast, how long still."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QWidget,
)

from crystal_studio.app.numbers_text import count
from crystal_studio.app.run.figures import Figure
from crystal_studio.app.widgets import GAP, Card, LowScroll, bind, label
from crystal_studio.project.rows import CampaignRow

STEPS = 1000
REQUEST_HEIGHT = 60
"""Pixels up to which the request is told in words without scrolling."""
AT_LEAST = "How long the stages of the funnel take shows once they have judged their first candidates"


class RunHead(Card):
    """Labels to be filled by the page; ``chosen`` carries the id of the campaign that the user wants to see."""

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        row = QHBoxLayout()
        row.setSpacing(GAP * 3)
        self.chooser = QComboBox()
        self.chooser.setProperty("role", "title")
        self.chooser.setAccessibleName("Campaign")
        self.chooser.setToolTip("Choose which campaign is shown")
        self.chooser.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.chooser.setMinimumContentsLength(16)
        self.chooser.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.chooser.activated.connect(lambda _: self.chosen.emit(int(self.chooser.currentData())))
        row.addWidget(self.chooser, 1)
        self.done = Figure("Judged", ("00 of 00",))
        self.generated = Figure("Generated", ("00",))
        self.rate = Figure("Rate", ("00 / min",))
        self.left = Figure("Time left", ("over 00 min", "under 1 s"))
        self.seconds = Figure("Time taken", ("00 min", "under 1 s"))
        self._figures = (self.done, self.generated, self.rate, self.left, self.seconds)
        for figure in self._figures:
            row.addWidget(figure)
        self.buttons = QWidget()
        self._buttons = QHBoxLayout(self.buttons)
        self._buttons.setContentsMargins(0, 0, 0, 0)
        self._buttons.setSpacing(GAP)
        row.addWidget(self.buttons)
        self.body.addLayout(row)
        self.request = label("", "muted", wrap=True)
        self.request.setTextFormat(Qt.TextFormat.RichText)
        self._asked = LowScroll(self.request, REQUEST_HEIGHT)
        self.body.addWidget(self._asked)
        line = QHBoxLayout()
        line.setSpacing(GAP * 2)
        self.phase = label("", "section")
        self.phase.setMinimumWidth(170)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress of the campaign")
        line.addWidget(self.phase)
        line.addWidget(self.bar, 1)
        self.body.addLayout(line)

    def add_actions(self, actions: Sequence[QAction]) -> None:
        """Offer actions while they can be done; the first two take turns in one place, and nothing beside it moves."""
        buttons = [QPushButton() for _ in actions]
        for button, action in zip(buttons, actions, strict=True):
            bind(button, action)
            button.clicked.connect(self._keep_focus)
            self._buttons.addWidget(button)
            button.ensurePolished()
        for button in buttons[:2]:
            button.setMinimumWidth(max(b.sizeHint().width() for b in buttons[:2]))

    def _keep_focus(self) -> None:
        """Whoever has pressed a button that gives way to another (Pause to Resume) goes on from that one: Qt goes to
        the next, which stops the campaign."""
        pressed = self.sender()
        instead = next((button for button in self.buttons.findChildren(QPushButton) if button.isVisible()), None)
        if isinstance(pressed, QPushButton) and not pressed.isVisible() and instead is not None:
            instead.setFocus()

    def show_left(self, text: str, at_least: bool = False) -> None:
        """The time left; ``at_least``: the text says so, and its tooltip why."""
        self.left.setText(text)
        self.left.setToolTip(AT_LEAST if at_least else "")

    def offer(self, campaigns: Sequence[tuple[CampaignRow, str]], shown: int) -> None:
        """List the campaigns with their states, the latest first; ``shown`` 0 is one that has no number yet."""
        entries = [(f"{c.name}  #{c.id}", c.id, state) for c, state in reversed(campaigns)]
        if not shown:
            entries.insert(0, ("New campaign", 0, "Starting"))
        self.chooser.clear()
        for text, number, state in entries:
            self.chooser.addItem(text, number)
            at = self.chooser.count() - 1
            self.chooser.setItemData(at, f"{text}: {state}", Qt.ItemDataRole.ToolTipRole)
        self.chooser.setCurrentIndex(self.chooser.findData(shown))

    def restart(self) -> None:
        """Another campaign, of whose progress nothing is known yet."""
        self.set_fraction(0.0)
        self.left.setToolTip("")
        for figure in self._figures:
            figure.restart()

    def set_fraction(self, fraction: float | None) -> None:
        """How much of all work is done; None while that is unknown."""
        self.bar.setRange(0, 0 if fraction is None else STEPS)
        if fraction is not None:
            self.bar.setValue(round(STEPS * fraction))

    def show_judged(self, judged: int, requested: int) -> None:
        """How many candidates are judged; there is room for all of them from the first."""
        self.done.expect(f"{count(requested)} of {count(requested)}")
        self.generated.expect(count(requested))
        self.done.setText(f"{count(judged)} of {count(requested)}")

    def show_request(self, words: str) -> None:
        """Say what the campaign was asked for, in rich text."""
        self.request.setText(words)
        self._asked.setVisible(bool(words))
        self._asked.fit()
