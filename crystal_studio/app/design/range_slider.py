"""An interval on the range of values that a model saw: two handles to drag; the numbers are typed beside it."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from crystal_studio.app import theme

RADIUS = 7.0


class RangeSlider(QWidget):
    """``moved`` carries (low, high) while a handle is dragged; values beyond the ends are drawn at the ends."""

    moved = Signal(float, float)

    def __init__(self, low: float, high: float, step: float, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ends = (low, high)
        self._step = step
        self._values = (low, high)
        self._active = True
        self._held: int | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        theme.manager().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(200, 26)

    def minimumSizeHint(self) -> QSize:
        return QSize(90, 26)

    def show_values(self, low: float, high: float, active: bool = True) -> None:
        """Draw this interval; greyed where it is not asked for."""
        self._values, self._active = (low, high), active
        self.update()

    def position(self, value: float) -> float:
        """Where a value lies, pixels from the left."""
        low, high = self._ends
        share = (min(max(value, low), high) - low) / (high - low)
        return RADIUS + share * (self.width() - 2 * RADIUS)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            at = event.position().x()
            gaps = [abs(self.position(v) - at) for v in self._values]
            # Of two handles in one place, the one that can move this way.
            self._held = 1 if gaps[1] < gaps[0] or (gaps[0] == gaps[1] and at > self.position(self._values[1])) else 0
            self._move(at)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._held is not None:
            self._move(event.position().x())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._held = None

    def _move(self, at: float) -> None:
        low, high = self._ends
        share = min(max((at - RADIUS) / max(self.width() - 2 * RADIUS, 1.0), 0.0), 1.0)
        value = round(round((low + share * (high - low)) / self._step) * self._step, 6)
        value = min(max(value, low), high)
        if self._held == 0:
            self.moved.emit(min(value, self._values[1]), self._values[1])
        else:
            self.moved.emit(self._values[0], max(value, self._values[0]))

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.tokens()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        middle = self.height() / 2
        painter.setBrush(QColor(t.line_strong if self._active else t.line))
        painter.drawRoundedRect(QRectF(RADIUS, middle - 2, self.width() - 2 * RADIUS, 4), 2, 2)
        left, right = sorted(self.position(v) for v in self._values)
        if not self._active:
            painter.setBrush(QColor(t.sunken))
            painter.drawRoundedRect(QRectF(left, middle - 3, max(right - left, 2), 6), 3, 3)
            return
        painter.setBrush(QColor(t.accent))
        painter.drawRoundedRect(QRectF(left, middle - 3, max(right - left, 2), 6), 3, 3)
        painter.setBrush(QColor(t.surface))
        painter.setPen(QPen(QColor(t.accent), 2))
        for x in (left, right):
            painter.drawEllipse(QPointF(x, middle), RADIUS - 1.5, RADIUS - 1.5)
