"""Building stones of the inspector's tabs: a grid of named values, a table that can be copied."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import unescape

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QGridLayout,
    QHeaderView,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from crystal_studio.app.rich_text import HTML_ROLE, RichTextDelegate
from crystal_studio.app.widgets import PAD, label

_SELECTABLE = Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
_LONGEST_NAME = 34  # letters that stay on one line
_SLACK = 4  # pixels: a line that is as wide as its text is folded for a fraction of one
_TAGS = re.compile(r"<[^>]*>")


def plain(html: str) -> str:
    """Rich text without its tags."""
    return _TAGS.sub("", html)


def selectable(text: str = "", role: str = "", wrap: bool = False) -> QLabel:
    """A label whose text can be selected with mouse and keyboard."""
    made = label(text, role, wrap)
    made.setTextInteractionFlags(_SELECTABLE)
    return made


class Folding(QLabel):
    """Text on one line where there is room for it, and on as many as it takes where there is not; Qt's own label of
    folded text takes several lines wherever it is."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.setWordWrap(True)
        self.setTextInteractionFlags(_SELECTABLE)

    def sizeHint(self) -> QSize:
        line = self.fontMetrics().boundingRect(unescape(plain(self.text()))).width() + _SLACK
        return QSize(line, self.heightForWidth(line))


class FactGrid(QWidget):
    """Rows of name, value (numbers to the right) and unit, in named groups."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "plain")
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(PAD, PAD, PAD, PAD)
        self._grid.setHorizontalSpacing(10)
        self._grid.setVerticalSpacing(5)
        self._grid.setColumnStretch(0, 1)
        self._row = 0
        self._lines: list[tuple[str, str, str]] = []

    def wide(self, widget: QWidget) -> None:
        """A widget across all columns."""
        self._grid.addWidget(widget, self._row, 0, 1, 3)
        self._row += 1

    def group(self, title: str) -> None:
        """Heading of the rows that follow."""
        heading = label(title, "section", wrap=True)
        heading.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        heading.setContentsMargins(0, 8 if self._row else 0, 0, 0)
        self.wide(heading)
        self._lines.append((title, "", ""))

    def number(self, name: str, value: str, unit: str = "", tip: str = "") -> None:
        """A number, right-aligned, with its unit in a column of its own."""
        self._add(name, value, unit, tip)

    def text(self, name: str, value: str, tip: str = "") -> None:
        """Words, right-aligned across value and unit; ``value`` may be rich text."""
        self._add(name, value, None, tip)

    def note(self, text: str) -> None:
        """A remark under the row before it."""
        remark = selectable(text, "small", wrap=True)
        remark.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self.wide(remark)

    def finish(self) -> None:
        """Leave the rest of the height empty."""
        self._grid.setRowStretch(self._row, 1)

    def as_text(self) -> str:
        """Tab-separated lines, as copied."""
        return "\n".join("\t".join(part for part in line if part) for line in self._lines)

    def _add(self, name: str, value: str, unit: str | None, tip: str) -> None:
        left = label(name, "muted", wrap=len(plain(name)) > _LONGEST_NAME)
        left.setAlignment(Qt.AlignmentFlag.AlignTop)
        shown = selectable(value) if unit is not None else Folding(value)
        shown.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
        shown.setAccessibleName(f"{plain(name)}: {plain(value)} {unit or ''}".strip())
        for part in (left, shown):
            part.setToolTip(tip)
        self._grid.addWidget(left, self._row, 0)
        if unit is None:
            self._grid.addWidget(shown, self._row, 1, 1, 2)
        else:
            self._grid.addWidget(shown, self._row, 1)
            self._grid.addWidget(label(unit, "muted"), self._row, 2, Qt.AlignmentFlag.AlignTop)
        self._lines.append((plain(name), plain(value), unit or ""))
        self._row += 1


class CopyTable(QTableWidget):
    """A read-only table; Ctrl+C copies the selected cells, or all of them, with tabs between."""

    def __init__(self, headers: Sequence[str], name: str, stretch: int) -> None:
        super().__init__(0, len(headers))
        self.setAccessibleName(name)
        self.setHorizontalHeaderLabels(list(headers))
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setAlternatingRowColors(True)
        self.setShowGrid(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setTabKeyNavigation(False)
        self.verticalHeader().setVisible(False)
        self.setItemDelegate(RichTextDelegate(self))
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(stretch, QHeaderView.ResizeMode.Stretch)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)

    def add_row(self, cells: Sequence[tuple[str, str]], right: Sequence[int] = ()) -> list[QTableWidgetItem]:
        """Append cells of (plain text, rich text or ""); columns in ``right`` are aligned right."""
        row = self.rowCount()
        self.insertRow(row)
        items = []
        for column, (text, html) in enumerate(cells):
            item = QTableWidgetItem(text)
            if html:
                item.setData(HTML_ROLE, html)
            if column in right:
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self.setItem(row, column, item)
            items.append(item)
        return items

    def as_text(self, rows: Sequence[int] | None = None) -> str:
        """Headers and rows, separated by tabs."""
        chosen = range(self.rowCount()) if rows is None else rows
        columns = range(self.columnCount())
        lines = [[self._text(self.horizontalHeaderItem(c)) for c in columns]]
        lines += [[self._text(self.item(r, c)) for c in columns] for r in chosen]
        return "\n".join("\t".join(line) for line in lines)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            rows = sorted({index.row() for index in self.selectedIndexes()})
            QGuiApplication.clipboard().setText(self.as_text(rows or None))
        else:
            super().keyPressEvent(event)

    @staticmethod
    def _text(item: QTableWidgetItem | None) -> str:
        return item.text() if item else ""


def scrolled(widget: QWidget) -> QScrollArea:
    """A widget in an area that scrolls up and down, and sideways where it cannot be as narrow as the area."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidget(widget)
    return area
