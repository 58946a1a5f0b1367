"""The table of actions as QActions of a window, with their conditions kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

from crystal_studio.app import theme
from crystal_studio.app.action_spec import CONDITIONS, MENUS, ActionSpec
from crystal_studio.app.action_table import TABLE
from crystal_studio.app.icons import icon


class ActionSet(QObject):
    """The table as QActions on a window, with their conditions kept."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._actions: dict[str, QAction] = {}
        self._specs = {spec.id: spec for spec in TABLE}
        self._met: dict[str, bool] = dict.fromkeys(CONDITIONS, False)
        for spec in TABLE:
            action = QAction(spec.text, window)
            action.setObjectName(spec.id)
            action.setCheckable(spec.checkable)
            if spec.shortcut:
                action.setShortcut(QKeySequence(spec.shortcut))
            window.addAction(action)
            self._actions[spec.id] = action
        theme.manager().changed.connect(self._recolour)
        self._recolour()
        self._refresh()

    def __getitem__(self, key: str) -> QAction:
        return self._actions[key]

    def join(self, handlers: Mapping[str, Callable[..., object]]) -> None:
        """Say what each action does."""
        for key, handler in handlers.items():
            self._actions[key].triggered.connect(lambda checked=False, handler=handler: handler())

    def set_conditions(self, **met: bool) -> None:
        """Say which conditions hold now (underscores stand for spaces)."""
        changed = {name.replace("_", " "): value for name, value in met.items()}
        if any(self._met[name] != value for name, value in changed.items()):
            self._met.update(changed)
            self._refresh()

    def met(self, condition: str) -> bool:
        """Whether a condition holds."""
        return self._met[condition]

    def reason(self, key: str) -> str:
        """Why an action cannot be done now; empty where it can."""
        return next((CONDITIONS[need] for need in self._specs[key].needs if not self._met[need]), "")

    def specs(self) -> tuple[ActionSpec, ...]:
        """The table."""
        return TABLE

    def fill_menu_bar(self, bar: QMenuBar) -> dict[str, QMenu]:
        """The menus of the window, by title."""
        menus: dict[str, QMenu] = {}
        for title in MENUS:
            menu = bar.addMenu(title)
            menu.setToolTipsVisible(True)
            menus[title] = menu
        for spec in TABLE:
            if spec.separator:
                menus[spec.menu].addSeparator()
            menus[spec.menu].addAction(self._actions[spec.id])
        return menus

    def _refresh(self) -> None:
        for spec in TABLE:
            action, reason = self._actions[spec.id], self.reason(spec.id)
            action.setEnabled(not reason)
            keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            tip = f"{spec.tip}  ({keys})" if keys else spec.tip
            action.setToolTip(f"{tip}\nNot now: {reason}" if reason else tip)
            action.setStatusTip(reason or spec.tip)

    def _recolour(self) -> None:
        for spec in TABLE:
            if spec.icon:
                self._actions[spec.id].setIcon(icon(spec.icon))
