"""Every error, warning and piece of news since the start, to be read and copied."""

from __future__ import annotations

import time

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from crystal_studio.app import faults, files, theme
from crystal_studio.app.icons import icon
from crystal_studio.app.notices import Notice, Notices
from crystal_studio.app.widgets import EmptyState

_NOTICE = int(Qt.ItemDataRole.UserRole)


class NoticeList(QDialog):
    """The newest first; the details of the one that is chosen below."""

    def __init__(self, notices: Notices, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Messages")
        self.resize(760, 480)
        self._notices = notices
        self.list = QListWidget()
        self.list.setAccessibleName("Messages")
        self.list.setWordWrap(True)
        self.details = QPlainTextEdit()
        self.details.setReadOnly(True)
        self.details.setAccessibleName("Details of the message")
        split = QSplitter(Qt.Orientation.Vertical)
        split.addWidget(self.list)
        split.addWidget(self.details)
        split.setSizes([300, 140])
        self._stack = QStackedWidget()
        self._stack.addWidget(split)
        self._stack.addWidget(
            EmptyState("info", "Nothing to report", "Errors, warnings and news of campaigns are kept here.")
        )
        buttons = QHBoxLayout()
        self.copy_button = QPushButton("Copy all")
        self.copy_button.clicked.connect(self.copy)
        folder = QPushButton("Open the log folder")
        folder.clicked.connect(lambda: files.show_folder(faults.log_folder()))
        self.clear_button = QPushButton("Clear")
        self.clear_button.clicked.connect(notices.clear)
        close = QPushButton("Close")
        close.clicked.connect(self.close)
        for button in (self.copy_button, folder, self.clear_button):
            buttons.addWidget(button)
        buttons.addStretch(1)
        buttons.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 14, 14, 12)
        column.addWidget(self._stack, 1)
        column.addLayout(buttons)
        self.list.currentItemChanged.connect(self._describe)
        notices.changed.connect(self._fill)
        theme.manager().changed.connect(self._fill)
        self._fill()

    def copy(self) -> None:
        """Put everything on the clipboard."""
        QGuiApplication.clipboard().setText("\n".join(_line(n) + _below(n) for n in self._notices.all()))

    def _fill(self) -> None:
        t = theme.tokens()
        found = self._notices.all()
        self.list.clear()
        for notice in reversed(found):
            item = QListWidgetItem(_line(notice))
            name, colour = {"error": ("warning", t.danger), "warning": ("warning", t.warning)}.get(
                notice.level, ("info", t.accent)
            )
            item.setIcon(icon(name, colour))
            item.setData(_NOTICE, notice)
            self.list.addItem(item)
        self._stack.setCurrentIndex(0 if found else 1)
        for button in (self.copy_button, self.clear_button):
            button.setEnabled(bool(found))
        if found:
            self.list.setCurrentRow(0)
        if self.isVisible() and self._notices.unread:
            self._notices.read()

    def _describe(self, item: QListWidgetItem | None) -> None:
        notice = item.data(_NOTICE) if item is not None else None
        self.details.setPlainText((notice.details or notice.text) if isinstance(notice, Notice) else "")


def _line(notice: Notice) -> str:
    moment = time.strftime("%H:%M:%S", time.localtime(notice.when))
    times = f"  ({notice.times} times)" if notice.times > 1 else ""
    return f"{moment}  {notice.level.capitalize()}: {notice.text}{times}"


def _below(notice: Notice) -> str:
    return f"\n{notice.details}" if notice.details else ""
