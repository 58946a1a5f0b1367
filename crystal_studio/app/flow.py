"""Rows that take further lines where they are narrow."""

from __future__ import annotations

from PySide6.QtCore import QMargins, QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem, QSizePolicy, QWidget


class FlowLayout(QLayout):
    """Items from left to right, on as many lines as are needed."""

    def __init__(self, parent: QWidget | None = None, spacing: int = 4, centred: bool = False) -> None:
        super().__init__(parent)
        self._centred = centred
        self._items: list[QLayoutItem] = []
        self.setContentsMargins(0, 0, 0, 0)
        self.setSpacing(spacing)

    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:  # type: ignore[override]
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:  # type: ignore[override]
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        margins = self.contentsMargins()
        inside = QRect(0, 0, width, 0).marginsRemoved(QMargins(margins.left(), 0, margins.right(), 0))
        return self._arrange(inside, move=False) + margins.top() + margins.bottom()

    def setGeometry(self, rect: QRect) -> None:
        super().setGeometry(rect)
        self._arrange(rect.marginsRemoved(self.contentsMargins()), move=True)

    def sizeHint(self) -> QSize:
        return self.minimumSize()

    def minimumSize(self) -> QSize:
        size = QSize()
        for item in self._items:
            size = size.expandedTo(item.minimumSize())
        return size.grownBy(self.contentsMargins())

    def clear(self) -> None:
        """Drop and delete every widget."""
        while self._items:
            widget = self._items.pop().widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()

    def _lines(self, width: int) -> list[list[tuple[QLayoutItem, QSize]]]:
        """What stands on each line, with its size; what is hidden stands on none."""
        lines: list[list[tuple[QLayoutItem, QSize]]] = []
        room = 0
        for item, hint in ((item, item.sizeHint()) for item in self._items if not item.isEmpty()):
            if not lines or hint.width() > room:
                lines.append([])
                room = width
            lines[-1].append((item, hint))
            room -= hint.width() + self.spacing()
        return lines

    def _arrange(self, rect: QRect, move: bool) -> int:
        y = rect.y()
        for line in self._lines(rect.width()):
            high = max(hint.height() for _, hint in line)
            wide = sum(hint.width() + self.spacing() for _, hint in line) - self.spacing()
            x = rect.x() + (max(rect.width() - wide, 0) // 2 if self._centred else 0)
            for item, hint in line:
                if move:
                    item.setGeometry(QRect(QPoint(x, y + (high - hint.height()) // 2), hint))
                x += hint.width() + self.spacing()
            y += high + self.spacing()
        return max(y - self.spacing() - rect.y(), 0)


class FlowRow(QWidget):
    """Widgets in a row that takes further lines where it is narrow."""

    def __init__(self, parent: QWidget | None = None, spacing: int = 4, centred: bool = False, least: int = 0) -> None:
        """``least`` pixels wide it stays, where what is added needs as much: around it Qt asks for the height that the
        narrowest row needs."""
        super().__init__(parent)
        self._least, self._whole = least, 0
        self.setProperty("role", "plain")
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.flow = FlowLayout(self, spacing, centred)

    def add(self, *widgets: QWidget) -> None:
        """Put these behind the others."""
        for widget in widgets:
            self.flow.addWidget(widget)
            widget.ensurePolished()
            self._whole += widget.sizeHint().width() + self.flow.spacing()
        self.setMinimumWidth(min(self._least, self._whole))

    def sizeHint(self) -> QSize:
        width = max(self.minimumWidth(), self.flow.minimumSize().width())
        return QSize(width, self.flow.heightForWidth(width))
