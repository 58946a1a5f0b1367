"""Taking stored candidates through a funnel: which, by what, with which potential."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from crystal_studio.app.funnel.editing import about, problem, recalled, remembered
from crystal_studio.app.funnel.funnel_field import FunnelField
from crystal_studio.app.numbers_text import plural
from crystal_studio.app.settings import WindowState
from crystal_studio.app.widgets import GAP, label
from crystal_studio.campaign.judge_request import JudgeRequest
from crystal_studio.potentials.registry import POTENTIALS, available


class JudgeDialog(QDialog):
    """``asked`` carries the ``JudgeRequest``."""

    asked = Signal(object)

    def __init__(
        self,
        selected: Sequence[int],
        listed: Sequence[int],
        state: WindowState,
        found: Collection[str] = (),
        parent: QWidget | None = None,
    ) -> None:
        """``found``: quantities that the candidates have already, for stages that read them."""
        super().__init__(parent)
        self._found = found
        self.setWindowTitle("Judge candidates")
        self.setMinimumWidth(500)
        self._state = state
        self._scopes = {"selected": [int(i) for i in selected], "listed": [int(i) for i in listed]}
        self.scope = QComboBox()
        if selected:
            self.scope.addItem(plural(len(selected), "selected candidate"), "selected")
        self.scope.addItem(f"All {plural(len(listed), 'listed candidate')}", "listed")
        self.funnel = FunnelField(none=False, found=found)
        self.potential = QComboBox()
        for name in available():
            self.potential.addItem(POTENTIALS.get(name).title, name)
        self.note = label("", "small", wrap=True)
        self.problem = label("", "error", wrap=True)
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(GAP)
        rows = (("Candidates", self.scope), ("Judged by", self.funnel), ("", self.note))
        for place, (title, widget) in enumerate((*rows, ("Relaxed by", self.potential))):
            if title:
                widget.setAccessibleName(title)
                grid.addWidget(label(title, "muted"), place, 0)
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
        self.funnel.box.setAccessibleName("Judged by")
        self.funnel.show_value(recalled(state.text("judge/funnel")))
        self.potential.setCurrentIndex(max(self.potential.findData(state.text("judge/potential", "chgnet")), 0))
        self.funnel.chosen.connect(lambda _: self._check())
        self._check()

    def accept(self) -> None:
        """Ask for the judging."""
        self._state.set("judge/funnel", remembered(self.funnel.value))
        self._state.set("judge/potential", str(self.potential.currentData()))
        ids = self._scopes[self.scope.currentData()]
        self.asked.emit(JudgeRequest.of(ids, funnel=self.funnel.value, potential=str(self.potential.currentData())))
        super().accept()

    def _check(self) -> None:
        wrong = problem(self.funnel.value, self._found)
        self.note.setText(about(self.funnel.value))
        self.problem.setText(str(wrong or ""))
        self.problem.setVisible(wrong is not None)
        self.go.setEnabled(wrong is None)
