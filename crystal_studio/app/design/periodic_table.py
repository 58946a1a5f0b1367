"""The periodic table to click: each element allowed, required, excluded or left open."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QContextMenuEvent, QFont, QKeyEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QGridLayout, QHBoxLayout, QLabel, QMenu, QSizePolicy, QWidget

from crystal_studio.app import theme
from crystal_studio.app.design.form import Form, Pick
from crystal_studio.app.tokens import Tokens
from crystal_studio.app.widgets import label
from crystal_studio.crystal.elements import NAMES, SYMBOLS

ROWS, COLUMNS = 10, 18
_NOBLE = (2, 10, 18, 36, 54, 86, 118)
_KEYS = {
    Qt.Key.Key_A: Pick.ALLOWED,
    Qt.Key.Key_R: Pick.REQUIRED,
    Qt.Key.Key_X: Pick.EXCLUDED,
    Qt.Key.Key_Delete: Pick.NONE,
    Qt.Key.Key_Backspace: Pick.NONE,
}
_ARROWS = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}
TEXTS = {
    Pick.NONE: "open",
    Pick.ALLOWED: "allowed",
    Pick.REQUIRED: "required",
    Pick.EXCLUDED: "excluded",
}


def place(z: int) -> tuple[int, int]:
    """(row, column) of an element, counted from 0; the f block stands in rows 8 and 9."""
    if 57 <= z <= 71:
        return 8, z - 57 + 2
    if 89 <= z <= 103:
        return 9, z - 89 + 2
    period = next(i for i, noble in enumerate(_NOBLE) if z <= noble)
    start = _NOBLE[period - 1] if period else 0
    offset = z - start - 1
    length = _NOBLE[period] - start
    if offset < (1 if period == 0 else 2):
        return period, offset
    return period, COLUMNS - (length - offset)


class ElementCell(QAbstractButton):
    """One element, painted by its state: tick for allowed, filled for required, struck through for excluded."""

    asked = Signal(str, object)
    moved = Signal(str, int, int)

    def __init__(self, z: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.z, self.symbol = z, SYMBOLS[z]
        self.pick = Pick.NONE
        self.reason = ""
        self.type_size = 12  # pixels, the same for every element of a table
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(24, 25)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.clicked.connect(lambda: self.asked.emit(self.symbol, self.pick.next))
        self._describe()

    def sizeHint(self) -> QSize:
        return QSize(30, 28)

    def set_state(self, pick: Pick, reason: str) -> None:
        """Show a state; ``reason`` greys the element and says why."""
        if (pick, reason) == (self.pick, self.reason):
            return
        self.pick, self.reason = pick, reason
        self.setEnabled(not reason or pick is not Pick.NONE)
        self._describe()
        self.update()

    def _describe(self) -> None:
        name = NAMES[self.z]
        self.setAccessibleName(f"{name}, {TEXTS[self.pick]}")
        self.setAccessibleDescription(self.reason)
        more = self.reason or "Click to change; A allow, R require, X exclude, Delete leave open"
        self.setToolTip(f"<b>{name}</b> ({self.symbol}, {self.z}): {TEXTS[self.pick]}<br>{more}")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in _ARROWS:
            self.moved.emit(self.symbol, *_ARROWS[key])
        elif key in _KEYS and not event.modifiers():
            self.asked.emit(self.symbol, _KEYS[key])
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = QMenu(self)
        for pick, text in TEXTS.items():
            action = menu.addAction(f"{self.symbol}: {text}")
            action.setCheckable(True)
            action.setChecked(pick is self.pick)
            action.triggered.connect(lambda _=False, pick=pick: self.asked.emit(self.symbol, pick))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(event.globalPos())

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.tokens()
        fill, line, text = {
            Pick.NONE: (t.surface, t.line, t.text),
            Pick.ALLOWED: (t.allowed_soft, t.allowed, t.text),
            Pick.REQUIRED: (t.required, t.required, t.on_accent),
            Pick.EXCLUDED: (t.excluded_soft, t.excluded, t.text),
        }[self.pick]
        if not self.isEnabled():
            fill, line, text = t.window, t.window, t.faint
        elif self.underMouse() and self.pick is Pick.NONE:
            fill, line = t.hover, t.line_strong
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        painter.setPen(QPen(QColor(line), 1.2))
        painter.setBrush(QColor(fill))
        painter.drawRoundedRect(box, 4, 4)
        if self.pick is Pick.EXCLUDED:
            painter.setPen(QPen(QColor(t.excluded), 1.4))
            painter.drawLine(box.bottomLeft() + QPointF(3, -3), box.topRight() + QPointF(-3, 3))
        painter.setPen(QColor(text))
        symbol = QFont(self.font())
        symbol.setWeight(QFont.Weight.DemiBold)
        symbol.setPixelSize(self.type_size)
        painter.setFont(symbol)
        painter.drawText(box.adjusted(0, box.height() * 0.16, 0, 0), Qt.AlignmentFlag.AlignCenter, self.symbol)
        small = QFont(self.font())
        small.setPixelSize(max(8, round(self.type_size * 0.56)))
        painter.setFont(small)
        if self.pick is Pick.NONE and self.isEnabled():
            painter.setPen(QColor(t.muted))
        painter.drawText(box.adjusted(4, 2, -3, 0), Qt.AlignmentFlag.AlignLeft, str(self.z))
        self._paint_mark(painter, box, t)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(t.text), 2))
            painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)

    def _paint_mark(self, painter: QPainter, box: QRectF, t: Tokens) -> None:
        side = max(5.0, self.type_size * 0.44)
        corner = QPointF(box.right() - side - 4, box.top() + 4)
        if self.pick is Pick.ALLOWED:
            painter.setPen(QPen(QColor(t.allowed), 1.6))
            painter.drawPolyline(
                [
                    corner + QPointF(0, side * 0.55),
                    corner + QPointF(side * 0.4, side),
                    corner + QPointF(side, 0),
                ]
            )
        elif self.pick is Pick.REQUIRED:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(t.on_accent))
            painter.drawEllipse(QRectF(corner.x(), corner.y(), side, side))
        elif self.pick is Pick.EXCLUDED:
            painter.setPen(QPen(QColor(t.excluded), 1.6))
            painter.drawLine(corner, corner + QPointF(side, side))
            painter.drawLine(corner + QPointF(side, 0), corner + QPointF(0, side))


class PeriodicTable(QWidget):
    """118 elements in the usual layout; ``picked`` asks for a state, ``show_form`` shows one."""

    picked = Signal(str, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Periodic table")
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(2)
        self.cells: dict[str, ElementCell] = {}
        self._at: dict[tuple[int, int], str] = {}
        for z in range(1, len(SYMBOLS)):
            cell = ElementCell(z)
            cell.asked.connect(self.picked)
            cell.moved.connect(self._move)
            row, column = place(z)
            grid.addWidget(cell, row, column)
            self.cells[cell.symbol] = cell
            self._at[row, column] = cell.symbol
        for row, text in ((5, "57–71"), (6, "89–103")):
            mark = label(text, "small")
            mark.setAlignment(Qt.AlignmentFlag.AlignCenter)
            grid.addWidget(mark, row, 2)
        for row, text in ((8, "Lanthanides"), (9, "Actinides")):
            mark = label(text, "small")
            mark.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            grid.addWidget(mark, row, 0, 1, 2)
        grid.setRowMinimumHeight(7, 8)
        for column in range(COLUMNS):
            grid.setColumnStretch(column, 1)
        for row in range(ROWS):
            grid.setRowStretch(row, 0 if row == 7 else 1)
        grid.addWidget(Legend(), 0, 2, 2, 10)
        self._enter("H")
        theme.manager().changed.connect(self.update)

    def show_form(self, form: Form, known: frozenset[int], model: str) -> None:
        """Show the states of a form; elements outside ``known`` (atomic numbers) are greyed."""
        for symbol, cell in self.cells.items():
            unknown = bool(known) and cell.z not in known
            reason = f"{model or 'The model'} never saw {NAMES[cell.z].lower()} in training" if unknown else ""
            cell.set_state(form.pick(symbol), reason)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        size = max(10, min(self.width() // COLUMNS * 40 // 100, self.height() // ROWS * 38 // 100))
        for cell in self.cells.values():
            cell.type_size = size

    def _enter(self, symbol: str) -> None:
        for cell in self.cells.values():
            here = cell.symbol == symbol
            cell.setFocusPolicy(Qt.FocusPolicy.StrongFocus if here else Qt.FocusPolicy.ClickFocus)

    def _move(self, symbol: str, down: int, right: int) -> None:
        """Go to the next element in a direction, over gaps and greyed elements."""
        row, column = place(self.cells[symbol].z)
        while 0 <= row < ROWS and 0 <= column < COLUMNS:
            row, column = row + down, column + right
            found = self._at.get((row, column))
            if found and self.cells[found].isEnabled():
                self._enter(found)
                self.cells[found].setFocus(Qt.FocusReason.OtherFocusReason)
                return


class Legend(QWidget):
    """What the marks mean, in the gap above the transition metals."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(6, 0, 6, 0)
        row.setSpacing(4)
        row.addStretch(1)
        for pick, text in ((Pick.ALLOWED, "allowed"), (Pick.REQUIRED, "required"), (Pick.EXCLUDED, "excluded")):
            sample = ElementCell(6)
            sample.setEnabled(True)
            sample.set_state(pick, "")
            sample.setFixedSize(26, 26)
            sample.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            sample.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            sample.setAccessibleName(f"Mark of an element that is {text}")
            row.addWidget(sample)
            row.addWidget(QLabel(text))
            row.addSpacing(10)
        row.addStretch(1)
