"""The rows of the list of space groups: what stands in them, which of them are shown, how the counts are drawn."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSortFilterProxyModel, Qt
from PySide6.QtGui import QColor, QPainter, QStandardItem
from PySide6.QtWidgets import QStyleOptionViewItem

from crystal_studio.app import theme
from crystal_studio.app.catalogue import GroupInfo
from crystal_studio.app.design.group_search import Found
from crystal_studio.app.numbers_text import count
from crystal_studio.app.rich_text import HTML_ROLE, RichTextDelegate
from crystal_studio.app.typeset import hm_html, hm_text

GROUP_ROLE = int(Qt.ItemDataRole.UserRole) + 1
SORT_ROLE = int(Qt.ItemDataRole.UserRole) + 2
SHARE_ROLE = int(Qt.ItemDataRole.UserRole) + 3

FILTERS: tuple[tuple[str, str, str, Callable[[GroupInfo], bool]], ...] = (
    ("centrosymmetric", "Centrosymmetric", "With an inversion centre", lambda g: g.centrosymmetric),
    (
        "acentric",
        "Acentric",
        "Without an inversion centre (piezoelectricity allowed, 432 apart)",
        lambda g: not g.centrosymmetric,
    ),
    ("polar", "Polar", "With a polar axis: ferroelectricity and pyroelectricity allowed", lambda g: g.polar),
    ("chiral", "Chiral", "Only proper operations (Sohncke groups): chiral crystals", lambda g: g.chiral),
)


def group_row(group: GroupInfo, largest: int) -> list[QStandardItem]:
    """Symbol, number and count of a group; ``largest`` count of all groups, for the bars."""
    symbol = QStandardItem(hm_text(group.symbol))
    symbol.setCheckable(True)
    symbol.setData(hm_html(group.symbol), HTML_ROLE)
    symbol.setData(group.number, SORT_ROLE)
    number = QStandardItem(str(group.number))
    number.setData(group.number, SORT_ROLE)
    seen = QStandardItem(count(group.count) if group.count >= 0 else "")
    seen.setData(group.count, SORT_ROLE)
    seen.setData(group.count / largest if largest > 0 else 0.0, SHARE_ROLE)
    seen.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    kinds = [text.lower() for key, text, _, test in FILTERS if key != "acentric" and test(group)]
    tip = f"No. {group.number}, point group {hm_text(group.point_group)}, {group.system}" + (
        f", {', '.join(kinds)}" if kinds else ""
    )
    if group.count == 0:
        tip += "\nNever seen in training: results may be poor"
    items = [symbol, number, seen]
    for item in items:
        item.setData(group, GROUP_ROLE)
        item.setToolTip(tip)
    symbol.setAccessibleText(f"space group {group.number}, {group.symbol}")
    return items


class GroupFilter(QSortFilterProxyModel):
    """Keeps the groups that were found and pass every filter chosen."""

    def __init__(self) -> None:
        super().__init__()
        self.found = Found(frozenset())
        self.tests: dict[str, Callable[[GroupInfo], bool]] = {}
        self.setRecursiveFilteringEnabled(True)
        self.setSortRole(SORT_ROLE)

    def refilter(self) -> None:
        """``found`` or ``tests`` have changed."""
        self.invalidate()

    def filterAcceptsRow(self, row: int, parent: QModelIndex | QPersistentModelIndex) -> bool:
        group = self.sourceModel().index(row, 0, parent).data(GROUP_ROLE)
        if not isinstance(group, GroupInfo):
            return False
        return group.number in self.found.numbers and all(test(group) for test in self.tests.values())


class CountDelegate(RichTextDelegate):
    """A count with a bar behind it: its share of the largest count, on a square-root scale."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        share = index.data(SHARE_ROLE)
        if share:
            box = QRectF(option.rect).adjusted(4, 5, -4, -5)
            box.setLeft(box.right() - box.width() * share**0.5)
            painter.fillRect(box, QColor(theme.tokens().accent_soft))
        super().paint(painter, option, index)
