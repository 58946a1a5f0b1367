"""Text in cells that takes further lines where its column is narrow."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtWidgets import QAbstractItemView, QStyledItemDelegate, QStyleOptionViewItem, QTableView


class WrappingDelegate(QStyledItemDelegate):
    """Gives a cell of plain text the lines that it takes beside its padding, which Qt's own estimate forgets."""

    def __init__(self, view: QAbstractItemView, padding: int, air: int) -> None:
        """``padding`` left and right together, ``air`` above and below, pixels."""
        super().__init__(view)
        self._view = view
        self._padding, self._air = padding, air

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        table = isinstance(self._view, QTableView)
        width = option.rect.width() if table else self._view.viewport().width()  # type: ignore[attr-defined]
        room = QRect(0, 0, width - self._padding, 100_000)
        text = self._view.fontMetrics().boundingRect(room, Qt.TextFlag.TextWordWrap, str(index.data() or ""))
        return QSize(width, text.height() + self._air)
