"""A drawing of a building block: flat, carbon as corners, hydrogen left out, rings where it is joined to others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from crystal_studio.app import theme
from crystal_studio.design.offers import Sketch

MARGIN = 22
MOST = 34.0
"""Pixels an Angstrom, at most."""
RING = 4.5


class SketchView(QWidget):
    """Shows one sketch, or nothing."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumSize(220, 200)
        self._sketch: Sketch | None = None

    def show_sketch(self, sketch: Sketch | None, name: str = "") -> None:
        """Draw another one, which is called ``name``."""
        self._sketch = sketch
        self.setAccessibleName(f"Drawing of {name}" if name else "")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._sketch is None or not len(self._sketch.symbols):
            return
        sketch, tokens = self._sketch, theme.tokens()
        places = flat(np.concatenate([sketch.positions, sketch.ends]))
        places = _fitted(places, self.width(), self.height())
        atoms, ends = places[: len(sketch.symbols)], places[len(sketch.symbols) :]
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        text, joined = QColor(tokens.text), QColor(tokens.accent)
        shown = drawn(sketch)
        for (i, j), order in zip(sketch.bonds.tolist(), sketch.order.tolist(), strict=True):
            if shown[i] and shown[j]:
                _bond(painter, QPen(text, 1.6), atoms[i], atoms[j], order)
        painter.setPen(QPen(joined, 1.4, Qt.PenStyle.DashLine))
        for at, atom in zip(ends, sketch.end_atom.tolist(), strict=True):
            painter.drawLine(QPointF(*atoms[atom]), QPointF(*at))
        painter.setPen(QPen(joined, 1.6))
        painter.setBrush(self.palette().window())
        for at in ends:
            painter.drawEllipse(QPointF(*at), RING, RING)
        painter.setPen(text)
        for symbol, at, seen in zip(sketch.symbols, atoms, shown, strict=True):
            if not seen or (symbol == "C" and len(sketch.bonds)):
                continue
            size = painter.fontMetrics().boundingRect(symbol).size()
            box = QRectF(at[0] - size.width() / 2 - 2, at[1] - size.height() / 2, size.width() + 4, size.height())
            painter.fillRect(box, self.palette().window())
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, symbol)


def flat(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, 2) of points (n, 3), seen from where they spread most."""
    centred = places - places.mean(0)
    _, _, axes = np.linalg.svd(centred, full_matrices=True)
    return centred @ axes[:2].T


def drawn(sketch: Sketch) -> list[bool]:
    """Of each atom whether it is drawn: hydrogen on carbon is not."""
    on_carbon = set()
    for i, j in sketch.bonds.tolist():
        for one, other in ((i, j), (j, i)):
            if sketch.symbols[one] == "H" and sketch.symbols[other] == "C":
                on_carbon.add(one)
    return [atom not in on_carbon for atom in range(len(sketch.symbols))]


def _fitted(places: NDArray[np.float64], width: int, height: int) -> NDArray[np.float64]:
    """In pixels, in the middle, with a margin; the wider side lies across."""
    low, high = places.min(0), places.max(0)
    spread = np.maximum(high - low, 1e-6)
    scale = min((width - 2 * MARGIN) / spread[0], (height - 2 * MARGIN) / spread[1], MOST)
    return (places - (low + high) / 2) * scale + [width / 2, height / 2]


def _bond(painter: QPainter, pen: QPen, one: NDArray, other: NDArray, order: float) -> None:
    painter.setPen(pen)
    along = other - one
    length = float(np.hypot(*along))
    aside = np.array([-along[1], along[0]]) / max(length, 1e-6) * 2.2
    if order < 1.4:
        painter.drawLine(QPointF(*one), QPointF(*other))
        return
    second = QPen(pen)
    if order < 1.9:  # aromatic
        second.setStyle(Qt.PenStyle.DotLine)
    painter.drawLine(QPointF(*(one + aside)), QPointF(*(other + aside)))
    painter.setPen(second)
    painter.drawLine(QPointF(*(one - aside)), QPointF(*(other - aside)))
    if order > 2.5:
        painter.drawLine(QPointF(*one), QPointF(*other))
