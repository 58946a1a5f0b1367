"""The card that starts a campaign: the request in words, how long it will take, what is still wrong."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QPushButton, QToolButton, QWidget

from crystal_studio.app import theme
from crystal_studio.app.icons import icon
from crystal_studio.app.numbers_text import span
from crystal_studio.app.widgets import Card, LowScroll, label
from crystal_studio.project.rows import CampaignRow

SUMMARY_HEIGHT = 90
"""Pixels up to which the request is told in words without scrolling, so that Generate stays in sight."""


class LaunchCard(Card):
    """``button`` starts; the menu ``more`` holds the actions on the whole request."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Ready to generate", parent)
        self.more = QToolButton()
        self.more.setText("Request")
        self.more.setProperty("menu", True)
        self.more.setToolTip("Save, load or copy the whole request")
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.head.addWidget(self.more)
        self.summary = label("", "", wrap=True)
        self.summary.setTextFormat(Qt.TextFormat.RichText)
        self.time = label("", "muted", wrap=True)
        self.again = label("", "warning", wrap=True)
        self.again.hide()
        self.problem = label("", "error", wrap=True)
        self.button = QPushButton("Generate")
        self.button.setProperty("role", "primary")
        self.button.setMinimumHeight(40)
        self._said = LowScroll(self.summary, SUMMARY_HEIGHT)
        for widget in (self._said, self.time, self.again, self.problem, self.button):
            self.body.addWidget(widget)
        theme.manager().changed.connect(self._recolour)
        self._recolour()

    def set_menu(self, actions: Sequence[QAction]) -> None:
        """The actions on the whole request."""
        menu = QMenu(self.more)
        menu.setToolTipsVisible(True)
        menu.addActions(list(actions))
        self.more.setMenu(menu)

    def tell(self, words: str) -> None:
        """The request in words, rich text."""
        self.summary.setText(words)
        self._said.fit()

    def estimate(self, seconds: float | None, possible: bool) -> None:
        """How long it will take, None where nothing has been measured; nothing where it is not ``possible``."""
        about = "The time will be estimated as soon as one campaign has run."
        if seconds is not None:
            about = f"About {span(seconds)}, measured on this machine"
        self.time.setText(about if possible else "")
        self.time.setVisible(possible)

    def warn(self, before: CampaignRow | None) -> None:
        """Say that a campaign of the project has made the same crystals, if one has."""
        self.again.setVisible(before is not None)
        if before is not None:
            seed = before.request.get("seed")
            self.again.setText(f"Campaign #{before.id} made these from seed {seed}: another seed makes others.")

    def show_problem(self, problem: str, text: str) -> None:
        """Why it cannot be started (empty: it can), and what of that is to be read here."""
        self.button.setEnabled(not problem)
        self.button.setToolTip(problem or "Start the campaign (Ctrl+Enter)")
        self.problem.setText(text)
        self.problem.setVisible(bool(problem))
        self.title.setText("Not ready yet" if problem else "Ready to generate")

    def _recolour(self) -> None:
        self.button.setIcon(icon("run", theme.tokens().on_accent))
