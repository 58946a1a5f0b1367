"""Undo and redo of the whole page from within its fields."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QLineEdit, QWidget


class PageUndo(QObject):
    """A field takes Ctrl+Z for itself even where it has nothing to take back: then it is the page's."""

    def __init__(self, page: QWidget) -> None:
        super().__init__(page)
        self._page = page
        QApplication.instance().focusChanged.connect(self._follow)  # type: ignore[union-attr]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            edit = watched.lineEdit() if isinstance(watched, QAbstractSpinBox) else watched
            if isinstance(edit, QLineEdit):
                undo = event.matches(QKeySequence.StandardKey.Undo) and not edit.isUndoAvailable()
                redo = event.matches(QKeySequence.StandardKey.Redo) and not edit.isRedoAvailable()
                if undo or redo:
                    event.ignore()
                    return True
        return super().eventFilter(watched, event)

    def _follow(self, _before: QWidget | None, now: QWidget | None) -> None:
        if isinstance(now, QLineEdit | QAbstractSpinBox) and self._page.isAncestorOf(now):
            now.installEventFilter(self)
