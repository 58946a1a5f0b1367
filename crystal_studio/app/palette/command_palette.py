"""Ctrl+K: find any action by a few letters of its name and do it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QIcon, QKeyEvent, QKeySequence, QPixmap
from PySide6.QtWidgets import QDialog, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from crystal_studio.app.actions import ActionSet
from crystal_studio.app.icons import icon

_KEY = int(Qt.ItemDataRole.UserRole)
ICON = 20
WIDTH = 560
ROWS = 13
"""Actions in sight at most; the others scroll."""


def score(query: str, text: str) -> int:
    """How well a query fits a text: 0 not at all, more for runs of letters and starts of words.

    The letters of the query must occur in order.
    """
    query, text = query.lower().replace(" ", ""), text.lower()
    total, at, run = 1, 0, 0
    for letter in query:
        found = text.find(letter, at)
        if found < 0:
            return 0
        run = run + 1 if found == at and total > 1 else 1
        start = found == 0 or not text[found - 1].isalnum()
        total += run * 2 + (6 if start else 0)
        at = found + 1
    return total


class CommandPalette(QDialog):
    """A field and a list under it; Enter does the first, arrows move."""

    def __init__(self, actions: ActionSet, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self._actions = actions
        self.setAccessibleName("Command palette")
        self.field = QLineEdit()
        self.field.setPlaceholderText("What do you want to do?")
        self.field.setAccessibleName("Find an action")
        self.list = QListWidget()
        self.list.setUniformItemSizes(True)
        self.list.setIconSize(QSize(ICON, ICON))
        self.list.setAccessibleName("Actions")
        column = self._column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.addWidget(self.field)
        column.addWidget(self.list)
        column.addStretch(1)
        self.setFixedWidth(WIDTH)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.field.textChanged.connect(self._fill)
        self.field.installEventFilter(self)
        self.list.itemActivated.connect(self._do)
        self.list.itemClicked.connect(self._do)
        self._fill("")

    def present(self) -> None:
        """Open at the top of the window it belongs to."""
        self.field.clear()
        self.ensurePolished()
        self._fill("")
        window = self.parentWidget()
        if window is not None:
            corner = window.mapToGlobal(window.rect().topLeft())
            self.move(corner.x() + (window.width() - self.width()) // 2, corner.y() + 80)
        self.show()
        self.field.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.field and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
            if step is not None:
                row = max(0, min(self.list.count() - 1, self.list.currentRow() + step))
                self.list.setCurrentRow(row)
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                item = self.list.currentItem()
                if item is not None:
                    self._do(item)
                return True
        return super().eventFilter(watched, event)

    def _fill(self, query: str) -> None:
        self.list.clear()
        rated = []
        for spec in self._actions.specs():
            if spec.id == "help.palette":
                continue
            points = max(score(query, spec.text), score(query, f"{spec.menu} {spec.text}") - 2)
            if points > 0 or not query:
                rated.append((-points, spec))
        for _, spec in sorted(rated, key=lambda pair: pair[0]):
            reason = self._actions.reason(spec.id)
            keys = self._actions[spec.id].shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            note = f"    {reason}" if reason else f"    {keys}" if keys else ""
            item = QListWidgetItem(self._icon(spec.icon), f"{spec.menu}: {spec.text}{note}")
            item.setData(_KEY, spec.id)
            item.setToolTip(reason or spec.tip)
            if reason:
                item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEnabled)
            self.list.addItem(item)
        if not rated:
            nothing = QListWidgetItem("No action has these letters in this order")
            nothing.setFlags(Qt.ItemFlag.NoItemFlags)
            self.list.addItem(nothing)
        self._fit()
        for row in range(self.list.count()):
            if self.list.item(row).flags() & Qt.ItemFlag.ItemIsEnabled:
                self.list.setCurrentRow(row)
                break

    def _fit(self) -> None:
        """As high as the actions found."""
        rows = min(self.list.count(), ROWS)
        self.list.setFixedHeight(rows * self.list.sizeHintForRow(0) + 2 * self.list.frameWidth())
        self._column.activate()
        self.resize(WIDTH, self._column.totalSizeHint().height())

    @staticmethod
    def _icon(name: str) -> QIcon:
        """The icon of an action, or an empty one of the same size, so that texts stand under each other."""
        if name:
            return icon(name)
        empty = QPixmap(ICON, ICON)
        empty.fill(Qt.GlobalColor.transparent)
        return QIcon(empty)

    def _do(self, item: QListWidgetItem) -> None:
        if item.flags() & Qt.ItemFlag.ItemIsEnabled:
            self.hide()
            self._actions[item.data(_KEY)].trigger()
