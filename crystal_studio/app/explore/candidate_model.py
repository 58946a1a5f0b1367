"""A million candidates as a Qt table: a sorted array of ids, and pages of rows fetched by id when looked at."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from crystal_studio.app.background import Background
from crystal_studio.app.explore.columns import RANK, Column, rank_text
from crystal_studio.app.rich_text import HTML_ROLE
from crystal_studio.candidates.objectives import Objective, Ranking
from crystal_studio.project.rows import CandidateRow

if TYPE_CHECKING:
    from crystal_studio.project.queries import ProjectReader

PAGE = 128
PAGES_KEPT = 64
_NONE = QModelIndex()
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_ROLES = frozenset(
    (
        int(Qt.ItemDataRole.DisplayRole),
        int(Qt.ItemDataRole.ToolTipRole),
        int(Qt.ItemDataRole.TextAlignmentRole),
        HTML_ROLE,
    )
)


class CandidateModel(QAbstractTableModel):
    """``loaded`` after the ids of a new filter or order are there; ``failed`` where they cannot be had."""

    about_to_reset = Signal()
    loaded = Signal()
    failed = Signal(object)

    def __init__(
        self, background: Background, columns: Sequence[Column], parent: QObject | None = None, order: str = "id"
    ) -> None:
        super().__init__(parent)
        self._background = background
        self._columns = self._with_ranks(columns)
        self._reader: ProjectReader | None = None
        self._ids: NDArray[np.int64] = np.zeros(0, np.int64)
        self._pages: OrderedDict[int, list[CandidateRow]] = OrderedDict()
        self.where, self.order, self.descending = "", order, False
        self.objectives: tuple[Objective, ...] = ()
        self.only_front = False
        self.ranking = Ranking()

    @property
    def ids(self) -> NDArray[np.int64]:
        """Ids of all rows, in order."""
        return self._ids

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Other columns (or the same with other texts)."""
        self.about_to_reset.emit()
        self.beginResetModel()
        self._columns = self._with_ranks(columns)
        self.endResetModel()

    def _with_ranks(self, columns: Sequence[Column]) -> tuple[Column, ...]:
        return tuple(
            replace(c, text=lambda row: rank_text(self.ranking.rank(row.id))) if c.key == RANK else c for c in columns
        )

    def set_reader(self, reader: ProjectReader | None) -> None:
        """Another project, or none."""
        self._background.cancel("candidate ids")
        self._reader = reader
        self.where = ""
        self.ranking = Ranking()
        self._take(np.zeros(0, np.int64))
        if reader is not None:
            self.reload()

    def set_filter(self, where: str) -> None:
        """Show only candidates for which the expression holds; it must be valid."""
        self.where = where
        self.reload()

    def compare(self, objectives: tuple[Objective, ...], only_front: bool) -> None:
        """Rank the candidates that the filter lets through by these, which must be valid; list all or the front."""
        self.objectives, self.only_front = objectives, only_front
        self.reload()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column."""
        if column >= 0:
            self.set_order(self._columns[column].key, order == Qt.SortOrder.DescendingOrder)

    def set_order(self, key: str, descending: bool) -> None:
        """Sort by the column of this key."""
        if (key, descending) != (self.order, self.descending):
            self.order, self.descending = key, descending
            self.reload()

    def reload(self) -> None:
        """Read the ids again in the background."""
        if self._reader is None:
            return
        reader, where, order, descending = self._reader, self.where, self.order, self.descending
        wished, only_front = self.objectives, self.only_front

        def read(_: object) -> tuple[NDArray[np.int64], Ranking]:
            ids = reader.ids(where, "id" if order == RANK else order, order != RANK and descending)
            if not wished:
                return ids, Ranking()
            from crystal_studio.project import pareto

            ranking = pareto.ranking(reader, wished, where)
            if only_front:
                ids = ids[np.isin(ids, ranking.front)]
            return ranking.sorted(ids, descending) if order == RANK else ids, ranking

        self._background.run(read, self._loaded, self.failed.emit, key="candidate ids")

    def refresh(self) -> None:
        """The file has changed: read again, unless that is under way already."""
        if not self._background.busy("candidate ids"):
            self.reload()

    def row_of(self, candidate_id: int) -> int:
        """The row of a candidate, -1 where it is not listed."""
        found = np.flatnonzero(self._ids == candidate_id)
        return int(found[0]) if len(found) else -1

    def candidate(self, row: int) -> CandidateRow | None:
        """The candidate in a row; reads its page if it is not at hand."""
        if not 0 <= row < len(self._ids) or self._reader is None:
            return None
        number, offset = divmod(row, PAGE)
        page = self._pages.get(number)
        if page is None:
            page = self._reader.by_ids(self._ids[number * PAGE : (number + 1) * PAGE])
            self._pages[number] = page
            while len(self._pages) > PAGES_KEPT:
                self._pages.popitem(last=False)
        else:
            self._pages.move_to_end(number)
        return page[offset] if offset < len(page) else None

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = _NONE) -> int:
        return 0 if parent.isValid() else len(self._ids)

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex = _NONE) -> int:
        return 0 if parent.isValid() else len(self._columns)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role not in _ROLES:  # Qt asks for a dozen a cell
            return None
        column = self._columns[index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if column.number else _LEFT
        if role == HTML_ROLE and column.html is None:
            return None
        row = self.candidate(index.row())
        if row is None:
            return None
        if role == HTML_ROLE:
            return column.html(row) if column.html else None
        if role == Qt.ItemDataRole.ToolTipRole:
            note = column.note(row)
            return f"{column.tip}: {column.text(row)}{f'. {note}.' if note else ''}"
        return column.text(row)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Vertical:
            return None
        column = self._columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.title
        if role == HTML_ROLE:
            return column.heading if "<" in column.heading else None
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{column.tip}. Click to sort." + ("" if column.key == RANK else f" In filters: {column.key}")
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if column.number else _LEFT
        return None

    def tsv(self, rows: Sequence[int], columns: Sequence[int]) -> str:
        """Rows as tab-separated text under a line of titles, for a spreadsheet."""
        lines = ["\t".join(self._columns[c].key for c in columns)]
        for r in rows:
            row = self.candidate(r)
            if row is not None:
                keys = [self._columns[c].key for c in columns]
                values = [(self.ranking.rank(row.id) or None) if key == RANK else row.value(key) for key in keys]
                lines.append("\t".join("" if v is None else str(v).replace("\t", " ") for v in values))
        return "\n".join(lines)

    def _loaded(self, found: tuple[NDArray[np.int64], Ranking]) -> None:
        ids, self.ranking = found
        self._take(np.asarray(ids, np.int64))
        self.loaded.emit()

    def _take(self, ids: NDArray[np.int64]) -> None:
        """Put other ids in place; rows that only came at the end are inserted, so that nothing jumps."""
        old = len(self._ids)
        self._pages.clear()
        if 0 < old <= len(ids) and np.array_equal(ids[:old], self._ids):
            if len(ids) > old:
                self.beginInsertRows(_NONE, old, len(ids) - 1)
                self._ids = ids
                self.endInsertRows()
            self.dataChanged.emit(self.index(0, 0), self.index(old - 1, len(self._columns) - 1))
            return
        self.about_to_reset.emit()
        self.beginResetModel()
        self._ids = ids
        self.endResetModel()
