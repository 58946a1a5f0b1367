"""Picks words out of a long list: search, number of connection points, a drawing."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QDialog,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from crystal_studio.app.design.sketch_view import SketchView
from crystal_studio.app.numbers_text import count, plural
from crystal_studio.app.typeset import formula_text
from crystal_studio.app.widgets import label
from crystal_studio.design.offers import Offer

NAME, FORMULA, POINTS, SEEN = range(4)
WIDTHS = (170, 150, 140, 90)
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class PickDialog(QDialog):
    """``picked`` carries the values ticked, those picked before first; none for any."""

    picked = Signal(list)

    def __init__(self, title: str, offers: Sequence[Offer], chosen: Sequence[str], parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Choose {title.lower()}")
        self.resize(880, 560)
        self._chosen = list(chosen)
        sketches = any(offer.sketch for offer in offers)
        self.search = QLineEdit()
        self.search.setClearButtonEnabled(True)
        self.search.setPlaceholderText("Name, formula or InChIKey" if sketches else "Name")
        self.search.setAccessibleName(f"Search {title.lower()}")
        self.points = QComboBox()
        self.points.setAccessibleName("Connection points")
        self.points.addItem("Any number of connection points", 0)
        for number in sorted({offer.points for offer in offers} - {0}):
            self.points.addItem(plural(number, "connection point"), number)
        self.points.setVisible(self.points.count() > 1)
        self.list = QTreeWidget()
        self.list.setAccessibleName(title)
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setAlternatingRowColors(True)
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.list.setHeaderLabels(["Name", "Formula", "Connection points", "Seen"])
        self.list.headerItem().setToolTip(SEEN, "How often it stands in the known frameworks")
        for column, width in enumerate(WIDTHS):
            self.list.header().resizeSection(column, width)
        for column in (POINTS, SEEN):
            self.list.headerItem().setTextAlignment(column, _RIGHT)
        for column in (FORMULA, POINTS):
            self.list.setColumnHidden(column, not sketches)
        for offer in offers:
            self.list.addTopLevelItem(_Row(offer, offer.value in chosen))
        self.list.sortByColumn(SEEN, Qt.SortOrder.DescendingOrder)
        self.list.setSortingEnabled(True)
        self.list.itemChanged.connect(self._tick)
        self.list.currentItemChanged.connect(lambda row, _: self._show(row))
        self.sketch = SketchView()
        self.about = label("", "small", wrap=True)
        self.about.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.state = label("", "muted")
        self.clear = QPushButton("Clear")
        self.clear.setToolTip("Tick none: any is allowed")
        self.clear.clicked.connect(self._clear)
        self.go = QPushButton("OK")
        self.go.setProperty("role", "primary")
        self.go.setDefault(True)
        self.go.clicked.connect(self._take)
        close = QPushButton("Cancel")
        close.clicked.connect(self.reject)
        asking, middle, end = QHBoxLayout(), QHBoxLayout(), QHBoxLayout()
        asking.addWidget(self.search, 1)
        asking.addWidget(self.points)
        middle.addWidget(self.list, 1)
        beside = QVBoxLayout()
        beside.addWidget(self.sketch, 1)
        beside.addWidget(self.about)
        self.beside = QWidget()
        self.beside.setFixedWidth(250)
        self.beside.setLayout(beside)
        self.beside.setVisible(sketches)
        middle.addWidget(self.beside)
        end.addWidget(self.state, 1)
        for button in (self.clear, close, self.go):
            end.addWidget(button)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(18, 18, 18, 14)
        whole.setSpacing(12)
        for part in (asking, middle, end):
            whole.addLayout(part, 1 if part is middle else 0)
        self.search.textChanged.connect(lambda _: self._filter())
        self.points.currentIndexChanged.connect(lambda _: self._filter())
        self._filter()
        self.list.setCurrentIndex(self.list.model().index(0, 0))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.search.setFocus()

    @property
    def values(self) -> list[str]:
        """Those ticked."""
        return list(self._chosen)

    def _rows(self) -> list[_Row]:
        found = [self.list.topLevelItem(i) for i in range(self.list.topLevelItemCount())]
        return [row for row in found if isinstance(row, _Row)]

    def _filter(self) -> None:
        asked, points = self.search.text().casefold().split(), self.points.currentData()
        shown = 0
        for row in self._rows():
            fits = all(word in row.found_by for word in asked) and points in (0, row.offer.points)
            row.setHidden(not fits)
            shown += fits
        self._tell(shown)

    def _tell(self, shown: int) -> None:
        number = len(self._chosen)
        chosen = f"{count(number)} ticked, only {'these are' if number > 1 else 'this one is'} allowed"
        self.state.setText(f"{count(shown)} listed. {chosen if number else 'None ticked: any is allowed'}.")
        self.state.setToolTip(", ".join(self._chosen))
        self.clear.setEnabled(number > 0)

    def _tick(self, row: QTreeWidgetItem, column: int) -> None:
        if not isinstance(row, _Row) or column != NAME:
            return
        value, ticked = row.offer.value, row.checkState(NAME) == Qt.CheckState.Checked
        if ticked and value not in self._chosen:
            self._chosen.append(value)
        elif not ticked and value in self._chosen:
            self._chosen.remove(value)
        self._tell(sum(not one.isHidden() for one in self._rows()))

    def _show(self, row: QTreeWidgetItem | None) -> None:
        offer = row.offer if isinstance(row, _Row) else None
        self.sketch.show_sketch(offer.sketch() if offer and offer.sketch else None, offer.title if offer else "")
        self.about.setText(offer.about if offer else "")

    def _clear(self) -> None:
        for row in self._rows():
            row.setCheckState(NAME, Qt.CheckState.Unchecked)
        self._chosen.clear()  # also what is not on the list
        self._filter()

    def _take(self) -> None:
        self.picked.emit(self.values)
        self.accept()


class _Row(QTreeWidgetItem):
    """One offer."""

    def __init__(self, offer: Offer, ticked: bool) -> None:
        points = str(offer.points) if offer.points else ""
        super().__init__([formula_text(offer.title), formula_text(offer.formula), points, count(offer.count)])
        self.offer = offer
        self.found_by = " ".join((offer.value, offer.title, offer.formula, offer.about)).casefold()
        self.setCheckState(NAME, Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked)
        for column in (POINTS, SEEN):
            self.setTextAlignment(column, _RIGHT)
        for column in (NAME, FORMULA):
            self.setToolTip(column, f"{offer.value}: {offer.about}" if offer.about else offer.value)

    def __lt__(self, other: QTreeWidgetItem) -> bool:
        tree = self.treeWidget()
        column = tree.sortColumn() if tree is not None else NAME
        if isinstance(other, _Row) and column in (POINTS, SEEN):
            mine, its = (row.offer.points if column == POINTS else row.offer.count for row in (self, other))
            return mine < its
        return self.text(column).casefold() < other.text(column).casefold()
