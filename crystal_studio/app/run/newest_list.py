"""The candidates that came last, each in one line."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QWidget

from crystal_studio.app import theme
from crystal_studio.app.explore.columns import STATUS, reason, written
from crystal_studio.app.rich_text import HTML_ROLE, RichTextDelegate
from crystal_studio.app.typeset import formula_html, formula_text, hm_html
from crystal_studio.candidates.registry import quantity
from crystal_studio.project.rows import CandidateRow

ID_ROLE = int(Qt.ItemDataRole.UserRole) + 1


class NewestList(QListWidget):
    """``chosen`` carries the id of a candidate that was activated."""

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Newest candidates")
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setItemDelegate(RichTextDelegate(self))
        self.itemActivated.connect(lambda item: self.chosen.emit(item.data(ID_ROLE)))

    def show_rows(self, rows: Sequence[CandidateRow], symbols: Sequence[str]) -> None:
        """Show these candidates; ``symbols`` are the Hermann-Mauguin symbols by number - 1 (may be empty)."""
        if [row.id for row in rows] != [self.item(i).data(ID_ROLE) for i in range(self.count())]:
            self.clear()
            for _ in rows:
                self.addItem(QListWidgetItem())
        for i, row in enumerate(rows):
            _fill(self.item(i), row, symbols)


def _fill(item: QListWidgetItem, row: CandidateRow, symbols: Sequence[str]) -> None:
    group = row.space_group
    symbol = hm_html(symbols[group - 1]) if symbols and group else str(group or "")
    e_hull = row.value("e_hull")
    if e_hull is not None:
        note = f"{written(quantity('e_hull'), e_hull, row.values)} eV/atom above hull"
    else:
        note = reason(row) or STATUS.get(row.status, row.status)
    muted = theme.tokens().muted
    parts = (f"<b>{formula_html(row.formula)}</b>", symbol, f"<span style='color:{muted}'>{note}</span>")
    item.setData(ID_ROLE, row.id)
    item.setData(HTML_ROLE, "&nbsp;&nbsp;".join(parts))
    item.setText(f"{formula_text(row.formula)}, space group {group or 'not known'}, {note}")
    item.setToolTip(f"Candidate {row.id}: {note}\nDouble-click to look at it")
