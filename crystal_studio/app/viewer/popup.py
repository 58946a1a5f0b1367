"""A few controls below a button of the toolbar, with a focus order of their own."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QSize, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QToolButton, QVBoxLayout, QWidget

from crystal_studio.app import theme
from crystal_studio.app.icons import icon

_COMMANDS = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier


class Popup(QFrame):
    """Closed by Escape and by a click elsewhere. A menu would take the Tab key, and shortcuts of the view would act
    on what is typed: here Tab goes from control to control, and plain keys stay inside."""

    def __init__(self, button: QToolButton, panel: QWidget) -> None:
        super().__init__(button, Qt.WindowType.Popup)
        self._button = button
        self.setProperty("role", "popup")
        self.setAccessibleName(button.accessibleName())
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 6, 6, 6)
        column.addWidget(panel)
        button.setProperty("menu", False)
        button.setProperty("popup", True)
        button.setIconSize(QSize(12, 12))  # of the chevron
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setLayoutDirection(Qt.LayoutDirection.RightToLeft)  # the chevron of a menu stands on the right
        button.clicked.connect(self.open)
        theme.manager().changed.connect(self._recolour)
        self._recolour()

    def open(self) -> None:
        """Show the controls below the button, wholly on the screen, ready for the keyboard."""
        self.adjustSize()
        at = self._button.mapToGlobal(QPoint(0, self._button.height() + 2))
        screen = self._button.screen().availableGeometry()
        at.setX(max(screen.left(), min(at.x(), screen.right() - self.width())))
        at.setY(max(screen.top(), min(at.y(), screen.bottom() - self.height())))
        self.move(at)
        self.show()
        self.focusNextPrevChild(True)

    def event(self, event: QEvent) -> bool:
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and not event.modifiers() & _COMMANDS
        ):
            event.accept()
            return True
        return super().event(event)

    def _recolour(self) -> None:
        self._button.setIcon(icon("chevron", theme.tokens().muted))
