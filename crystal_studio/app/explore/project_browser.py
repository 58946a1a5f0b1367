"""Campaigns of the project and filters worth a click."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from crystal_studio.app.explore.arrangement import CRYSTALS, Arrangement
from crystal_studio.app.numbers_text import count
from crystal_studio.app.widgets import label
from crystal_studio.app.wrapping import WrappingDelegate
from crystal_studio.project.rows import CampaignRow

MOST_NAMED = 200
"""Candidates that a filter names one by one."""
_PADDING = 14  # of the style sheet and of the text, both sides
_WHERE = int(Qt.ItemDataRole.UserRole)


class ProjectBrowser(QWidget):
    """``chosen`` carries the filter of what was clicked."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumWidth(18 * self.fontMetrics().averageCharWidth())
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 8, 10, 8)
        column.setSpacing(6)
        column.addWidget(label("Filters", "small"))
        self.filters = _List("Filters", whole=True)
        column.addWidget(self.filters)
        column.addWidget(label("Campaigns", "small"))
        self.arrange(CRYSTALS)
        self.campaigns = _List("Campaigns")
        column.addWidget(self.campaigns, 1)
        for listed, other in ((self.filters, self.campaigns), (self.campaigns, self.filters)):
            listed.itemClicked.connect(lambda item, other=other: self._choose(item, other))
            listed.itemActivated.connect(lambda item, other=other: self._choose(item, other))

    def arrange(self, arrangement: Arrangement, opened: bool = False) -> None:
        """List the filters that are worth a click in such a project."""
        if arrangement.filters == self.filters.property("shown"):
            return
        self.filters.setProperty("shown", arrangement.filters)
        chosen = self.filters.currentItem()
        where = chosen.data(_WHERE) if chosen is not None else None
        self.filters.clear()
        for title, expression, tip in arrangement.filters:
            _add(self.filters, title, expression, tip)
        self.filters.fit()
        if where is not None:
            self.show_filter(where)

    def show_campaigns(self, campaigns: Sequence[CampaignRow]) -> None:
        """List the campaigns, the latest first."""
        wanted = [(c.id, c.name, c.state, c.requested, _of(c)) for c in reversed(list(campaigns))]
        if wanted == self.campaigns.property("shown"):
            return
        self.campaigns.setProperty("shown", wanted)
        self.campaigns.clear()
        for number, name, state, requested, where in wanted:
            _add(
                self.campaigns,
                f"{name} #{number}",
                where,
                f"{count(requested)} candidates asked for, {state}",
            )

    def show_filter(self, where: str) -> None:
        """Mark the entry of the filter in force."""
        for listed in (self.filters, self.campaigns):
            match = [i for i in range(listed.count()) if listed.item(i).data(_WHERE) == where]
            if match:
                listed.setCurrentRow(match[0])
            else:
                listed.setCurrentRow(-1)
                listed.clearSelection()

    def _choose(self, item: QListWidgetItem, other: QListWidget) -> None:
        other.setCurrentRow(-1)
        other.clearSelection()
        self.chosen.emit(item.data(_WHERE))


class _List(QListWidget):
    """Entries that take further lines where the dock is narrow; ``whole`` makes the list as high as its entries."""

    def __init__(self, name: str, whole: bool = False) -> None:
        super().__init__()
        self._whole = whole
        self.setAccessibleName(name)
        self.setWordWrap(True)
        self.setItemDelegate(WrappingDelegate(self, _PADDING, 6))
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)  # the number at the end of a name tells campaigns apart
        self.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        if whole:
            self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.doItemsLayout()
        self.fit()

    def fit(self) -> None:
        """Be as high as the entries, where that is asked for."""
        if self._whole and self.count():
            last = self.visualItemRect(self.item(self.count() - 1))
            self.setFixedHeight(last.bottom() + 1 + self.verticalOffset() + 2 * self.frameWidth() + 4)


def _of(campaign: CampaignRow) -> str:
    """The filter of what a campaign made, or of a judging that is not too long to be written what it was about."""
    ids = list(campaign.request.get("ids", ())) if campaign.kind == "judge" else []
    if len(ids) == 1:
        return f"id == {ids[0]}"
    return f"id in ({', '.join(map(str, ids))})" if 0 < len(ids) <= MOST_NAMED else f"campaign_id == {campaign.id}"


def _add(listed: QListWidget, text: str, where: str, tip: str) -> None:
    item = QListWidgetItem(text)
    item.setData(_WHERE, where)
    item.setToolTip(tip)
    listed.addItem(item)
