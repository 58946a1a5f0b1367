"""A box to choose from a list, as the forms use it."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QComboBox, QStyle, QStyleOptionComboBox, QStylePainter

FRAME = 3
"""Pixels that a box leaves at either side of its text."""
HELP_ROLE = int(Qt.ItemDataRole.ToolTipRole)


class Choice(QComboBox):
    """Leaves the wheel to the scroll area around it unless it has the focus; no wider than it has to be."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(8)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def shown_text(self) -> str:
        """What is chosen, with an ellipsis where the box is too small for it."""
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        parts = (QStyle.ComplexControl.CC_ComboBox, option, QStyle.SubControl.SC_ComboBoxEditField, self)
        room = self.style().subControlRect(*parts).width() - 2 * FRAME
        return self.fontMetrics().elidedText(option.currentText, Qt.TextElideMode.ElideRight, room)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, option = QStylePainter(self), QStyleOptionComboBox()
        self.initStyleOption(option)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        option.currentText = self.shown_text()
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)

    def show_value(self, value: Any) -> None:
        """Choose what stands for a value; one that is not offered is added and said not to be here."""
        at = self.findData(value)
        if at < 0 and value:
            self.addItem(f"{value} (not here)", value)
            at = self.count() - 1
        self.setCurrentIndex(max(at, 0))
