"""One page an analysis: each shows what was found, and says what it has for the table and the picture to take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from crystal_studio.app import theme
from crystal_studio.app.analysis.reading import Powder, figures_text
from crystal_studio.app.inspector.parts import CopyTable, selectable
from crystal_studio.app.plots import PlotPlace, recolour

if TYPE_CHECKING:
    from crystal_studio.analysis.protocol import Analysis

PAIRS = 6
"""Pairs of elements that are drawn beside the whole: as many as there are colours for."""


class PlotPage(QWidget):
    """A plot with a line of figures below it."""

    def __init__(self, name: str, across: str, up: str) -> None:
        super().__init__()
        self.setProperty("role", "plain")
        self._axes = (name, across, up)
        self.found: Analysis | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(2)
        self.place = PlotPlace(self._prepare)
        self._column.addWidget(self.place, 1)
        self.note = selectable("", "small", wrap=True)
        self.note.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self._column.addWidget(self.note)
        theme.manager().changed.connect(self.redraw)

    @property
    def plot(self) -> Any:
        """The plot, made when first asked for."""
        return self.place.plot

    def _prepare(self, plot: Any) -> None:
        name, across, up = self._axes
        plot.setAccessibleName(name)
        plot.setLabel("bottom", across)
        plot.setLabel("left", up)
        plot.addLegend(offset=(-8, 4), labelTextSize="9pt")
        self.redraw()

    def redraw(self) -> None:
        """Everything anew, in the colours of the theme."""
        if not self.place.made:
            return
        t = theme.tokens()
        recolour(self.plot)
        self.plot.clear()
        legend = self.plot.getPlotItem().legend
        legend.setLabelTextColor(QColor(t.text))
        for side in ("left", "bottom"):
            axis = self.plot.getAxis(side)
            axis.setLabel(axis.labelText, color=t.muted)
        if self.found is not None:
            self.draw()

    def show_found(self, found: Any) -> None:
        """Draw another crystal's."""
        self.found = found
        self.note.setText(figures_text(found))
        self.redraw()

    def draw(self) -> None:
        """What was found."""
        raise NotImplementedError

    def line(self, x: Any, y: Any, colour: str, name: str | None = None, width: float = 1.5) -> None:
        """One curve; with a name it stands in the legend."""
        import pyqtgraph

        self.plot.plot(x, y, pen=pyqtgraph.mkPen(QColor(colour), width=width), name=name)


class PowderPage(PlotPage):
    """The calculated pattern with its reflections as marks, and a measured one over it."""

    def __init__(self) -> None:
        super().__init__("Powder pattern", "2θ, °", "Intensity, %")
        self.shown: Powder | None = None

    def show_found(self, shown: Powder) -> None:
        """Draw another pattern."""
        self.shown = shown
        super().show_found(shown.found)

    def draw(self) -> None:
        import pyqtgraph

        assert self.shown is not None and self.found is not None
        shown, t = self.shown, theme.tokens()
        if shown.measured is not None:
            counts = shown.measured.intensity - shown.measured.intensity.min()
            self.line(shown.measured.angle, 100 * counts / max(float(counts.max()), 1e-9), t.series[1], "measured", 1.2)
        top = max(float(shown.intensity.max(initial=0.0)), 1e-9)
        name = "calculated" if shown.measured is not None else None
        self.line(shown.angle, 100 * shown.intensity / top, t.series[0], name)
        values = self.found.values
        ticks = pyqtgraph.ScatterPlotItem(
            x=np.array(values["two_theta"]),
            y=np.full(len(values["two_theta"]), -4.0),
            data=np.arange(len(values["two_theta"])),
            symbol="|",
            size=9,
            pen=pyqtgraph.mkPen(QColor(t.muted), width=1),
            hoverable=True,
            hoverSize=14,
            tip=lambda x, y, data: self._reflection(int(data)),
        )
        self.plot.addItem(ticks)
        self.plot.setYRange(-7, 104, padding=0)
        self.plot.setXRange(float(shown.angle[0]), float(shown.angle[-1]), padding=0.01)

    def _reflection(self, at: int) -> str:
        assert self.found is not None
        v = self.found.values
        return f"{v['hkl'][at]}\n2θ {v['two_theta'][at]:.3f}°, d {v['d'][at]:.4f} Å, {v['intensity'][at]:.1f}%"


class DistancesPage(PlotPage):
    """g(r) of all atoms and of each pair of elements."""

    def __init__(self) -> None:
        super().__init__("Radial distribution", "r, Å", "g(r)")

    def draw(self) -> None:
        assert self.found is not None
        values, t = self.found.values, theme.tokens()
        pairs = [key for key in values if key not in ("r", "total")][:PAIRS]
        several = len(pairs) > 1
        self.plot.getPlotItem().legend.setColumnCount(len(pairs) + 1)
        for colour, pair in zip(t.series, pairs if several else (), strict=False):
            self.line(values["r"], values[pair], colour, pair, 1.2)
        self.line(values["r"], values["total"], t.text if several else t.series[0], "all" if several else None, 2)
        self.plot.setXRange(0, float(values["r"][-1]), padding=0.01)
        highest = max(max(values[key]) for key in ("total", *pairs))
        self.plot.setYRange(0, 1.25 * highest, padding=0.02)  # room for the legend


class VibrationsPage(PlotPage):
    """Levels of every wave vector; imaginary ones below zero."""

    def __init__(self) -> None:
        super().__init__("Vibrations", "wave vector, reciprocal lattice", "Frequency, THz")

    def draw(self) -> None:
        import pyqtgraph

        assert self.found is not None
        v, t = self.found.values, theme.tokens()
        vectors = list(dict.fromkeys(zip(v["qx"], v["qy"], v["qz"], strict=True)))
        place = {q: k for k, q in enumerate(vectors)}
        at = np.array([place[q] for q in zip(v["qx"], v["qy"], v["qz"], strict=True)], float)
        frequency = np.array(v["frequency"], float)
        for which, colour in ((frequency >= -0.05, t.series[0]), (frequency < -0.05, t.danger)):
            x = np.stack([at[which] - 0.35, at[which] + 0.35], 1).ravel()
            pen = pyqtgraph.mkPen(QColor(colour), width=1.6)
            self.plot.plot(x, np.repeat(frequency[which], 2), connect="pairs", pen=pen)
        self.plot.addItem(pyqtgraph.InfiniteLine(0, angle=0, pen=pyqtgraph.mkPen(QColor(t.line_strong), width=1)))
        few = len(vectors) <= 8
        names = [(k, " ".join(f"{c:.3g}" for c in q)) for k, q in enumerate(vectors)]
        self.plot.getAxis("bottom").setTicks([names if few else [names[0]]])
        self.plot.setXRange(-0.5, len(vectors) - 0.5, padding=0.02)
        self.plot.enableAutoRange(axis="y")


class TablePage(QWidget):
    """The table of an analysis with its figures above."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setProperty("role", "plain")
        self._name = name
        self.found: Analysis | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self.note = selectable("", "small", wrap=True)
        self.note.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self.table = CopyTable(["–"], name, stretch=0)
        self._column.addWidget(self.table, 1)
        self._column.addWidget(self.note)

    def show_found(self, found: Analysis) -> None:
        """Show another crystal's."""
        self.found = found
        columns = list(found.columns.values())
        table = CopyTable([column.heading for column in columns], self._name, stretch=0)
        numbers = [k for k, key in enumerate(found.columns) if any(isinstance(x, float) for x in found.values[key])]
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for k in numbers:
            heading = table.horizontalHeaderItem(k)
            if heading is not None:
                heading.setTextAlignment(right)
        for row in found.rows:
            cells = []
            for key, column in found.columns.items():
                value = row[key]
                text = "–" if value is None else value if isinstance(value, str) else _number(value, column.format)
                cells.append((text, ""))
            table.add_row(cells, right=numbers)
        self._column.replaceWidget(self.table, table)
        self.table.deleteLater()
        self.table = table
        self.note.setText(figures_text(found))


def _number(value: Any, form: str) -> str:
    """As people read it: no zero with a minus."""
    return format(value, f"z{form}" if isinstance(value, float) and not form.startswith("+") else form)
