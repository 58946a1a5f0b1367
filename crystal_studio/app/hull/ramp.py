"""Colours of energies above hull, from the first to the second colour of plots: told apart without red and green."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from crystal_studio.app import theme

HIGHEST = 0.2
"""eV/atom above the hull from which on the colour stays."""


def colour(e_hull: float) -> QColor:
    """Of one energy above hull in eV/atom; grey where it is unknown."""
    t = theme.tokens()
    if not np.isfinite(e_hull):
        return QColor(t.line_strong)
    low, high = QColor(t.series[0]), QColor(t.series[1])
    part = float(np.clip(e_hull / HIGHEST, 0.0, 1.0))

    def between(first: float, second: float) -> float:
        return first + part * (second - first)

    return QColor.fromRgbF(
        between(low.redF(), high.redF()), between(low.greenF(), high.greenF()), between(low.blueF(), high.blueF())
    )


class RampLegend(QWidget):
    """The colours from 0 to ``HIGHEST`` eV/atom, with both ends named."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Colours of energies above hull")
        self.setToolTip("Colour of a point: energy above hull, eV/atom")
        metrics = self.fontMetrics()
        self._room = (metrics.horizontalAdvance("0 "), metrics.horizontalAdvance(f" ≥ {HIGHEST:g} eV/atom"))
        self.setFixedSize(sum(self._room) + 56, metrics.height() + 4)
        theme.manager().changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        box = QRectF(self.rect())
        bar = QRectF(self._room[0], box.center().y() - 4, box.width() - sum(self._room), 8)
        gradient = QLinearGradient(QPointF(bar.left(), 0), QPointF(bar.right(), 0))
        for part in np.linspace(0, 1, 5):
            gradient.setColorAt(float(part), colour(float(part) * HIGHEST))
        painter.fillRect(bar, gradient)
        painter.setPen(QColor(theme.tokens().muted))
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(box, middle | Qt.AlignmentFlag.AlignLeft, "0")
        painter.drawText(box, middle | Qt.AlignmentFlag.AlignRight, f"≥ {HIGHEST:g} eV/atom")
