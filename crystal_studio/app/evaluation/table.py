"""The figures of an evaluation under their headings."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTreeWidget, QTreeWidgetItem, QWidget

from crystal_studio.app.evaluation.wording import figures

COLUMNS = (("Figure", 240), ("Value", 175), ("95% interval", 125), ("What it means", 380))


class FigureTable(QTreeWidget):
    """Read only; the tooltip of a line says set, tolerance and method."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Figures of the evaluation")
        self.setHeaderLabels([title for title, _ in COLUMNS])
        self.setRootIsDecorated(False)
        self.setIndentation(12)
        self.setAlternatingRowColors(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setUniformRowHeights(True)
        header = self.header()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setStretchLastSection(True)
        for index, (_, width) in enumerate(COLUMNS):
            header.resizeSection(index, width)

    def show_document(self, document: dict[str, Any]) -> None:
        """Show the figures of a report."""
        self.clear()
        for heading, rows in figures(document):
            top = QTreeWidgetItem([heading])
            top.setFlags(Qt.ItemFlag.ItemIsEnabled)
            font = top.font(0)
            font.setBold(True)
            top.setFont(0, font)
            self.addTopLevelItem(top)
            top.setFirstColumnSpanned(True)
            for one in rows:
                line = QTreeWidgetItem([one.title, one.value, one.interval, one.meaning])
                for column in range(len(COLUMNS)):
                    line.setToolTip(column, f"{one.meaning}\n{one.how}".strip())
                top.addChild(line)
        self.expandAll()
