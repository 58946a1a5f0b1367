"""Any property against any other; a click shows the candidate, a double click brings every point back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QColor, QKeySequence, QPaintEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QSizePolicy,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from crystal_studio.app import theme
from crystal_studio.app.background import Background
from crystal_studio.app.explore.arrangement import CRYSTALS, Arrangement
from crystal_studio.app.explore.points import Points, axes, described, front_line, has_front, narrow_axis, sign, span
from crystal_studio.app.numbers_text import count, plural
from crystal_studio.app.plots import PlotPlace, recolour
from crystal_studio.app.widgets import label
from crystal_studio.candidates.objectives import Ranking

if TYPE_CHECKING:
    from crystal_studio.project.queries import ProjectReader

LIMIT = 20_000


class ScatterView(QWidget):
    """``picked`` carries the id of a clicked candidate."""

    picked = Signal(int)

    def __init__(self, background: Background, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._background = background
        self._reader: ProjectReader | None = None
        self._where = ""
        self._points = Points()
        self._ranking = Ranking()
        self._current = 0
        self._framed = ("", "")  # the properties whose points have been framed
        self._moved = False  # by the user, since then
        self._chosen = False  # axes, by the user
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 6, 10, 8)
        row = QHBoxLayout()
        self.y_axis, self.x_axis = (
            _choice("Vertical axis", CRYSTALS.y),
            _choice("Horizontal axis", CRYSTALS.x),
        )
        row.addWidget(self.y_axis)
        row.addWidget(label("against", "muted"))
        row.addWidget(self.x_axis)
        self.frame_action = QAction("Show all", self)
        self.frame_action.setShortcut(QKeySequence("F"))
        self.frame_action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        self.frame_action.setToolTip("Bring every point into view (F, or double-click the plot)")
        self.frame_action.triggered.connect(lambda _=False: self.frame())
        self.addAction(self.frame_action)
        button = QToolButton()
        button.setDefaultAction(self.frame_action)
        row.addWidget(button)
        self.note = label("", "small")
        self.note.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.note.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.note.setMinimumWidth(self.note.fontMetrics().horizontalAdvance("000 candidates"))
        row.addWidget(self.note, 1)
        column.addLayout(row)
        self._place = PlotPlace(self._prepare)
        column.addWidget(self._place, 1)
        for box in (self.x_axis, self.y_axis):
            box.currentIndexChanged.connect(lambda _: self.reload())
            box.activated.connect(self._choose)
        theme.manager().changed.connect(self._draw)

    @property
    def plot(self) -> Any:
        """The plot, made when first asked for."""
        return self._place.plot

    def _prepare(self, plot: Any) -> None:
        plot.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        plot.viewport().installEventFilter(self)
        plot.getViewBox().sigRangeChangedManually.connect(self._user_moved)
        self._draw()

    def show_candidates(self, reader: ProjectReader | None, where: str) -> None:
        """Plot the candidates that a filter lists."""
        self._reader, self._where = reader, where
        self._framed = ("", "")
        if reader is None:
            self._take(Points())
        self.reload()

    def show_ranking(self, ranking: Ranking) -> None:
        """Ring the candidates of rank 1 from the next reading on."""
        self._ranking = ranking

    def arrange(self, arrangement: Arrangement, opened: bool = False) -> None:
        """Show the axes of a project; those that the user has chosen stay, but in a project just ``opened`` none that
        nothing there has a value of."""
        boxes = {self.x_axis: arrangement.x, self.y_axis: arrangement.y}
        if opened and any(arrangement.lacks(box.currentData()) for box in boxes):
            self._chosen = False
        if not self._chosen:
            for box, name in boxes.items():
                box.setCurrentIndex(box.findData(name))

    def _choose(self, _index: int = 0) -> None:
        self._chosen = True

    def set_current(self, candidate_id: int) -> None:
        """Ring the candidate that is looked at."""
        if candidate_id != self._current:
            self._current = candidate_id
            self._draw()

    def frame(self) -> None:
        """Bring every point into view."""
        points = self._points
        if not len(points.ids):
            return
        self._moved = False
        box = self.plot.getViewBox()
        x, y = (span(v, name) for v, name in zip((points.x, points.y), points.names, strict=True))
        box.setRange(xRange=x, yRange=y, padding=0.06)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.MouseButtonDblClick:
            self.frame()
            return True
        return super().eventFilter(watched, event)

    def _fit(self) -> None:
        """Say what there is room for: of an axis the symbol where its title does not fit, of the note the number."""
        compared = [objective.in_words for objective in self._ranking.objectives]
        self.note.setToolTip("\n".join([self._note(), *compared]))
        drawn = len(self._points.ids)
        for text in (self._note(), self._note(short=True), *([count(drawn)] if drawn else [])):
            self.note.setText(text)
            if self.note.sizeHint().width() <= self.note.width():
                break
        if not self._place.made:
            return
        plot, colour = self.plot, theme.tokens().muted
        area = plot.getViewBox().sceneBoundingRect()
        for side, box, room in (("bottom", self.x_axis, area.width()), ("left", self.y_axis, area.height())):
            axis = plot.getAxis(side)
            axis.setLabel(box.currentText(), color=colour)
            if axis.label.boundingRect().width() > room:
                axis.setLabel(narrow_axis(box.currentData()), color=colour)

    def _note(self, short: bool = False) -> str:
        drawn, total = len(self._points.ids), self._points.total
        if not drawn:
            return "No values yet" if short else "No listed candidate has both values yet"
        number = f"{count(drawn)} of {count(total)} drawn" if drawn < total else plural(drawn, "candidate")
        if short:
            return number
        if self._ranking.objectives:
            return f"{number}, ringed: on the Pareto front"
        if not has_front(self._points.names):
            return number
        low = all(sign(name) > 0 for name in self._points.names)
        return f"{number}, dashed: none is {'lower' if low else 'better'} in both"

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        QTimer.singleShot(0, self, self._fit)  # once the plot has its new size too

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.reload()

    def reload(self) -> None:
        """Read the points again; only while the plot is on screen."""
        if self._reader is None or not self.isVisible():
            return
        reader, where, (x, y) = self._reader, self._where, (self.x_axis.currentData(), self.y_axis.currentData())
        first = self._ranking.front

        def read(_: object) -> Points:
            from crystal_studio.project import statistics

            across, up, ids, formulas, total = statistics.points(reader, x, y, LIMIT, where)
            ringed = statistics.points(reader, x, y, len(first), statistics.with_ids(first)) if len(first) else None
            front = np.stack(ringed[:2], 1) if ringed else np.zeros((0, 2))
            return Points(across, up, ids, tuple(formulas), total, (x, y), front)

        self._background.run(read, self._take, key="scatter")

    def _take(self, points: Points) -> None:
        self._points = points
        self._draw()
        if points.names != self._framed or not self._moved:  # what the user has zoomed into stays
            self._framed = points.names
            self.frame()

    def _beside(self, candidate_id: int) -> Mapping[str, Any] | None:
        rows = self._reader.by_ids([candidate_id]) if self._reader is not None else []
        return rows[0].values if rows else None

    def _user_moved(self, *_: object) -> None:
        self._moved = True

    def _draw(self) -> None:
        if not self._place.made:
            return
        import pyqtgraph

        recolour(self.plot)
        self.plot.clear()
        points = self._points
        x, y, ids = points.x, points.y, points.ids
        t = theme.tokens()
        self._fit()
        self.frame_action.setEnabled(bool(len(ids)))
        if not len(ids):
            return
        colour = QColor(t.series[0])
        colour.setAlpha(150)
        drawn = pyqtgraph.ScatterPlotItem(
            x=x,
            y=y,
            data=np.arange(len(ids)),
            size=7,
            brush=colour,
            pen=None,
            hoverable=True,
            hoverSize=11,
            tip=lambda x, y, data: described(points, int(data), self._beside(int(ids[int(data)])), self._ranking),
        )
        drawn.sigClicked.connect(lambda _, spots, *rest: self.picked.emit(int(ids[int(spots[0].data())])))
        self.plot.addItem(drawn, ignoreBounds=True)
        pen = pyqtgraph.mkPen(QColor(t.series[1]), width=1.5)
        if self._ranking.objectives:
            rings = pyqtgraph.ScatterPlotItem(pos=points.front, size=11, brush=None, pen=pen)
            rings.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
            self.plot.addItem(rings, ignoreBounds=True)
        elif has_front(points.names):
            front = front_line(sign(points.names[0]) * x, sign(points.names[1]) * y)
            pen.setStyle(Qt.PenStyle.DashLine)
            self.plot.addItem(pyqtgraph.PlotDataItem(x[front], y[front], pen=pen), ignoreBounds=True)
        here = np.flatnonzero(ids == self._current)
        if len(here):
            ring = pyqtgraph.mkPen(QColor(t.text), width=2)
            spot = pyqtgraph.ScatterPlotItem(x=x[here], y=y[here], size=13, brush=None, pen=ring)
            self.plot.addItem(spot, ignoreBounds=True)


class _Choice(QComboBox):
    """As wide as what is chosen: the longest name must not widen the whole window."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(5)
        self.currentIndexChanged.connect(lambda _: self.updateGeometry())

    def sizeHint(self) -> QSize:
        measure = self.fontMetrics().horizontalAdvance
        hint = super().sizeHint()
        frame = hint.width() - measure("X") * self.minimumContentsLength()
        return QSize(max(hint.width(), measure(self.currentText()) + frame), hint.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        style, part = QStyle.ComplexControl.CC_ComboBox, QStyle.SubControl.SC_ComboBoxEditField
        room = self.style().subControlRect(style, option, part, self).width()
        option.currentText = self.fontMetrics().elidedText(option.currentText, Qt.TextElideMode.ElideRight, room - 4)
        painter = QStylePainter(self)
        painter.drawComplexControl(style, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)


def _choice(name: str, key: str) -> QComboBox:
    box = _Choice()
    box.setAccessibleName(name)
    for value, title in axes().items():
        box.addItem(title, value)
    box.view().setMinimumWidth(box.view().sizeHintForColumn(0) + 24)
    box.setCurrentIndex(box.findData(key))
    return box
