"""The rounds of an improvement: a table, and their rates with error bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from crystal_studio.app import theme
from crystal_studio.app.numbers_text import MISSING, count, span
from crystal_studio.app.plots import PlotPlace, recolour
from crystal_studio.app.widgets import EmptyState
from crystal_studio.project.rows import RoundRow

ALONE = "copies of candidates of earlier rounds count, as if the round were alone"
COLUMNS = (
    ("Round", 68, "Round 0 measures the first model"),
    ("Model", 180, "The model that was measured"),
    ("Kept", 60, "Whether later rounds go on from it: its rate falls by neither potential"),
    ("Alone on the hull", 138, f"Stable, unique and novel, of the candidates generated; {ALONE}"),
    ("Alone near the hull", 150, f"The same near the hull; {ALONE}. By this rounds are compared"),
    ("Second potential", 130, "Near the hull by the second potential too"),
    ("New", 66, "Of distinct candidates, those that no earlier round has made"),
    ("Weak", 66, "Of those near the hull, whose energy rests on what the potential is known to be weak at"),
    ("Loss", 62, "On crystals that were kept back, after the training"),
    ("Time", 80, "Of all its work"),
)
NUMBERS = 3
"""The columns of numbers begin here."""
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
SHOWN = (
    ("alone_near", "alone near the hull"),
    ("guard_near", "by the second potential"),
    ("alone_0", "alone on the hull"),
)
"""Rates that are drawn, and what the legend calls them."""
BESIDE = {3: ("sun_0", "S.U.N. 0"), 4: ("sun_near", "S.U.N. near")}
"""Columns whose tooltip tells the rate of candidates that no earlier round has made, and its name."""

LEGEND_ROOM = 1.3
"""Height of the plot in that of the highest rate, so that the legend lies on no point."""


class RoundsView(QWidget):
    """Read only."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: Sequence[RoundRow] = ()
        self.table = QTreeWidget()
        self.table.setAccessibleName("Rounds")
        self.table.setHeaderLabels([title for title, _, _ in COLUMNS])
        self.table.setRootIsDecorated(False)
        self.table.setUniformRowHeights(True)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        header = self.table.header()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setStretchLastSection(True)
        for index, (_, width, tip) in enumerate(COLUMNS):
            header.resizeSection(index, width)
            self.table.headerItem().setToolTip(index, tip)
            if index >= NUMBERS:
                self.table.headerItem().setTextAlignment(index, RIGHT)
        self.place = PlotPlace(self._prepare)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self.empty = EmptyState(
            "run",
            "No round yet",
            "Round 0 measures the model as it is, every later one trains it and measures again.\n"
            "Their rates appear here with 95% intervals.",
        )
        column.addWidget(self.empty, 1)
        column.addWidget(self.table, 1)
        column.addWidget(self.place, 1)
        self.show_rounds(())
        theme.manager().changed.connect(self._draw)

    def show_rounds(self, rows: Sequence[RoundRow]) -> None:
        """Show these, all of one improvement."""
        self.rows = rows
        self.empty.setVisible(not rows)
        for filled in (self.table, self.place):
            filled.setVisible(bool(rows))
        self.table.clear()
        for row in rows:
            line = QTreeWidgetItem(_texts(row))
            for index in range(NUMBERS, len(COLUMNS)):
                line.setTextAlignment(index, RIGHT)
            line.setToolTip(1, f"Trained from {row.parent}" if row.parent else "The first model")
            for index, (key, name) in BESIDE.items():
                if key in row.figures:
                    line.setToolTip(index, f"{name}: {_share(row.figures[key])}, unique in the whole project")
            self.table.addTopLevelItem(line)
        self._draw()

    def _prepare(self, plot: Any) -> None:
        plot.setAccessibleName("Rates of the rounds")
        plot.setMouseEnabled(x=False, y=False)
        plot.setLabel("bottom", "Round")
        plot.setLabel("left", "% of candidates")
        plot.addLegend(offset=(8, 8), labelTextSize="9pt", colCount=3)
        self._draw()

    def _draw(self) -> None:
        if not self.place.made:
            return
        import pyqtgraph

        plot, t = self.place.plot, theme.tokens()
        recolour(plot)
        plot.clear()
        plot.getPlotItem().legend.setLabelTextColor(QColor(t.text))
        highest = max(
            (100 * r.figures[key]["interval"][1] for r in self.rows for key, _ in SHOWN if key in r.figures),
            default=1.0,
        )
        plot.setYRange(0, LEGEND_ROOM * highest, padding=0)
        plot.getAxis("bottom").setTicks([[(row.number, str(row.number)) for row in self.rows]])
        for index, (key, name) in enumerate(SHOWN):
            known = [row for row in self.rows if key in row.figures]
            if not known:
                continue
            x = [row.number + 0.05 * (index - 1) for row in known]
            y = [100 * row.figures[key]["share"] for row in known]
            low, high = ([100 * row.figures[key]["interval"][k] for row in known] for k in (0, 1))
            pen = pyqtgraph.mkPen(QColor(t.series[index]), width=2)
            bars = pyqtgraph.ErrorBarItem(pen=pen, beam=0.06)
            bottom, top = ([abs(a - b) for a, b in zip(y, bound, strict=True)] for bound in (low, high))
            bars.setData(x=_array(x), y=_array(y), bottom=_array(bottom), top=_array(top))
            plot.addItem(bars)
            plot.plot(x, y, pen=pen, symbol="o", symbolSize=7, symbolBrush=QColor(t.series[index]), name=name)


def _array(values: Sequence[float]) -> Any:
    import numpy as np

    return np.asarray(values, float)


def _texts(row: RoundRow) -> list[str]:
    known = row.figures
    kept = {None: row.state.capitalize(), True: "Yes", False: "No"}[row.kept]
    loss = known.get("loss", {}).get("after")
    return [
        count(row.number),
        row.model,
        kept,
        *(_share(known.get(key)) for key in ("alone_0", "alone_near", "guard_near")),
        *(_share(known.get(key), False) for key in ("new_to_project", "weak")),
        MISSING if loss is None else f"{loss:.3f}",
        span(row.seconds) if row.seconds else MISSING,
    ]


def _share(entry: Mapping[str, Any] | None, interval: bool = True) -> str:
    if not entry:
        return MISSING
    low, high = (100 * bound for bound in entry["interval"])
    return f"{100 * entry['share']:.1f}%" + (f" ({low:.0f} to {high:.0f})" if interval else "")
