"""The funnel of a request, stage by stage: order, options, what rejects and what only marks."""

from __future__ import annotations

from collections.abc import Collection

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QDialog, QFrame, QHBoxLayout, QPushButton, QScrollArea, QToolButton, QVBoxLayout, QWidget

from crystal_studio.app import theme
from crystal_studio.app.design.page_undo import PageUndo
from crystal_studio.app.funnel.editing import Editing
from crystal_studio.app.funnel.funnel_model import FunnelModel
from crystal_studio.app.funnel.preset_row import PresetRow
from crystal_studio.app.funnel.stage_list import StageList
from crystal_studio.app.funnel.stage_panel import StagePanel
from crystal_studio.app.icons import icon
from crystal_studio.app.widgets import GAP, label
from crystal_studio.design.funnel import Asked, Funnel
from crystal_studio.funnel.stages import FUNNELS

SIZE = (780, 520)
BUTTONS = (
    ("lower", -1, "Move up (Alt+Up)", "Move stage up"),
    ("chevron", 1, "Move down (Alt+Down)", "Move stage down"),
)


class FunnelDialog(QDialog):
    """``chosen`` carries the funnel as a request says it, when it is to be used."""

    chosen = Signal(object)

    def __init__(self, funnel: Funnel, found: Collection[str] = (), parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Funnel")
        self.model = FunnelModel(Editing.of(funnel), found, self)
        self._undo = PageUndo(self)
        self.fault = label("", "error", wrap=True)
        self.fault.hide()
        self.presets = PresetRow(self.model, self._tell)
        self.list = StageList(self.model)
        self.panel = StagePanel(self.model)
        self.list.chosen.connect(self.panel.show_stage)
        self.panel.show_stage(self.list.stage)
        self.buttons: list[QToolButton] = []
        self.undo = QPushButton("Undo")
        self.undo.setToolTip("Take the last change back (Ctrl+Z)")
        self.undo.clicked.connect(self.model.undo_stack.undo)
        self.problem = label("", "error", wrap=True)
        self.use = QPushButton("Use")
        self.use.setProperty("role", "primary")
        self.use.setDefault(True)
        self.use.clicked.connect(self.accept)
        cancel = QPushButton("Cancel")
        cancel.clicked.connect(self.reject)
        self._arrange(cancel)
        stack = self.model.undo_stack
        for key, handler in ((QKeySequence.StandardKey.Undo, stack.undo), (QKeySequence.StandardKey.Redo, stack.redo)):
            shortcut = QShortcut(self)
            shortcut.setKeys(QKeySequence.keyBindings(key))
            shortcut.activated.connect(handler)
        self.model.changed.connect(self.refresh)
        stack.indexChanged.connect(self.refresh)
        theme.manager().changed.connect(self._recolour)
        self._recolour()
        self.resize(*SIZE)
        self.refresh()
        self.list.setFocus()

    @property
    def asked(self) -> Asked:
        """What is edited as a request says it: the name of a funnel of the program where it is that."""
        preset, funnel = self.presets.shown, self.model.editing.funnel
        if preset is None or self.presets.changed:
            return funnel
        return preset.name if preset.name in FUNNELS else Funnel(name=preset.name, stages=funnel.stages)

    def accept(self) -> None:
        """Use the funnel, where it works."""
        if self.model.problem is None:
            self.chosen.emit(self.asked)
            super().accept()

    def refresh(self) -> None:
        """Show what has to be corrected, and what can be done."""
        problem = self.model.problem
        self.problem.setText(str(problem) if problem else "")
        self.problem.setVisible(problem is not None)
        self.use.setEnabled(problem is None)
        self.use.setToolTip(str(problem) if problem else "Judge by these stages")
        self.undo.setEnabled(self.model.undo_stack.canUndo())

    def _arrange(self, cancel: QPushButton) -> None:
        moving = QHBoxLayout()
        moving.setSpacing(4)
        for _, by, tip, name in BUTTONS:
            button = QToolButton()
            button.setToolTip(tip)
            button.setAccessibleName(name)
            button.clicked.connect(lambda _=False, by=by: self.list.move_chosen(by))
            moving.addWidget(button)
            self.buttons.append(button)
        moving.addWidget(self.undo)
        moving.addStretch(1)
        left = QVBoxLayout()
        left.setSpacing(GAP)
        left.addWidget(self.list, 1)
        left.addLayout(moving)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(self.panel)
        middle = QHBoxLayout()
        middle.setSpacing(GAP)
        middle.addLayout(left, 10)
        middle.addWidget(area, 11)
        ends = QHBoxLayout()
        ends.addWidget(self.problem, 1)
        ends.addStretch(0)
        ends.addWidget(cancel)
        ends.addWidget(self.use)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 14)
        column.setSpacing(12)
        column.addWidget(self.presets)
        column.addWidget(self.fault)
        column.addLayout(middle, 1)
        column.addLayout(ends)

    def _tell(self, text: str) -> None:
        self.fault.setText(text)
        self.fault.setVisible(bool(text))

    def _recolour(self) -> None:
        for button, (name, _, _, _) in zip(self.buttons, BUTTONS, strict=True):
            button.setIcon(icon(name))
