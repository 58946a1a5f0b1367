"""Shares with their intervals as rows of a table: a number, and a bar with a whisker."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QStyledItemDelegate, QStyleOptionViewItem

from crystal_studio.app import theme
from crystal_studio.app.inspector.parts import CopyTable
from crystal_studio.app.shares.reading import KINDS, Found
from crystal_studio.candidates.share import Share

LONGEST = "9,999 99.9% (99.9–99.9%)"
SHARE_ROLE = int(Qt.ItemDataRole.UserRole) + 60
LOW, HIGH = 23, 40
"""Pixels: rows are as high as there is room for."""
HEADER, BAR, INSET = 26, 4, 6


def percent(share: float) -> str:
    """ "9.2", "100": three digits at most."""
    value = 100 * share
    return f"{value:.0f}" if value >= 99.95 else f"{value:.1f}"


def interval(share: Share) -> str:
    """ "5.2–15.7%"."""
    low, high = share.interval
    return f"{percent(low)}–{percent(high)}%"


class ShareDelegate(QStyledItemDelegate):
    """Draws a ``Share`` and the scale it stands on: count and percentage, interval, bar with whisker."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        found = index.data(SHARE_ROLE)
        if found is None:
            super().paint(painter, option, index)
            return
        share, scale = found
        t = theme.tokens()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        room = max(0.0, option.rect.height() - LOW) / 5
        box = QRectF(option.rect).adjusted(INSET, room, -INSET, -room)
        upper = QRectF(box.left(), box.top(), box.width(), box.height() - BAR - 3)
        left, middle = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignVCenter
        painter.setPen(QColor(t.text))
        number = f"{share.count:,}"
        painter.drawText(upper, left | middle, number)
        gone = painter.fontMetrics().horizontalAdvance(number + " ")
        painter.setPen(QColor(t.muted))
        rest = upper.adjusted(gone, 0, 0, 0)
        whole = f"{percent(share.value)}% ({interval(share)})"
        measure = painter.fontMetrics().horizontalAdvance
        text = whole if measure(LONGEST) <= upper.width() else interval(share)  # alike in all cells
        if measure(text) <= rest.width():
            painter.drawText(rest, Qt.AlignmentFlag.AlignRight | middle, text)
        ground = QRectF(box.left(), box.bottom() - BAR - 2, box.width(), BAR)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(t.sunken))
        painter.drawRoundedRect(ground, 2, 2)
        bar = QRectF(ground)
        bar.setWidth(ground.width() * min(share.value / scale, 1.0))
        painter.setBrush(QColor(t.series[0]))
        painter.drawRoundedRect(bar, 2, 2)
        low, high = (ground.left() + ground.width() * min(bound / scale, 1.0) for bound in share.interval)
        painter.setPen(QPen(QColor(t.text), 1.4))
        y = ground.center().y()
        painter.drawLine(QPointF(low, y), QPointF(high, y))
        for x in (low, high):
            painter.drawLine(QPointF(x, y - 3), QPointF(x, y + 3))
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(super().sizeHint(option, index).width(), LOW)


class SharesTable(CopyTable):
    """One row a voice, one column a kind of share; Ctrl+C copies it as text."""

    def __init__(self) -> None:
        super().__init__(["By", *(heading for heading, _ in KINDS.values())], "Stable, unique and novel", stretch=1)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAlternatingRowColors(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalHeader().setMinimumSectionSize(LOW)
        self.horizontalHeader().setFixedHeight(HEADER)
        delegate = ShareDelegate(self)
        for column, (_, tip) in enumerate(KINDS.values(), 1):
            self.horizontalHeader().setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
            self.setItemDelegateForColumn(column, delegate)
            heading = self.horizontalHeaderItem(column)
            assert heading is not None
            heading.setToolTip(tip)

    def fill(self, found: Found) -> None:
        """Show other shares."""
        self.setRowCount(0)
        for line in found.lines:
            shares = [getattr(line.shares, kind) for kind in KINDS]
            items = self.add_row([(line.title, ""), *((share.text, "") for share in shares)])
            items[0].setToolTip(line.name)
            for item, share, (_, tip) in zip(items[1:], shares, KINDS.values(), strict=True):
                item.setData(SHARE_ROLE, (share, found.scale))
                item.setToolTip(
                    f"{share.text} by {line.name}, with its 95% interval (Wilson).\n"
                    f"{tip}.\nBars end at {100 * found.scale:.0f}%."
                )
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Rows as high as there is room for."""
        rows = max(self.rowCount(), 1)
        self.verticalHeader().setDefaultSectionSize(min(max(self.viewport().height() // rows, LOW), HIGH))
