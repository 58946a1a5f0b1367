"""A page with docks around its middle that are found again as they were left."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QByteArray, QEvent, QPoint, Qt, QTimer
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QDockWidget, QMainWindow, QTabBar, QTabWidget, QVBoxLayout, QWidget

from crystal_studio.app.settings import WindowState

STATE_VERSION = 2
TAKE_OUT = "Double-click a tab to take it out into a window of its own"


class DockedPage(QMainWindow):
    """``docks`` by their names; ``holders`` take what is made later than its dock."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Widget)
        self.docks: dict[str, QDockWidget] = {}
        self.holders: dict[str, QVBoxLayout] = {}
        self._arranged = False
        self._kept = QByteArray()  # docks as they were left, until the user moves one
        self._kept_places: dict[str, tuple[bool, bool, Qt.DockWidgetArea]] = {}
        self._titles = QTimer(self, singleShot=True, interval=0)
        self._titles.timeout.connect(self._title)
        self.setDockNestingEnabled(True)
        self.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)

    def arrange(self) -> None:
        """Give the docks their sizes at the first start; for the page to say."""

    def save_docks(self, state: WindowState, key: str) -> None:
        """Remember where the docks are."""
        # Of a page that was never looked at, or looked at and left as it was, what was remembered stays.
        untouched = not self._kept.isEmpty() and self._places() == self._kept_places
        state.set(key, self._kept if untouched else self.saveState(STATE_VERSION))

    def restore_docks(self, state: WindowState, key: str) -> None:
        """Take them back."""
        kept = state.bytes(key)
        if not kept.isEmpty():
            self._arranged = self.restoreState(kept, STATE_VERSION)
            self._kept = kept if self._arranged else QByteArray()
            self._kept_places = self._places()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._arranged:
            self._arranged = True
            self.arrange()
        QTimer.singleShot(0, self, self._lay_out)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        # A maximised window gets its size from the window manager some time after it is shown, on a busy machine
        # seconds after.
        if self.isVisible() and not self._kept.isEmpty():
            QTimer.singleShot(0, self, self._lay_out)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.MouseButtonPress:
            self._kept = QByteArray()  # on the line between two docks: from here on their sizes are the user's
        return super().event(event)

    def _lay_out(self) -> None:
        """Give the docks the sizes they were left with, now that the page has another size; not once one was moved."""
        if self._kept.isEmpty():
            return
        if self._places() != self._kept_places:
            self._kept = QByteArray()
        else:
            self.restoreState(self._kept, STATE_VERSION)

    def _places(self) -> dict[str, tuple[bool, bool, Qt.DockWidgetArea]]:
        """Whether each dock is hidden, whether it floats, and where it is."""
        return {k: (dock.isHidden(), dock.isFloating(), self.dockWidgetArea(dock)) for k, dock in self.docks.items()}

    def _title(self) -> None:
        """A dock behind a tab has its title there and none of its own."""
        for dock in self.docks.values():
            tabbed = not dock.isFloating() and any(not d.isHidden() for d in self.tabifiedDockWidgets(dock))
            bare = dock.titleBarWidget() is not None
            if tabbed != bare:
                dock.setTitleBarWidget(QWidget() if tabbed else None)  # type: ignore[arg-type]
        for bar in self.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly):
            if not bar.toolTip():
                bar.setToolTip(TAKE_OUT)
                bar.tabBarDoubleClicked.connect(partial(self._take_out, bar))

    def _take_out(self, bar: QTabBar, at: int) -> None:
        """Let the dock behind a tab float, with a title to drag it back by."""
        for dock in self.docks.values():
            if dock.windowTitle() == bar.tabText(at):
                dock.setFloating(True)
                dock.move(dock.pos() - QPoint(40, 40))  # seen to have left its place

    def add_dock(self, key: str, title: str, area: Qt.DockWidgetArea, widget: QWidget | None = None) -> None:
        """A dock with a widget in it, or with room for one to come."""
        dock = QDockWidget(title, self)
        dock.setObjectName(f"dock {key}")
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(1, 0, 1, 1)
        if widget is not None:
            column.addWidget(widget)
        dock.setWidget(holder)
        self.addDockWidget(area, dock)
        for moved in (dock.dockLocationChanged, dock.topLevelChanged, dock.visibilityChanged):
            moved.connect(lambda *_: self._titles.start())
        self.docks[key], self.holders[key] = dock, column
