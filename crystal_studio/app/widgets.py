"""Small widgets that several pages share."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from crystal_studio.app import theme
from crystal_studio.app.flow import FlowRow
from crystal_studio.app.icons import pixmap

GAP = 8
PAD = 14
BUTTONS_WIDTH = 420
"""Pixels above which the buttons of an empty state take no further line."""


def label(text: str = "", role: str = "", wrap: bool = False) -> QLabel:
    """A label with a role of the style sheet."""
    made = QLabel(text)
    if role:
        made.setProperty("role", role)
    made.setWordWrap(wrap)
    return made


def restyle(widget: QWidget) -> None:
    """Apply the style sheet again after a property it looks at has changed."""
    widget.style().unpolish(widget)
    widget.style().polish(widget)


def mark(widget: QWidget, bad: bool) -> None:
    """Show a field as wrong or right."""
    if bool(widget.property("bad")) != bad:
        widget.setProperty("bad", bad)
        restyle(widget)


def bind(button: QPushButton, action: QAction) -> None:
    """Make a button do and show what an action does and shows; hidden while the action is disabled."""

    def follow() -> None:
        button.setText(action.text())
        button.setIcon(action.icon())
        button.setToolTip(action.toolTip())
        button.setVisible(action.isEnabled())

    button.clicked.connect(action.trigger)
    action.changed.connect(follow)
    follow()


def scrolling(widget: QWidget) -> QScrollArea:
    """A page that scrolls where the window is smaller than it can be."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(widget)
    return area


class Card(QFrame):
    """A framed part of a page with a heading."""

    def __init__(self, title: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(PAD, PAD - 2, PAD, PAD)
        self.body.setSpacing(GAP)
        self.head = QHBoxLayout()
        self.head.setSpacing(GAP)
        self.title = label(title, "heading")
        if title:
            self.head.addWidget(self.title)
            self.head.addStretch(1)
            self.body.addLayout(self.head)
            self.setAccessibleName(title)


class Segments(QWidget):
    """One choice out of a few, side by side; arrow keys move it."""

    chosen = Signal(str)

    def __init__(self, options: Sequence[tuple[str, str, str]], name: str, parent: QWidget | None = None) -> None:
        """``options``: (key, text, tooltip) each."""
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        self._group = QButtonGroup(self)
        self.buttons: dict[str, QPushButton] = {}
        for index, (key, text, tip) in enumerate(options):
            button = QPushButton(text)
            button.setCheckable(True)
            button.setToolTip(tip)
            button.setAccessibleName(f"{name}: {text}")
            place = "first" if index == 0 else "last" if index == len(options) - 1 else "middle"
            button.setProperty("segment", place)
            button.clicked.connect(lambda _=False, key=key: self.chosen.emit(key))
            self._group.addButton(button)
            row.addWidget(button)
            self.buttons[key] = button
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def offer(self, keys: Sequence[str]) -> None:
        """Show these options and no others."""
        shown = [key for key in self.buttons if key in keys]
        for key, button in self.buttons.items():
            button.setVisible(key in shown)
            place = "first" if key == shown[0] else "last" if key == shown[-1] else "middle" if key in shown else ""
            if place and button.property("segment") != place:
                button.setProperty("segment", place)
                restyle(button)

    def set(self, key: str) -> None:
        """Check one option without telling."""
        self.buttons[key].setChecked(True)


class LowScroll(QScrollArea):
    """As high as what is inside, which has a height for its width, up to a limit; beyond it that scrolls."""

    def __init__(self, widget: QWidget, limit: int, parent: QWidget | None = None) -> None:
        """``limit`` in pixels."""
        super().__init__(parent)
        self._limit = limit
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._inside = widget
        # Qt else makes it never lower than it would be at its narrowest, and scrolls through the emptiness below.
        policy = widget.sizePolicy()
        policy.setVerticalPolicy(QSizePolicy.Policy.Preferred)
        widget.setSizePolicy(policy)
        self.setWidget(widget)

    def fit(self) -> None:
        """Take the height that what is inside has now."""
        needed = max(self._inside.heightForWidth(max(self.width(), 60)), 0)  # -1 of an empty label
        # A scroll bar takes room from the words, which then need the bar: none where they fit without it.
        policy = Qt.ScrollBarPolicy
        self.setVerticalScrollBarPolicy(policy.ScrollBarAsNeeded if needed > self._limit else policy.ScrollBarAlwaysOff)
        self.setFixedHeight(min(needed, self._limit))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.oldSize().width() != event.size().width():
            QTimer.singleShot(0, self, self.fit)  # not within this resize: it would be undone at its end


class EmptyState(QWidget):
    """What to show where there is nothing yet: what it is for and what to do next."""

    def __init__(self, icon: str, title: str, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icon = icon
        column = QVBoxLayout(self)
        column.setSpacing(GAP)
        column.addStretch(1)
        self._picture = QLabel()
        self._picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.title = label(title, "heading")
        self.title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.text = label(text, "muted", wrap=True)
        self.text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column.addWidget(self._picture)
        column.addWidget(self.title)
        column.addWidget(self.text)
        self.buttons = FlowRow(spacing=GAP, centred=True, least=BUTTONS_WIDTH)
        column.addWidget(self.buttons)
        self._column = column
        column.addStretch(1)
        theme.manager().changed.connect(self._recolour)
        self._recolour()

    def add_button(self, text: str, handler: Callable[[], object], primary: bool = False) -> QPushButton:
        """Offer an action."""
        button = QPushButton(text)
        if primary:
            button.setProperty("role", "primary")
        button.clicked.connect(lambda _=False: handler())
        self.buttons.add(button)
        return button

    def add_below(self, widget: QWidget) -> None:
        """More that can be done, below the buttons."""
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(widget, 100)
        row.addStretch(1)
        self._column.insertLayout(self._column.count() - 1, row)

    def add_action(self, action: QAction) -> None:
        """Offer an action while it can be done."""
        button = QPushButton()
        self.buttons.add(button)
        bind(button, action)

    def _recolour(self) -> None:
        self._picture.setPixmap(pixmap(self._icon, theme.tokens().line_strong, 48))
