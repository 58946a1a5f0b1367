"""The head of the Run page: which campaign, how far, how fast, how long still."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from crystal_studio.app.dft import asking, collecting
from crystal_studio.app.numbers_text import count, plural
from crystal_studio.app.run.figures import Figure
from crystal_studio.app.run.records import is_import
from crystal_studio.app.typeset import hm_html
from crystal_studio.app.widgets import GAP, Card, bind, label
from crystal_studio.design import funnel
from crystal_studio.errors import KnownError
from crystal_studio.project.rows import CampaignRow

STEPS = 1000
AT_LEAST = "How long the stages of the funnel take shows once they have judged their first candidates"


class RunHead(Card):
    """Labels to be filled by the page; ``chosen`` carries the id of the campaign that the user wants to see."""

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        row = QHBoxLayout()
        row.setSpacing(GAP * 3)
        names = QVBoxLayout()
        names.setSpacing(2)
        self.chooser = QComboBox()
        self.chooser.setProperty("role", "title")
        self.chooser.setAccessibleName("Campaign")
        self.chooser.setToolTip("Choose which campaign is shown")
        self.chooser.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.chooser.setMinimumContentsLength(16)
        self.chooser.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.chooser.activated.connect(lambda _: self.chosen.emit(int(self.chooser.currentData())))
        self.request = label("", "muted")
        self.request.setTextFormat(Qt.TextFormat.RichText)
        names.addWidget(self.chooser)
        names.addWidget(self.request)
        row.addLayout(names, 1)
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
        """Offer actions while they can be done."""
        for action in actions:
            button = QPushButton()
            bind(button, action)
            button.clicked.connect(self._keep_focus)
            self._buttons.addWidget(button)

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
        """Another campaign of which nothing is known yet."""
        self.request.setText("")
        self.set_fraction(0.0)
        self.left.setToolTip("")
        for figure in self._figures:
            figure.restart()
        self.generated.show()

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

    def show_request(self, row: CampaignRow, symbols: Sequence[str]) -> None:
        """Say what a campaign was asked for."""
        self.generated.setVisible(row.kind == "generate")
        if is_import(row):
            self.request.setText(f"{plural(row.requested, 'structure')} from files")
            return
        request, system = row.request, row.request.get("chemical_system", {})
        if row.kind == "judge":
            potential, dft = request.get("potential", ""), collecting.request_of(row)
            by = asking.in_words(dft) if dft is not None else funnel.title(request.get("funnel", ""))
            words = [plural(row.requested, "stored candidate"), by]
            self.request.setText("  ·  ".join([*words, *([str(potential)] if potential else [])]))
            return
        groups = request.get("space_groups") or []
        shown = ", ".join(hm_html(symbols[g - 1]) if symbols else str(g) for g in groups[:6])
        words = [
            request.get("composition") or "-".join(system.get("elements", ())) or "any elements",
            (shown + (" …" if len(groups) > 6 else "")) or ("groups as in nature" if _knows_groups(request) else ""),
            plural(row.requested, "candidate"),
            f"seed {request.get('seed', 0)}",
            str(request.get("model") or "default model"),
        ]
        self.request.setText("  ·  ".join(filter(None, words)))


def _knows_groups(request: Mapping[str, Any]) -> bool:
    """Whether space groups can be asked of the model of a request; of one that is not installed they could be."""
    from crystal_studio.generators.registry import card, families

    try:
        return families.get(card(str(request.get("model") or "")).family).capabilities.space_groups
    except KnownError:
        return True
