"""The space groups picked, as chips that drop them: a few lines that scroll, however many there are."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QToolButton, QWidget

from crystal_studio.app import theme
from crystal_studio.app.catalogue import GroupInfo
from crystal_studio.app.flow import FlowRow
from crystal_studio.app.icons import icon
from crystal_studio.app.typeset import hm_text
from crystal_studio.app.widgets import LowScroll, label

MOST_CHIPS = 24
"""Chips made at most; the others are counted, and are dropped in the list."""
HEIGHT = 66
"""Pixels at most: two lines of chips, and a part of the third that shows that there are more."""


class GroupChips(LowScroll):
    """``dropped`` carries the number of a group that is no longer wanted."""

    dropped = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        row = FlowRow()
        self._flow = row.flow
        super().__init__(row, HEIGHT, parent)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName("Space groups picked")

    def show_groups(self, numbers: tuple[int, ...], groups: Mapping[int, GroupInfo]) -> None:
        """A chip for each of these groups."""
        self._flow.clear()
        inside: list[QWidget] = [self._chip(number, groups.get(number)) for number in numbers[:MOST_CHIPS]]
        if len(numbers) > MOST_CHIPS:
            inside.append(label(f"and {len(numbers) - MOST_CHIPS} more, ticked in the list", "small"))
            inside[-1].setMinimumHeight(inside[0].sizeHint().height())  # its words in one line with those of chips
        for widget in inside:
            self._flow.addWidget(widget)
            widget.show()  # what is still to be shown has no height for ``fit``
        self.setVisible(bool(numbers))
        self.fit()

    def _chip(self, number: int, group: GroupInfo | None) -> QToolButton:
        chip = QToolButton()
        chip.setProperty("role", "chip")
        chip.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        chip.setIcon(icon("close", theme.tokens().muted))
        chip.setText(f"{hm_text(group.symbol)} ({number})" if group else str(number))
        chip.setToolTip(f"Drop space group {number}")
        chip.setAccessibleName(f"Drop space group {number}")
        chip.clicked.connect(lambda _=False: self.dropped.emit(number))
        return chip
