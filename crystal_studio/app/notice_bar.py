"""A strip under the top bar: one notice or one offer at a time, with what can be done about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QWidget

from crystal_studio.app import theme
from crystal_studio.app.icons import icon, pixmap
from crystal_studio.app.notices import Notice
from crystal_studio.app.widgets import GAP, label, restyle

Choice = tuple[str, Callable[[], object]]
MOST_WAITING = 5


@dataclass(frozen=True)
class _Shown:
    level: str
    text: str
    choices: tuple[Choice, ...]
    key: str


class NoticeBar(QFrame):
    """Hidden while there is nothing to say; the next in line follows when one is answered or closed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "notice")
        self._line: list[_Shown] = []
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 5, 6, 5)
        row.setSpacing(GAP)
        self._picture = QLabel()
        self.text = label("", "", wrap=True)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(GAP)
        self.close_button = QToolButton()
        self.close_button.setProperty("role", "quiet")
        self.close_button.setToolTip("Put this aside")
        self.close_button.setAccessibleName("Put this aside")
        self.close_button.clicked.connect(self.next)
        row.addWidget(self._picture)
        row.addWidget(self.text, 1)
        row.addLayout(self._buttons)
        row.addWidget(self.close_button)
        theme.manager().changed.connect(self._recolour)
        self._show()

    def offer(self, text: str, choices: Sequence[Choice], key: str) -> None:
        """Offer choices at once, in the place of an earlier offer of the same key."""
        self.withdraw(key)
        self._line.insert(0, _Shown("info", text, tuple(choices), key))
        self._show()

    def withdraw(self, key: str) -> None:
        """The offer of a key no longer stands."""
        self._line = [item for item in self._line if item.key != key]
        self._show()

    def tell(self, notice: Notice, more: Choice) -> None:
        """Show a notice after those that wait; ``more`` leads to its details."""
        if len(self._line) < MOST_WAITING:
            self._line.append(_Shown(notice.level, notice.text, (more,), ""))
            self._show()

    def next(self) -> None:
        """Drop what is shown."""
        del self._line[:1]
        self._show()

    def buttons(self) -> list[QPushButton]:
        """What can be done now."""
        found = [self._buttons.itemAt(i).widget() for i in range(self._buttons.count())]  # type: ignore[union-attr]
        return [b for b in found if isinstance(b, QPushButton)]

    def _show(self) -> None:
        for button in self.buttons():
            self._buttons.removeWidget(button)
            button.hide()
            button.deleteLater()
        self.setVisible(bool(self._line))
        if not self._line:
            return
        item = self._line[0]
        text = item.text.splitlines()[0] if item.text else ""
        self.text.setText(text)
        self.setAccessibleName(text)
        for name, handler in item.choices:
            button = QPushButton(name)
            button.clicked.connect(lambda _=False, handler=handler: self._do(handler))
            self._buttons.addWidget(button)
        self.setProperty("level", item.level)
        restyle(self)
        self._recolour()

    def _do(self, handler: Callable[[], object]) -> None:
        self.next()
        handler()

    def _recolour(self) -> None:
        t = theme.tokens()
        self.close_button.setIcon(icon("close"))
        level = str(self.property("level") or "info")
        name, colour = {"info": ("info", t.accent), "warning": ("warning", t.warning), "error": ("warning", t.danger)}[
            level
        ]
        self._picture.setPixmap(pixmap(name, colour, 18))
