"""Plots in the colours of the theme; pyqtgraph is imported with the first plot."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtGui import QColor, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from crystal_studio.app import theme
from crystal_studio.app.numbers_text import count, plural
from crystal_studio.app.widgets import label

if TYPE_CHECKING:
    from crystal_studio.app.run.statistics import Bars, Histogram

LEAST_HEIGHT = 110


def plot_widget() -> Any:
    """A pyqtgraph PlotWidget that follows the theme."""
    import pyqtgraph

    pyqtgraph.setConfigOptions(antialias=True)
    made = pyqtgraph.PlotWidget()
    made.setMenuEnabled(False)
    made.hideButtons()
    made.setMinimumHeight(LEAST_HEIGHT)
    made.getPlotItem().layout.setContentsMargins(0, 8, 4, 5)  # half of the uppermost number stands above its axis
    made.getAxis("left").setWidth(46)
    made.getAxis("bottom").setHeight(40)
    for side in ("left", "bottom"):
        made.getAxis(side).enableAutoSIPrefix(False)  # 0.6 eV must not be drawn as 600
    return made


def recolour(plot: Any) -> None:
    """Bring a plot's ground and axes to the colours of the theme."""
    t = theme.tokens()
    plot.setBackground(QColor(t.surface))
    for side in ("left", "bottom"):
        axis = plot.getAxis(side)
        axis.setPen(QColor(t.line_strong))
        axis.setTextPen(QColor(t.muted))


class PlotPlace(QWidget):
    """Room for a plot, which is made once it is on screen or asked for: pyqtgraph takes longer than the window.

    ``prepare`` sets the new plot up and draws what there is to draw.
    """

    def __init__(self, prepare: Callable[[Any], None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._prepare = prepare
        self._plot: Any = None
        self.setMinimumHeight(LEAST_HEIGHT)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)

    @property
    def made(self) -> bool:
        """Whether there is a plot to draw on yet."""
        return self._plot is not None

    @property
    def plot(self) -> Any:
        """The plot."""
        if self._plot is None:
            self._plot = plot_widget()
            recolour(self._plot)
            self._column.addWidget(self._plot)
            self._prepare(self._plot)
        return self._plot

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        assert self.plot is not None


class PlotCard(QWidget):
    """A titled plot with a note that names what is drawn."""

    def __init__(self, title: str, axis: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "plain")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        self.title = label(title, "section")
        column.addWidget(self.title)
        self.note = label("", "small")
        column.addWidget(self.note)
        self._axis = axis
        self._draw: tuple[str, Any, Any] | None = None
        self._place = PlotPlace(self._prepare)
        keep = self._place.sizePolicy()
        keep.setRetainSizeWhenHidden(True)  # axes without anything between them say nothing
        self._place.setSizePolicy(keep)
        column.addWidget(self._place, 1)
        theme.manager().changed.connect(self._again)

    @property
    def plot(self) -> Any:
        """The plot, made when first asked for."""
        return self._place.plot

    def _prepare(self, plot: Any) -> None:
        plot.setMouseEnabled(x=False, y=False)
        self._name(plot)
        self._again()

    def set_axis(self, title: str, axis: str) -> None:
        """Plot another quantity."""
        if (title, axis) == (self.title.text(), self._axis):
            return
        self.title.setText(title)
        self._axis = axis
        if self._place.made:
            self._name(self.plot)

    def _name(self, plot: Any) -> None:
        plot.setAccessibleName(self.title.text())
        plot.setLabel("bottom", self._axis)

    def clear(self, note: str = "") -> None:
        """Nothing to draw yet."""
        self._draw = None
        self._place.hide()
        self.note.setText(note)
        if self._place.made:
            self.plot.clear()
            self.plot.getAxis("bottom").setTicks(None)

    def show_histogram(self, data: Histogram, mark: float | None = None, empty: str = "") -> None:
        """Bars of a histogram, with a line at ``mark``."""
        self._draw = ("histogram", data, mark)
        outside = f", {count(data.outside)} beyond the axis" if data.outside else ""
        self.note.setText(f"{plural(data.total, 'candidate')}{outside}" if data.total else empty)
        self._place.setVisible(data.total > 0)
        self._again()

    def show_bars(self, data: Bars, note: str, empty: str = "") -> None:
        """Bars of shares, with the training data's as ticks beside them."""
        self._draw = ("bars", data, None)
        self.note.setText(note if data.names else empty)
        self._place.setVisible(bool(data.names))
        self._again()

    def _again(self) -> None:
        if not self._place.made:
            return
        recolour(self.plot)
        if self._draw is None:
            return
        import pyqtgraph

        t = theme.tokens()
        kind, data, mark = self._draw
        self.plot.clear()
        if kind == "histogram":
            width = float(data.edges[1] - data.edges[0])
            self.plot.addItem(
                pyqtgraph.BarGraphItem(
                    x0=data.edges[:-1], width=width * 0.92, height=data.counts, brush=QColor(t.series[0]), pen=None
                )
            )
            if mark is not None:
                pen = pyqtgraph.mkPen(QColor(t.series[1]), width=1.5, style=pyqtgraph.QtCore.Qt.PenStyle.DashLine)
                self.plot.addItem(pyqtgraph.InfiniteLine(mark, pen=pen))
            self.plot.setXRange(float(data.edges[0]), float(data.edges[-1]), padding=0.01)
            # Counts are whole numbers, so are their ticks.
            few = data.counts.max(initial=0) < 5
            self.plot.getAxis("left").setTickSpacing(*((1, 1) if few else (None, None)))
            self.plot.setYRange(0, 1.06 * max(float(data.counts.max(initial=0)), 1.0), padding=0)
            return
        x = list(range(len(data.names)))
        self.plot.addItem(
            pyqtgraph.BarGraphItem(x=x, width=0.66, height=100 * data.shares, brush=QColor(t.series[0]), pen=None)
        )
        top = float((100 * data.shares).max(initial=1.0))
        if len(data.training):
            for i, share in zip(x, 100 * data.training, strict=True):
                pen = pyqtgraph.mkPen(QColor(t.series[1]), width=2.5)
                self.plot.plot([i - 0.42, i + 0.42], [float(share)] * 2, pen=pen)
            top = max(top, float((100 * data.training).max()))
        self.plot.getAxis("bottom").setTicks([list(zip(x, data.names, strict=True))])
        self.plot.setXRange(-0.7, max(len(x) - 0.3, 5), padding=0)
        self.plot.setYRange(0, 1.06 * top, padding=0)
