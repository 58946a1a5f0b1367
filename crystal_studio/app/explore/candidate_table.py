"""The view of the candidates: sorting by header, choice of columns, copying, context menu."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QItemSelection, QItemSelectionModel, QModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QAction, QContextMenuEvent, QFocusEvent
from PySide6.QtWidgets import QAbstractItemView, QApplication, QHeaderView, QMenu, QTableView, QWidget

from crystal_studio.app.explore.arrangement import CRYSTALS, Arrangement
from crystal_studio.app.explore.candidate_model import CandidateModel
from crystal_studio.app.explore.columns import RANK, Column
from crystal_studio.app.rich_text import RichTextDelegate, RichTextHeader
from crystal_studio.app.settings import WindowState

RESELECT_LIMIT = 2000
COPY_LIMIT = 100_000


class CandidateTable(QTableView):
    """``current`` carries the id of the candidate to look at, 0 for none; ``selected`` follows the selection."""

    current = Signal(int)
    selected = Signal()

    def __init__(self, model: CandidateModel, columns: Sequence[Column], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._columns = tuple(columns)
        self._keep: tuple[list[int], int] = ([], 0)
        self._actions: list[QAction] = []
        self._arrangement = CRYSTALS
        self._chosen: dict[str, bool] = {}  # columns that the user has switched on or off
        self._sorted = False  # by the user
        self._ranked = False  # candidates are compared
        self.candidates = model
        self.setModel(model)
        self.setAccessibleName("Candidates")
        self.setItemDelegate(RichTextDelegate(self))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setAlternatingRowColors(True)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(round(self.fontMetrics().height() * 1.7))
        self.setHorizontalHeader(RichTextHeader(self))
        header = self.horizontalHeader()
        header.setSectionsMovable(True)
        header.setHighlightSections(False)
        header.setStretchLastSection(False)
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.customContextMenuRequested.connect(lambda at: self.choose_columns(header.mapToGlobal(at)))
        self._show_order()
        header.setSortIndicatorShown(True)
        header.setSectionsClickable(True)
        header.sortIndicatorChanged.connect(self._sort)
        for i, column in enumerate(self._columns):
            self.setColumnWidth(i, column.width)
        self._show_columns()
        model.about_to_reset.connect(self._remember)
        model.modelReset.connect(self._restore)
        self.selectionModel().selectionChanged.connect(lambda *_: self.selected.emit())
        self.selectionModel().currentRowChanged.connect(self._tell_current)

    def set_actions(self, actions: list[QAction]) -> None:
        """What the context menu offers."""
        self._actions = actions

    def arrange(self, arrangement: Arrangement, opened: bool = False) -> None:
        """Show the columns and the order of a project; what the user has chosen stays, but in a project just
        ``opened`` no order by what nothing there has."""
        self._arrangement = arrangement
        self._show_columns()
        if opened and arrangement.lacks(self.candidates.order):
            self._sorted = False
        if not self._sorted:
            self.candidates.set_order(arrangement.order, arrangement.descending)
            self._show_order()

    def _show_columns(self) -> None:
        for i, column in enumerate(self._columns):
            unasked = self._arrangement.shows(column) or (self._ranked and column.key == RANK)
            self.setColumnHidden(i, not self._chosen.get(column.key, unasked))

    def show_ranks(self, ranked: bool) -> None:
        """Show the column of ranks while candidates are compared."""
        if ranked != self._ranked:
            self._ranked = ranked
            self._show_columns()

    def _choose_column(self, key: str, on: bool) -> None:
        self._chosen[key] = on
        self._show_columns()

    def _sort(self, column: int, order: Qt.SortOrder) -> None:
        self._sorted = True
        self.candidates.sort(column, order)

    def selected_ids(self) -> NDArray[np.int64]:
        """Ids of the selected candidates, in the order of the table."""
        rows = self._selected_rows()
        ids = self.candidates.ids
        return ids[rows[rows < len(ids)]]

    def _show_order(self) -> None:
        """Bring the arrow in the header in step with the order of the model."""
        keys = [column.key for column in self._columns]
        model = self.candidates
        way = Qt.SortOrder.DescendingOrder if model.descending else Qt.SortOrder.AscendingOrder
        header = self.horizontalHeader()
        blocked = header.blockSignals(True)
        header.setSortIndicator(keys.index(model.order), way)
        header.blockSignals(blocked)
        header.viewport().update()

    def _selected_rows(self) -> NDArray[np.int64]:
        """Rows of the selection, in order, without asking Qt for a million indexes."""
        ranges = self.selectionModel().selection()
        parts = [np.arange(ranges.at(i).top(), ranges.at(i).bottom() + 1) for i in range(ranges.count())]
        return np.unique(np.concatenate(parts)) if parts else np.zeros(0, np.int64)

    def select_ids(self, ids: Iterable[int], keep_current: bool = False) -> None:
        """Select these candidates where they are listed, and go to the first."""
        rows = np.flatnonzero(np.isin(self.candidates.ids, np.fromiter(ids, np.int64)))
        chosen = QItemSelection()
        last = self.candidates.columnCount() - 1
        for run in np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1) if len(rows) else []:
            chosen.select(self.candidates.index(int(run[0]), 0), self.candidates.index(int(run[-1]), last))
        flags = QItemSelectionModel.SelectionFlag
        self.selectionModel().select(chosen, flags.ClearAndSelect)
        if len(rows) and not keep_current:
            first = self.candidates.index(int(rows[0]), 0)
            self.selectionModel().setCurrentIndex(first, flags.NoUpdate)
            self.scrollTo(first)

    def copy(self) -> int:
        """Put the selected rows on the clipboard as tab-separated text; returns how many."""
        rows = self._selected_rows()[:COPY_LIMIT].tolist()
        header = self.horizontalHeader()
        order = sorted(
            (i for i in range(len(self._columns)) if not self.isColumnHidden(i)), key=lambda i: header.visualIndex(i)
        )
        QApplication.clipboard().setText(self.candidates.tsv(rows, order))
        return len(rows)

    def choose_columns(self, at: QPoint) -> None:
        """A menu of all columns, ticked where shown."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setToolTipsVisible(True)
        for i, column in enumerate(self._columns):
            action = menu.addAction(column.in_words or column.title)
            action.setToolTip(column.tip)
            action.setCheckable(True)
            action.setChecked(not self.isColumnHidden(i))
            action.toggled.connect(lambda on, key=column.key: self._choose_column(key, on))
        menu.popup(at)

    def save_state(self, state: WindowState) -> None:
        """Remember widths, order and choice of columns."""
        state.set("explore/columns", self.horizontalHeader().saveState())
        state.set("explore/column keys", self._keys())
        state.set("explore/columns chosen", [f"{'+' if on else '-'}{key}" for key, on in self._chosen.items()])

    def restore_state(self, state: WindowState) -> None:
        """Take the remembered columns back."""
        self._chosen = {word[1:]: word[0] == "+" for word in state.words("explore/columns chosen") if word}
        kept = state.bytes("explore/columns")
        if not kept.isEmpty() and state.text("explore/column keys") == self._keys():
            header = self.horizontalHeader()
            header.blockSignals(True)
            header.restoreState(kept)
            header.blockSignals(False)
            self._show_order()
        self._show_columns()

    def _keys(self) -> str:
        """What the remembered widths belong to: an extension may have added a column since."""
        return " ".join(column.key for column in self._columns)

    def focusInEvent(self, event: QFocusEvent) -> None:
        nowhere = not self.currentIndex().isValid()
        super().focusInEvent(event)
        if nowhere and self.currentIndex().isValid():  # Qt goes to the first row then without selecting it
            self.selectRow(self.currentIndex().row())

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setToolTipsVisible(True)
        menu.addActions(self._actions)
        menu.popup(event.globalPos())

    def _tell_current(self, index: QModelIndex) -> None:
        row = index.row()
        ids = self.candidates.ids
        self.current.emit(int(ids[row]) if 0 <= row < len(ids) else 0)

    def _remember(self) -> None:
        ids = self.selected_ids()
        row = self.currentIndex().row()
        known = self.candidates.ids
        current = int(known[row]) if 0 <= row < len(known) else 0
        self._keep = ([int(i) for i in ids] if len(ids) <= RESELECT_LIMIT else [], current)

    def _restore(self) -> None:
        kept, current = self._keep
        self._keep = ([], 0)
        if kept:
            self.select_ids(kept, keep_current=True)
        row = self.candidates.row_of(current) if current else -1
        if row >= 0:
            self.selectionModel().setCurrentIndex(
                self.candidates.index(row, 0), QItemSelectionModel.SelectionFlag.NoUpdate
            )
        elif current:
            self.current.emit(0)
        self.selected.emit()
