"""Small widgets that several pages share."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QMargins, QPoint, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QLayoutItem,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from crystal_studio.app import theme
from crystal_studio.app.icons import pixmap

GAP = 8
PAD = 14


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


class FlowLayout(QLayout):
    """Items from left to right, on as many lines as are needed."""

    def __init__(self, parent: QWidget | None = None, spacing: int = 4) -> None:
        super().__init__(parent)
        self._items: list[QLayoutItem] = []
        self.setContentsMargins(0, 0, 0, 0)
        self.setSpacing(spacing)

    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:  # type: ignore[override]
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:  # type: ignore[override]
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        margins = self.contentsMargins()
        inside = QRect(0, 0, width, 0).marginsRemoved(QMargins(margins.left(), 0, margins.right(), 0))
        return self._arrange(inside, move=False) + margins.top() + margins.bottom()

    def setGeometry(self, rect: QRect) -> None:
        super().setGeometry(rect)
        self._arrange(rect.marginsRemoved(self.contentsMargins()), move=True)

    def sizeHint(self) -> QSize:
        return self.minimumSize()

    def minimumSize(self) -> QSize:
        size = QSize()
        for item in self._items:
            size = size.expandedTo(item.minimumSize())
        return size.grownBy(self.contentsMargins())

    def clear(self) -> None:
        """Drop and delete every widget."""
        while self._items:
            widget = self._items.pop().widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()

    def _arrange(self, rect: QRect, move: bool) -> int:
        x, y, line = rect.x(), rect.y(), 0
        for item in self._items:
            hint = item.sizeHint()
            if x + hint.width() > rect.right() + 1 and line:
                x, y, line = rect.x(), y + line + self.spacing(), 0
            if move:
                item.setGeometry(QRect(QPoint(x, y), hint))
            x += hint.width() + self.spacing()
            line = max(line, hint.height())
        return y + line - rect.y()


class FlowRow(QWidget):
    """Widgets in a row that takes further lines where it is narrow."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "plain")
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.flow = FlowLayout(self)


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
        needed = self._inside.heightForWidth(max(self.width(), 60))
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
        self.buttons = QHBoxLayout()
        self.buttons.setSpacing(GAP)
        self.buttons.addStretch(1)
        self.buttons.addStretch(1)
        column.addLayout(self.buttons)
        self._column = column
        column.addStretch(1)
        theme.manager().changed.connect(self._recolour)
        self._recolour()

    def add_button(self, text: str, deed: Callable[[], object], primary: bool = False) -> QPushButton:
        """Offer a deed."""
        button = QPushButton(text)
        if primary:
            button.setProperty("role", "primary")
        button.clicked.connect(lambda _=False: deed())
        self.buttons.insertWidget(self.buttons.count() - 1, button)
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
        self.buttons.insertWidget(self.buttons.count() - 1, button)
        bind(button, action)

    def _recolour(self) -> None:
        self._picture.setPixmap(pixmap(self._icon, theme.tokens().line_strong, 48))
