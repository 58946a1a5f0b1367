"""Fields for numbers that read the same in every locale and never change silently what was typed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QValidator, QWheelEvent
from PySide6.QtWidgets import QDoubleSpinBox, QSpinBox, QWidget

from crystal_studio.app.numbers_text import count
from crystal_studio.app.widgets import mark

MINUS = "\u2212"
ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
_WHOLE = re.compile(r"\d+|\d{1,3}(,\d{3})+|\d{1,3}([ \u00a0\u2009]\d{3})+")
_DECIMAL = re.compile(r"[+-]?(\d+[.,]?\d*|[.,]\d+)([eE][+-]?\d+)?")

if TYPE_CHECKING:
    from PySide6.QtWidgets import QAbstractSpinBox as _SpinBox
else:
    _SpinBox = object  # a class of Qt can have but one class of Qt below it


def whole(text: str) -> int | None:
    """A whole number as it is typed, thousands apart or not: "1,000"; None where it is none."""
    text = text.strip()
    return int(re.sub(r"\D", "", text)) if text.isascii() and _WHOLE.fullmatch(text) else None


def decimal(text: str) -> float | None:
    """A number as it is typed, with a decimal point or comma: "2.5", "2,5"; None where it is none."""
    text = text.strip().replace(MINUS, "-")
    return float(text.replace(",", ".")) if text.isascii() and _DECIMAL.fullmatch(text) else None


class _TypedBox(_SpinBox):
    """What both kinds of field do with what is typed, before Qt's own spin box does."""

    def complaint(self, text: str) -> str:
        """Why a text cannot be taken, or empty."""
        raise NotImplementedError

    def begun(self, text: str) -> bool:
        """Whether a text that cannot be taken may become one that can while it is typed."""
        raise NotImplementedError

    def validate(self, text: str, at: int) -> tuple[QValidator.State, str, int]:
        if not self.complaint(text):
            return QValidator.State.Acceptable, text, at
        return QValidator.State.Intermediate if self.begun(text) else QValidator.State.Invalid, text, at

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()  # the page scrolls

    def focusOutEvent(self, event: QFocusEvent) -> None:
        if self.hasAcceptableInput() or not self.text():
            super().focusOutEvent(event)
            self.interpretText()  # written as numbers are written here
        else:
            QWidget.focusOutEvent(self, event)  # what was mistyped stays

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() not in ENTER or self.hasAcceptableInput():
            super().keyPressEvent(event)


class WholeBox(_TypedBox, QSpinBox):
    """A whole number; ``mistyped`` carries why what is typed is none that can be taken, or an empty text."""

    mistyped = Signal(str)

    def __init__(self, low: int, high: int, zero: str = "") -> None:
        """``zero`` is shown instead of ``low``."""
        super().__init__()
        self.setRange(low, high)
        self.setSpecialValueText(zero)
        self.setAccelerated(True)
        self.setMinimumWidth(70)
        self.lineEdit().setTextMargins(6, 0, 0, 0)
        self.lineEdit().textChanged.connect(lambda text: self.mistyped.emit(self.complaint(text)))

    def complaint(self, text: str) -> str:
        """Why a text cannot be taken, or empty."""
        if text == self.specialValueText() and text:
            return ""
        value = whole(text)
        if value is not None and self.minimum() <= value <= self.maximum():
            return ""
        return f"Write a whole number from {count(self.minimum())} to {count(self.maximum())}."

    def begun(self, text: str) -> bool:
        return bool(re.fullmatch(r"[\d.,\s+-]*", text)) or self.specialValueText().startswith(text)

    def textFromValue(self, value: int) -> str:
        return count(value)

    def valueFromText(self, text: str) -> int:
        return whole(text) or 0 if text != self.specialValueText() else self.minimum()


class DecimalBox(_TypedBox, QDoubleSpinBox):
    """A number with a decimal point or comma, shown with a point and without needless zeros; see ``WholeBox``."""

    mistyped = Signal(str)

    def __init__(self, low: float, high: float, step: float) -> None:
        super().__init__()
        self.setDecimals(4)
        self.setRange(low, high)
        self.setSingleStep(step)
        self.setFixedWidth(84)
        self.lineEdit().setTextMargins(4, 0, 0, 0)
        self.lineEdit().textChanged.connect(lambda text: self.mistyped.emit(self.complaint(text)))

    def complaint(self, text: str) -> str:
        """Why a text cannot be taken, or empty."""
        value = decimal(text)
        if value is None:
            return "Write a number such as 2.5, without separators of thousands."
        if not self.minimum() <= value <= self.maximum():
            return f"Write a number from {self.minimum():,.12g} to {self.maximum():,.12g}."
        return ""

    def begun(self, text: str) -> bool:
        return bool(re.fullmatch(rf"[\d.,eE\s+{MINUS}-]*", text))

    def textFromValue(self, value: float) -> str:
        return f"{round(value, 4):.7g}"

    def valueFromText(self, text: str) -> float:
        return decimal(text) or 0.0


def show_value(box: WholeBox | DecimalBox, value: float, mistyped: str) -> None:
    """Show a value in a field without telling; while text that was ``mistyped`` stands there, mark that instead."""
    if not mistyped and (abs(box.value() - value) > 6e-5 or not box.hasAcceptableInput()):
        with QSignalBlocker(box):
            box.setValue(value)  # type: ignore[arg-type]
    mark(box, bool(mistyped))
