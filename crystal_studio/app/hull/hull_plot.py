"""The drawing of a hull: a line of two elements, a triangle of three, a tetrahedron of four that the mouse turns."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pyqtgraph
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QResizeEvent

from crystal_studio.analysis.hull_geometry import places
from crystal_studio.analysis.phase_diagram import ON_HULL
from crystal_studio.app import theme
from crystal_studio.app.hull.ramp import colour
from crystal_studio.app.hull.reading import HullFacts
from crystal_studio.app.plots import recolour
from crystal_studio.app.typeset import formula_text

TURN = 0.01
"""Radians a pixel."""
START = (0.35, 0.3)
"""Radians: how a tetrahedron is turned about the vertical and towards the eye at first."""


class _Box(pyqtgraph.ViewBox):
    """Turns instead of moving where it is told to."""

    turned = Signal(float, float)
    turning = False

    def mouseDragEvent(self, ev: Any, axis: Any = None) -> None:
        if not self.turning or ev.button() != Qt.MouseButton.LeftButton:
            super().mouseDragEvent(ev, axis)
            return
        ev.accept()
        step: QPointF = ev.screenPos() - ev.lastScreenPos()
        self.turned.emit(step.x() * TURN, step.y() * TURN)


class HullPlot(pyqtgraph.PlotWidget):
    """``picked`` carries the row of a point that was clicked."""

    picked = Signal(int)

    def __init__(self, parent: Any = None) -> None:
        self._box = _Box()
        super().__init__(parent, viewBox=self._box)
        self.setMenuEnabled(False)
        self.hideButtons()
        self.setAccessibleName("Convex hull")
        self.getPlotItem().layout.setContentsMargins(0, 8, 8, 4)
        for side in ("left", "bottom"):
            self.getAxis(side).enableAutoSIPrefix(False)
        self._box.turned.connect(self._turn)
        self._facts: HullFacts | None = None
        self._angles = START
        self._chosen = -1
        self._labels: list[tuple[Any, NDArray[np.float64]]] = []

    def show_facts(self, facts: HullFacts, chosen: int) -> None:
        """Draw another system, or ring another point."""
        another = self._facts is None or facts.system != self._facts.system
        self._facts, self._chosen = facts, chosen
        if another:
            self._angles = START
        self.redraw()
        if another:
            self.frame()

    def frame(self) -> None:
        """Bring everything into view."""
        facts = self._facts
        if facts is None or facts.phases is None:
            return
        k = len(facts.phases.elements)
        if k == 2:
            energy = facts.phases.formation_energy[np.isfinite(facts.phases.formation_energy)]
            low, high = float(energy.min(initial=-0.1)), float(np.minimum(energy, 0.3).max(initial=0.05))
            below = 0.16 * (high - low)  # room for names
            self._box.setRange(xRange=(0, 1), yRange=(low - below, high), padding=0.04)
        elif k == 3:
            self._box.setRange(xRange=(-0.08, 1.08), yRange=(-0.15, 3**0.5 / 2 + 0.08), padding=0)
        else:
            self._box.setRange(xRange=(-0.6, 0.6), yRange=(-0.48, 0.72), padding=0)

    def redraw(self) -> None:
        """Everything anew, in the colours of the theme."""
        self.clear()
        self._labels = []
        recolour(self)
        facts = self._facts
        if facts is None or facts.phases is None:
            return
        k = len(facts.phases.elements)
        plane = k > 2
        self._box.turning = k == 4
        self._box.setAspectLocked(plane)
        self.getPlotItem().showAxes((not plane, False, False, not plane))
        if plane:
            at = places(facts.phases.composition)
            corners = places(np.eye(k))
            if k == 4:
                at, corners = self._flat(at), self._flat(corners)
            self._corners(corners, facts.phases.symbols)
        else:
            at = np.column_stack([facts.phases.composition[:, 1], facts.phases.formation_energy])
            first, second = facts.phases.symbols
            muted = theme.tokens().muted
            self.setLabel("bottom", f"x in {first}<sub>1−x</sub>{second}<sub>x</sub>", color=muted)
            self.setLabel("left", "Formation energy, eV/atom", color=muted)
            self.getAxis("left").setWidth(56)
            self._band(facts)
        self._ties(at, facts, faint=k == 4)
        self._points(at, facts)
        self._name_phases(at, facts)
        self._place_labels()

    def _flat(self, at: NDArray) -> NDArray[np.float64]:
        """(n, 2) of points (n, 3), as they are seen."""
        around, up = self._angles
        x = at[:, 0] * np.cos(around) + at[:, 1] * np.sin(around)
        depth = -at[:, 0] * np.sin(around) + at[:, 1] * np.cos(around)
        return np.column_stack([x, at[:, 2] * np.cos(up) - depth * np.sin(up)])

    def _turn(self, around: float, up: float) -> None:
        self._angles = (self._angles[0] + around, float(np.clip(self._angles[1] + up, -1.5, 1.5)))
        self.redraw()

    def _corners(self, corners: NDArray, symbols: tuple[str, ...]) -> None:
        t = theme.tokens()
        pen = pyqtgraph.mkPen(QColor(t.line_strong), width=1.2)
        for a, b in combinations(range(len(corners)), 2):
            self.addItem(pyqtgraph.PlotDataItem(corners[[a, b], 0], corners[[a, b], 1], pen=pen), ignoreBounds=True)
        middle = corners.mean(0)
        for corner, symbol in zip(corners, symbols, strict=True):
            out = corner + 0.055 * (corner - middle) / max(float(np.linalg.norm(corner - middle)), 1e-6)
            text = pyqtgraph.TextItem(symbol, QColor(t.text), anchor=(0.5, 0.5))
            font = QFont(self.font())
            font.setWeight(QFont.Weight.DemiBold)
            text.setFont(font)
            text.setPos(float(out[0]), float(out[1]))
            self.addItem(text, ignoreBounds=True)

    def _band(self, facts: HullFacts) -> None:
        """How far the potential errs on the average, above the line of a binary hull."""
        assert facts.phases is not None
        if facts.error is None or not len(facts.phases.ties):
            return
        ends = facts.phases.ties
        rows = np.concatenate([ends[:, 0], ends[-1:, 1]])
        x, y = facts.phases.composition[rows, 1], facts.phases.formation_energy[rows]
        fill = QColor(theme.tokens().series[0])
        fill.setAlpha(36)
        lower, upper = (pyqtgraph.PlotCurveItem(x, y + sign * facts.error.below) for sign in (-1, 1))
        self.addItem(pyqtgraph.FillBetweenItem(lower, upper, brush=fill), ignoreBounds=True)

    def _ties(self, at: NDArray, facts: HullFacts, faint: bool) -> None:
        assert facts.phases is not None
        shade = QColor(theme.tokens().muted)
        shade.setAlpha(50 if faint else 130)
        ends = facts.phases.ties.reshape(-1)
        if len(ends):
            line = pyqtgraph.PlotDataItem(
                at[ends, 0], at[ends, 1], connect="pairs", pen=pyqtgraph.mkPen(shade, width=1.2)
            )
            self.addItem(line, ignoreBounds=True)

    def _points(self, at: NDArray, facts: HullFacts) -> None:
        assert facts.phases is not None
        t = theme.tokens()
        e_hull, known = facts.phases.e_hull, facts.phases.known
        edge = pyqtgraph.mkPen(QColor(t.surface), width=0.8)
        number = np.arange(len(at))
        on_hull = (number < known) & (e_hull <= ON_HULL)
        # The ring below all points, which are to be clicked.
        if 0 <= self._chosen < len(at):
            here = at[[self._chosen]]
            ring = pyqtgraph.ScatterPlotItem(
                x=here[:, 0], y=here[:, 1], size=17, brush=None, pen=pyqtgraph.mkPen(QColor(t.text), width=2)
            )
            self.addItem(ring, ignoreBounds=True)
        # Known phases first, so that candidates lie above them, and of one composition the best above all.
        worst_first = number[np.argsort(-np.nan_to_num(e_hull, nan=np.inf), kind="stable")]
        for rows, symbol in ((worst_first[worst_first < known], "d"), (worst_first[worst_first >= known], "o")):
            spots = pyqtgraph.ScatterPlotItem(
                x=at[rows, 0],
                y=at[rows, 1],
                data=rows,
                symbol=symbol,
                size=np.where(on_hull[rows], 12, 8),
                brush=[colour(float(e)) for e in e_hull[rows]],
                pen=edge,
                hoverable=True,
                hoverSize=14,
                tip=lambda x, y, data: facts.described(int(data)),
            )
            spots.sigClicked.connect(lambda _, found, *rest: self.picked.emit(int(found[0].data())))
            self.addItem(spots, ignoreBounds=True)

    def _name_phases(self, at: NDArray, facts: HullFacts) -> None:
        """Formulas of the phases on the hull that are no elements, to be shown where there is room."""
        assert facts.phases is not None
        t = theme.tokens()
        kinds = (facts.phases.composition > 0).sum(1)
        rows = np.unique(facts.phases.ties)
        for row in sorted(rows[kinds[rows] > 1].tolist(), key=lambda r: int(kinds[r])):
            text = pyqtgraph.TextItem(formula_text(facts.phases.formulas[row]), QColor(t.muted), anchor=(0.5, -0.25))
            text.setPos(float(at[row, 0]), float(at[row, 1]))
            self.addItem(text, ignoreBounds=True)
            self._labels.append((text, at[row]))

    def _place_labels(self) -> None:
        """Show a name where it covers no other."""
        metrics = QFontMetricsF(self.font())
        taken: list[tuple[float, float]] = []
        width = metrics.horizontalAdvance("LiMn₂O₄") + 4
        for text, at in self._labels:
            spot = self._box.mapViewToScene(QPointF(float(at[0]), float(at[1])))
            free = all(abs(spot.x() - x) > width or abs(spot.y() - y) > metrics.height() for x, y in taken)
            text.setVisible(free)
            if free:
                taken.append((spot.x(), spot.y()))

    def resizeEvent(self, ev: QResizeEvent) -> None:
        super().resizeEvent(ev)
        if hasattr(self, "_labels"):
            self._place_labels()
