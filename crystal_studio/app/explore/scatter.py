"""Any property against any other; a rectangle drawn selects in the table, a click shows the candidate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QShowEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from crystal_studio.app import theme
from crystal_studio.app.background import Background
from crystal_studio.app.numbers_text import count
from crystal_studio.app.plots import plot_widget, recolour
from crystal_studio.app.widgets import label

if TYPE_CHECKING:
    from crystal_studio.project.queries import ProjectReader

LIMIT = 20_000
PROPERTIES = (
    ("e_hull", "Energy above hull, eV/atom"),
    ("formation_energy", "Formation energy, eV/atom"),
    ("predicted_e_above_hull", "Predicted energy above hull, eV/atom"),
    ("predicted_formation_energy_per_atom", "Predicted formation energy, eV/atom"),
    ("predicted_band_gap", "Predicted band gap, eV"),
    ("density", "Density, g/cm³"),
    ("volume_per_atom", "Volume per atom, Å³"),
    ("n_atoms", "Atoms in the conventional cell"),
    ("n_orbits", "Orbits"),
    ("space_group", "Space group number"),
    ("nearest_distance", "Distance to nearest known"),
    ("energy_per_atom", "Energy, eV/atom"),
)


def pareto(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.int64]:
    """Indices of the points that no other point beats in both low x and low y, in order of x."""
    order = np.lexsort((y, x))
    best = np.minimum.accumulate(y[order])
    first = np.concatenate([[True], best[1:] < best[:-1]]) if len(order) else np.zeros(0, bool)
    return order[first]


class ScatterView(QWidget):
    """``picked`` carries the id of a clicked candidate."""

    picked = Signal(int)

    def __init__(self, background: Background, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._background = background
        self._reader: ProjectReader | None = None
        self._where = ""
        self._data: tuple[NDArray, NDArray, NDArray] = (np.zeros(0), np.zeros(0), np.zeros(0, np.int64))
        self._current = 0
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 6, 10, 8)
        row = QHBoxLayout()
        self.y_axis, self.x_axis = _choice("Vertical axis", "e_hull"), _choice("Horizontal axis", "density")
        row.addWidget(self.y_axis)
        row.addWidget(label("against", "muted"))
        row.addWidget(self.x_axis)
        row.addStretch(1)
        self.note = label("", "small")
        row.addWidget(self.note)
        column.addLayout(row)
        self.plot: Any = plot_widget()
        column.addWidget(self.plot, 1)
        for box in (self.x_axis, self.y_axis):
            box.currentIndexChanged.connect(lambda _: self.reload())
        theme.manager().changed.connect(self._draw)
        recolour(self.plot)

    def show_candidates(self, reader: ProjectReader | None, where: str) -> None:
        """Plot the candidates that a filter lists."""
        self._reader, self._where = reader, where
        self.reload()

    def set_current(self, candidate_id: int) -> None:
        """Ring the candidate that is looked at."""
        if candidate_id != self._current:
            self._current = candidate_id
            self._draw()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.reload()

    def reload(self) -> None:
        """Read the two columns again; only while the plot is on screen."""
        if self._reader is None or not self.isVisible():
            return
        reader, where, names = self._reader, self._where, (self.x_axis.currentData(), self.y_axis.currentData())

        def read(_: object) -> tuple[NDArray, NDArray, NDArray]:
            found = reader.columns(["id", *dict.fromkeys(names)], where)
            x, y = (np.asarray(found[n], np.float64) for n in names)
            good = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
            if len(good) > LIMIT:  # an even thinning, the same at every look
                good = good[np.linspace(0, len(good) - 1, LIMIT).astype(np.int64)]
            return x[good], y[good], np.asarray(found["id"], np.int64)[good]

        self._background.run(read, self._take, key="scatter")

    def _take(self, data: tuple[NDArray, NDArray, NDArray]) -> None:
        self._data = data
        self._draw()

    def _draw(self) -> None:
        import pyqtgraph

        recolour(self.plot)
        self.plot.clear()
        x, y, ids = self._data
        t = theme.tokens()
        for side, box in (("bottom", self.x_axis), ("left", self.y_axis)):
            self.plot.setLabel(side, box.currentText(), color=t.muted)
        text = (
            f"{count(len(ids))} candidates, dashed: none is lower in both"
            if len(ids)
            else "No listed candidate has both values yet"
        )
        self.note.setText(f"{text}, thinned" if len(ids) == LIMIT else text)
        if not len(ids):
            return
        colour = QColor(t.series[0])
        colour.setAlpha(150)
        points = pyqtgraph.ScatterPlotItem(x=x, y=y, data=ids, size=7, brush=colour, pen=None, hoverable=True)
        points.sigClicked.connect(lambda _, spots, *rest: self.picked.emit(int(spots[0].data())))
        self.plot.addItem(points)
        front = pareto(x, y)
        pen = pyqtgraph.mkPen(QColor(t.series[1]), width=1.5, style=Qt.PenStyle.DashLine)
        self.plot.plot(x[front], y[front], pen=pen)
        here = np.flatnonzero(ids == self._current)
        if len(here):
            ring = pyqtgraph.mkPen(QColor(t.text), width=2)
            self.plot.addItem(pyqtgraph.ScatterPlotItem(x=x[here], y=y[here], size=13, brush=None, pen=ring))
        self.plot.autoRange(padding=0.05)


def _choice(name: str, key: str) -> QComboBox:
    box = QComboBox()
    box.setAccessibleName(name)
    # The longest name must not widen the whole window; the list opens as wide as it needs.
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(22)
    for value, title in PROPERTIES:
        box.addItem(title, value)
    box.view().setMinimumWidth(box.view().sizeHintForColumn(0) + 24)
    box.setCurrentIndex(box.findData(key))
    return box
