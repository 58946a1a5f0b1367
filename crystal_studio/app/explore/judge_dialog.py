"""Taking stored candidates through a funnel or single stages: which, by what, with which potential."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from crystal_studio.app.numbers_text import plural
from crystal_studio.app.settings import WindowState
from crystal_studio.app.widgets import GAP, label
from crystal_studio.campaign.judge_request import JudgeRequest
from crystal_studio.errors import KnownError
from crystal_studio.funnel.stages import STAGES, for_funnel
from crystal_studio.potentials.registry import POTENTIALS, available

FUNNELS = (
    ("quick", "Quick funnel", "Every stage, relaxed until forces are below 0.1 eV/Å"),
    ("full", "Full funnel", "Every stage, relaxed until forces are below 0.03 eV/Å"),
    ("", "Chosen stages", "Only the stages ticked below, from top to bottom"),
)
KEY_ROLE = int(Qt.ItemDataRole.UserRole) + 1


class JudgeDialog(QDialog):
    """``asked`` carries the ``JudgeRequest``."""

    asked = Signal(object)

    def __init__(
        self, selected: Sequence[int], listed: Sequence[int], state: WindowState, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Judge candidates")
        self.setMinimumWidth(500)
        self._state = state
        self._scopes = {"selected": [int(i) for i in selected], "listed": [int(i) for i in listed]}
        self.scope = QComboBox()
        if selected:
            self.scope.addItem(plural(len(selected), "selected candidate"), "selected")
        self.scope.addItem(f"All {plural(len(listed), 'listed candidate')}", "listed")
        self.funnel = QComboBox()
        for key, title, _ in FUNNELS:
            self.funnel.addItem(title, key)
        self.stages = QListWidget()
        self.stages.setAccessibleName("Stages")
        for name, stage in STAGES.all().items():
            item = QListWidgetItem(stage.title)
            item.setData(KEY_ROLE, name)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Unchecked)
            self.stages.addItem(item)
        row = self.stages.sizeHintForRow(0) if self.stages.count() else 20
        self.stages.setMaximumHeight(row * min(self.stages.count(), 10) + 8)
        self.potential = QComboBox()
        for name in available():
            self.potential.addItem(POTENTIALS.get(name).title, name)
        self.note = label("", "small", wrap=True)
        self.problem = label("", "error", wrap=True)
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(GAP)
        rows = (("Candidates", self.scope), ("Judged by", self.funnel), ("", self.note), ("Stages", self.stages))
        for place, (title, widget) in enumerate((*rows, ("Relaxed by", self.potential))):
            if title:
                widget.setAccessibleName(title)
                grid.addWidget(label(title, "muted"), place, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(widget, place, 1)
        grid.setColumnStretch(1, 1)
        self.go = QPushButton("Judge")
        self.go.setProperty("role", "primary")
        self.go.setDefault(True)
        self.go.clicked.connect(self.accept)
        close = QPushButton("Cancel")
        close.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(close)
        buttons.addWidget(self.go)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 18, 18, 14)
        column.setSpacing(14)
        column.addLayout(grid)
        column.addWidget(self.problem)
        column.addLayout(buttons)
        self.funnel.setCurrentIndex(max(self.funnel.findData(state.text("judge/funnel", "quick")), 0))
        self.potential.setCurrentIndex(max(self.potential.findData(state.text("judge/potential", "chgnet")), 0))
        self._own: frozenset[str] = frozenset()  # stages that the user has ticked
        self.funnel.currentIndexChanged.connect(self._show_stages)
        self.stages.itemChanged.connect(lambda _: self._ticked())
        self._show_stages()

    @property
    def chosen(self) -> str:
        """The funnel as a request names it."""
        if self.funnel.currentData():
            return str(self.funnel.currentData())
        return ",".join(item.data(KEY_ROLE) for item in self._items() if item.checkState() == Qt.CheckState.Checked)

    def accept(self) -> None:
        """Ask for the judging; whether stored quantities make up for stages left out is found when it starts."""
        self._state.set("judge/funnel", str(self.funnel.currentData()))
        self._state.set("judge/potential", str(self.potential.currentData()))
        ids = self._scopes[self.scope.currentData()]
        self.asked.emit(JudgeRequest.of(ids, funnel=self.chosen, potential=str(self.potential.currentData())))
        super().accept()

    def _items(self) -> list[QListWidgetItem]:
        return [self.stages.item(i) for i in range(self.stages.count())]

    def _show_stages(self) -> None:
        """Tick the stages of the funnel that is chosen, or those that the user had ticked."""
        key = self.funnel.currentData()
        ticked = {stage.name for stage in for_funnel(key)} if key else self._own
        with QSignalBlocker(self.stages):
            for item in self._items():
                state = Qt.CheckState.Checked if item.data(KEY_ROLE) in ticked else Qt.CheckState.Unchecked
                item.setCheckState(state)
        self._check()

    def _ticked(self) -> None:
        self._own = frozenset(self.chosen.split(","))
        self._check()

    def _check(self) -> None:
        key = self.funnel.currentData()
        self.note.setText(next(tip for name, _, tip in FUNNELS if name == key))
        self.stages.setEnabled(not key)
        problem = "" if self.chosen else "Tick at least one stage."
        if self.chosen and key:
            try:
                for_funnel(self.chosen)
            except KnownError as error:
                problem = str(error)
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))
        self.go.setEnabled(not problem)
