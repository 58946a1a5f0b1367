"""Figures that stand still while their digits change."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QVBoxLayout, QWidget

from crystal_studio.app.numbers_text import MISSING
from crystal_studio.app.widgets import label


class Figure(QWidget):
    """A value under its title, never narrower than the widest text it has shown or was told to expect."""

    def __init__(self, title: str, expected: Iterable[str] = ()) -> None:
        """``expected``: texts that there is room for from the start; of digits the widest counts."""
        super().__init__()
        self._usual = tuple(expected)
        self._texts = {*self._usual, MISSING}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        self._value = label(MISSING, "figure")
        self._value.setAccessibleName(title)
        column.addWidget(label(title, "small"))
        column.addWidget(self._value)

    def text(self) -> str:
        """What is shown."""
        return self._value.text()

    def setText(self, text: str) -> None:
        """Show this."""
        if text != self._value.text():
            self._value.setText(text)
            self.expect(text)

    def expect(self, *texts: str) -> None:
        """Make room for texts to come."""
        if not self._texts.issuperset(texts):
            self._texts.update(texts)
            self.updateGeometry()

    def restart(self) -> None:
        """Nothing is known any more, not even how wide it will be."""
        self._texts = {*self._usual, MISSING}
        self._value.setText(MISSING)
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        hint = super().sizeHint()
        self._value.ensurePolished()
        metrics = self._value.fontMetrics()
        widest = max("0123456789", key=metrics.horizontalAdvance)
        shapes = {"".join(widest if c.isdigit() else c for c in text) for text in self._texts}
        return QSize(max(hint.width(), *(metrics.horizontalAdvance(shape) + 1 for shape in shapes)), hint.height())

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()
