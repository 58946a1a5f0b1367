"""The stages in their order: switched on and off by their boxes, moved by dragging, by keys or by buttons."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QColor, QDropEvent, QIcon, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from crystal_studio.app import theme
from crystal_studio.app.funnel.funnel_model import FunnelModel
from crystal_studio.app.icons import icon

STAGE_ROLE = int(Qt.ItemDataRole.UserRole) + 1
NOTE_ROLE = STAGE_ROLE + 1
MARGIN = 8
"""Pixels between the note and the right end."""
KEYS = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}


class StageList(QListWidget):
    """``chosen`` tells which stage is looked at."""

    chosen = Signal(str)

    def __init__(self, model: FunnelModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.setAccessibleName("Stages, in their order")
        self.setToolTip("Drag a stage, or move it with Alt+Up and Alt+Down; Space switches it on and off")
        self.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.setDefaultDropAction(Qt.DropAction.MoveAction)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setItemDelegate(_Delegate(self))
        self.setIconSize(QSize(16, 16))
        self.currentItemChanged.connect(self._tell)
        self.itemChanged.connect(self._switched)
        model.changed.connect(self.refresh)
        theme.manager().changed.connect(self.refresh)
        self.refresh()
        self.setCurrentRow(0)

    @property
    def stage(self) -> str:
        """The one looked at."""
        item = self.currentItem()
        return str(item.data(STAGE_ROLE)) if item is not None else ""

    @property
    def order(self) -> list[str]:
        """The stages as they stand in the list."""
        return [str(self.item(i).data(STAGE_ROLE)) for i in range(self.count())]

    def look_at(self, stage: str) -> None:
        """Choose a stage."""
        if stage in self.order:
            self.setCurrentRow(self.order.index(stage))

    def move_chosen(self, by: int) -> None:
        """Move the stage looked at down, or up."""
        if self.stage:
            way = "down" if by > 0 else "up"
            self._model.change(self._model.editing.moved(self.stage, by), f"{self.stage} {way}")

    def refresh(self) -> None:
        """Show what is edited."""
        stage, problem, tokens = self.stage, self._model.problem, theme.tokens()
        wrong = problem.stage if problem else ""
        rows = self._model.editing.rows
        blocked = QSignalBlocker(self)
        if self.order != [row.stage for row in rows]:
            self.clear()
            for row in rows:
                item = QListWidgetItem(row.kind.title)
                item.setData(STAGE_ROLE, row.stage)
                flags = Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsDragEnabled
                item.setFlags((item.flags() | flags) & ~Qt.ItemFlag.ItemIsDropEnabled)
                self.addItem(item)
            self.look_at(stage)
        for at, row in enumerate(rows):
            item = self.item(at)
            bad = row.stage == wrong
            item.setCheckState(Qt.CheckState.Checked if row.on else Qt.CheckState.Unchecked)
            item.setData(NOTE_ROLE, row.note if row.on else "off")
            item.setIcon(icon("warning", tokens.danger) if bad else QIcon())
            item.setForeground(QColor(tokens.danger if bad else tokens.text if row.on else tokens.muted))
            item.setToolTip(str(problem) if bad else "")
            said = f"{row.kind.title}, {row.note if row.on else 'off'}{', wrong' if bad else ''}"
            item.setData(Qt.ItemDataRole.AccessibleTextRole, said)
        del blocked

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in KEYS and event.modifiers() & Qt.KeyboardModifier.AltModifier:
            self.move_chosen(KEYS[key])
        else:
            super().keyPressEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        moved = self.stage
        super().dropEvent(event)
        self.dropped(moved)

    def dropped(self, stage: str) -> None:
        """Take over the order that the list has after a stage was put elsewhere."""
        self._model.change(self._model.editing.ordered(self.order), f"place of {stage}")
        self.refresh()
        self.look_at(stage)

    def _tell(self) -> None:
        self.chosen.emit(self.stage)

    def _switched(self, item: QListWidgetItem) -> None:
        row = self._model.editing.row(str(item.data(STAGE_ROLE)))
        on = item.checkState() == Qt.CheckState.Checked
        if on != row.on:
            self._model.change(self._model.editing.switched(row.stage, on), f"{row.stage} {'on' if on else 'off'}")


class _Delegate(QStyledItemDelegate):
    """Writes what a stage does at the right end of its line."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().paint(painter, option, index)
        tokens = theme.tokens()
        selected = bool(option.state & QStyle.StateFlag.State_Selected)  # type: ignore[attr-defined]
        painter.save()
        painter.setPen(QColor(tokens.text if selected else tokens.muted))
        room = QRect(option.rect).adjusted(0, 0, -MARGIN, 0)  # type: ignore[attr-defined]
        painter.drawText(room, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, str(index.data(NOTE_ROLE)))
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        hint = super().sizeHint(option, index)
        note = option.fontMetrics.horizontalAdvance(str(index.data(NOTE_ROLE)))  # type: ignore[attr-defined]
        return QSize(hint.width() + note + 3 * MARGIN, max(hint.height(), 28))
