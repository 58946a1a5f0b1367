"""The status bar: how far the running campaign is, with pause and stop; messages otherwise."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QProgressBar, QStatusBar, QToolButton, QWidget

from crystal_studio.app import theme
from crystal_studio.app.icons import icon
from crystal_studio.app.numbers_text import count, left, plural, rate
from crystal_studio.app.widgets import label
from crystal_studio.campaign.dft_request import STAGE
from crystal_studio.campaign.events import Progress


class RunStatus(QStatusBar):
    """Shows a message for some seconds, or the run for as long as it goes."""

    def __init__(self, buttons: list[QAction], messages: QAction, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeGripEnabled(False)
        self.setContentsMargins(8, 2, 8, 2)
        self._rest = ""
        self._running = False
        self._text = label("", "muted")
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setFixedWidth(180)
        self._bar.setRange(0, 1000)
        self._bar.setAccessibleName("Progress of the campaign")
        self.addWidget(self._text, 1)
        self._unread = QToolButton()
        self._unread.setProperty("role", "quiet")
        self._unread.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._unread.clicked.connect(messages.trigger)
        self.addPermanentWidget(self._unread)
        self.addPermanentWidget(self._bar)
        self._buttons = []
        for action in buttons:
            button = QToolButton()
            button.setDefaultAction(action)
            button.setProperty("role", "quiet")
            self.addPermanentWidget(button)
            self._buttons.append(button)
            action.changed.connect(self._follow)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(lambda: self._text.setText(self._rest))
        self.idle("")
        self.show_unread(0)

    def idle(self, text: str) -> None:
        """No campaign is running; ``text`` sums the project up."""
        self._running = False
        self._rest = text
        if not self._timer.isActive():
            self._text.setText(text)
        self._bar.hide()
        self._follow()

    def progress(self, event: Progress) -> None:
        """A running campaign."""
        self._running = True
        verb = "computed" if any(stage.stage == STAGE for stage in event.stages) else "judged"
        parts = [f"{count(event.finished)} of {count(event.requested)} {verb}", event.phase]
        if event.rate > 0:
            parts.append(rate(event.rate))
        if event.seconds_left >= 0:
            parts.append(f"{left(event.seconds_left, event.left_at_least)} left")
        self._rest = "   ".join(parts)
        if not self._timer.isActive():
            self._text.setText(self._rest)
        self._bar.setValue(round(1000 * event.fraction))
        self._bar.show()
        self._follow()

    def tell(self, text: str, seconds: float = 6.0) -> None:
        """A message for some seconds."""
        self._text.setText(text)
        self._timer.start(int(1000 * seconds))

    def show_unread(self, number: int) -> None:
        """How many warnings and errors the user has not looked at yet."""
        self._unread.setVisible(number > 0)
        self._unread.setText(plural(number, "message"))
        self._unread.setIcon(icon("warning", theme.tokens().warning))
        self._unread.setToolTip("Warnings and errors; click to read them")

    def _follow(self) -> None:
        for button in self._buttons:
            action = button.defaultAction()
            button.setVisible(self._running and action is not None and action.isEnabled())
