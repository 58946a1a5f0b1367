"""The 230 space groups by crystal system: searched by number or symbol, several at once, "as in nature" when none."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QPushButton,
    QToolButton,
    QTreeView,
    QWidget,
)

from crystal_studio.app import theme
from crystal_studio.app.catalogue import SYSTEMS, Catalogue, GroupInfo
from crystal_studio.app.design.group_chips import GroupChips
from crystal_studio.app.design.group_rows import FILTERS, GROUP_ROLE, SORT_ROLE, CountDelegate, GroupFilter, group_row
from crystal_studio.app.design.group_search import find
from crystal_studio.app.flow import FlowRow
from crystal_studio.app.numbers_text import count
from crystal_studio.app.rich_text import HTML_ROLE, RichTextDelegate
from crystal_studio.app.typeset import hm_html
from crystal_studio.app.widgets import Card, label


class SpaceGroupPicker(Card):
    """``changed`` carries the numbers picked, in order; none means as in nature."""

    changed = Signal(tuple)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Symmetry", parent)
        self._groups: dict[int, GroupInfo] = {}
        self._picked: tuple[int, ...] = ()
        self._items: dict[int, QStandardItem] = {}
        self._filling = False

        self.nature = QPushButton("As in nature")
        self.nature.setCheckable(True)
        self.nature.setChecked(True)
        self.nature.setToolTip("Draw space groups as often as they occur in the training data")
        self.nature.clicked.connect(lambda: self._ask(()))
        self.head.addWidget(self.nature)
        self.search = QLineEdit()
        self.search.setPlaceholderText("225, Fm-3m, Pbnm, 61-64, cubic, mmm …")
        self.search.setToolTip(
            "Numbers and ranges, symbols of any setting (Hermann-Mauguin, Hall, Schoenflies), crystal systems and"
            " point groups; several with commas between them. Enter picks."
        )
        self.search.setAccessibleName("Search space groups")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._refilter)
        self.search.returnPressed.connect(self._toggle_first)
        self.body.addWidget(self.search)
        kinds = FlowRow()
        self.filters: dict[str, QToolButton] = {}
        for key, text, tip, _ in FILTERS:
            button = QToolButton()
            button.setText(text)
            button.setToolTip(tip)
            button.setCheckable(True)
            button.toggled.connect(self._refilter)
            self.filters[key] = button
            kinds.flow.addWidget(button)
        self.body.addWidget(kinds)

        self._source = QStandardItemModel()
        self._proxy = GroupFilter()
        self._proxy.setSourceModel(self._source)
        self.tree = QTreeView()
        self.tree.setAccessibleName("Space groups")
        self.tree.setModel(self._proxy)
        self.tree.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.tree.setUniformRowHeights(True)
        self.tree.setItemDelegate(RichTextDelegate(self.tree))
        self.tree.setItemDelegateForColumn(2, CountDelegate(self.tree))
        self.tree.setIndentation(16)
        self.tree.setSortingEnabled(True)
        self.tree.doubleClicked.connect(self._toggle)
        self.tree.setMinimumHeight(96)
        self._source.itemChanged.connect(self._checked)
        self.body.addWidget(self.tree, 1)
        foot = QHBoxLayout()
        self.note = label("", "small", wrap=True)
        self.note.setTextFormat(Qt.TextFormat.RichText)
        foot.addWidget(self.note, 1)
        self.all_shown = QPushButton("Pick all shown")
        self.all_shown.setProperty("role", "link")
        self.all_shown.setToolTip("Add every space group in the list above")
        self.all_shown.clicked.connect(lambda: self._ask(tuple(sorted({*self._picked, *self.shown()}))))
        foot.addWidget(self.all_shown)
        self.body.addLayout(foot)
        self.chips = GroupChips()
        self.chips.dropped.connect(self._drop)
        self.body.addWidget(self.chips)
        self.error = label("", "error", wrap=True)
        self.error.hide()
        self.body.addWidget(self.error)
        theme.manager().changed.connect(self._show_chips)
        self._fill()

    def set_catalogue(self, catalogue: Catalogue) -> None:
        """Show the groups of a catalogue."""
        self._groups = {g.number: g for g in catalogue.groups}
        self._proxy.found = find(catalogue.groups, self.search.text())
        self._fill()
        self.set_picked(self._picked)

    def picked(self) -> tuple[int, ...]:
        """Numbers picked."""
        return self._picked

    def set_picked(self, numbers: tuple[int, ...]) -> None:
        """Show these as picked, without telling."""
        self._picked = numbers
        self._filling = True
        for number, item in self._items.items():
            state = Qt.CheckState.Checked if number in numbers else Qt.CheckState.Unchecked
            if item.checkState() != state:
                item.setCheckState(state)
        self._filling = False
        self.nature.setChecked(not numbers)
        self._show_chips()
        self._count()

    def set_error(self, message: str) -> None:
        """Show what is wrong with the groups, or nothing."""
        self.error.setText(message)
        self.error.setVisible(bool(message))

    def shown(self) -> list[int]:
        """Numbers in the list as it is filtered now."""
        found = []
        for i in range(self._proxy.rowCount()):
            parent = self._proxy.index(i, 0)
            for j in range(self._proxy.rowCount(parent)):
                found.append(self._proxy.index(j, 0, parent).data(GROUP_ROLE).number)
        return sorted(found)

    def _fill(self) -> None:
        self._filling = True
        self._source.clear()
        self._items.clear()
        self._source.setHorizontalHeaderLabels(["Symbol", "No.", "In training"])
        largest = max((g.count for g in self._groups.values()), default=0)
        for rank, system in enumerate(SYSTEMS):
            groups = [g for g in self._groups.values() if g.system == system]
            if not groups:
                continue
            head = QStandardItem(system.capitalize())
            head.setData(f"<b>{system.capitalize()}</b>", HTML_ROLE)
            head.setData(rank, SORT_ROLE)
            total = sum(max(g.count, 0) for g in groups)
            span = QStandardItem(f"{groups[0].number}–{groups[-1].number}")
            span.setData(rank, SORT_ROLE)
            sum_item = QStandardItem(count(total) if largest > 0 else "")
            sum_item.setData(total, SORT_ROLE)
            sum_item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            for group in groups:
                items = group_row(group, largest)
                self._items[group.number] = items[0]
                head.appendRow(items)
            self._source.appendRow([head, span, sum_item])
        header = self.tree.header()
        header.setStretchLastSection(False)
        if header.count() == 3:
            header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
            header.setSectionResizeMode(1, QHeaderView.ResizeMode.Fixed)
            header.setSectionResizeMode(2, QHeaderView.ResizeMode.Fixed)
            header.resizeSection(1, 74)
            header.resizeSection(2, 104)
        self.tree.sortByColumn(1, Qt.SortOrder.AscendingOrder)
        self.tree.expandAll()
        self._filling = False
        self._count()

    def _refilter(self) -> None:
        self._proxy.found = find(tuple(self._groups.values()), self.search.text())
        self._proxy.tests = {key: test for key, _, _, test in FILTERS if self.filters[key].isChecked()}
        self._proxy.refilter()
        self.tree.expandAll()
        self._count()

    def _count(self) -> None:
        shown = len(self.shown())
        text = f"{shown} of {len(self._groups)} groups" if self._groups else "Loading the space groups …"
        alias = self._proxy.found.alias
        if alias is not None and shown:
            symbol, number = alias
            text += f": {hm_html(symbol)} is another symbol of {hm_html(self._groups[number].symbol)}"
        self.note.setText(text)
        self.all_shown.setVisible(0 < shown < len(self._groups))

    def _toggle(self, index: QModelIndex) -> None:
        group = index.data(GROUP_ROLE)
        if isinstance(group, GroupInfo):
            self._ask(tuple(sorted(set(self._picked) ^ {group.number})))

    def _toggle_first(self) -> None:
        """Enter in the search field picks what was named there, or else the only group shown; once more drops it."""
        shown = self.shown()
        named = set(self._proxy.found.named) & set(shown) or (set(shown) if len(shown) == 1 else set())
        if named:
            picked = set(self._picked)
            self._ask(tuple(sorted(picked - named if named <= picked else picked | named)))
            self.search.selectAll()

    def _checked(self, item: QStandardItem) -> None:
        group = item.data(GROUP_ROLE)
        if self._filling or not isinstance(group, GroupInfo):
            return
        on = item.checkState() == Qt.CheckState.Checked
        self._ask(tuple(sorted({*self._picked, group.number} if on else set(self._picked) - {group.number})))

    def _drop(self, number: int) -> None:
        self._ask(tuple(n for n in self._picked if n != number))

    def _ask(self, numbers: tuple[int, ...]) -> None:
        self.set_picked(numbers)
        self.changed.emit(numbers)

    def _show_chips(self) -> None:
        self.chips.show_groups(self._picked, self._groups)
