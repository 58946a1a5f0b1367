"""What is evaluated and with what it is compared."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QWidget,
)

from crystal_studio.app.background import Background
from crystal_studio.app.numbers_text import count, plural
from crystal_studio.app.settings import WindowState
from crystal_studio.app.widgets import GAP, label, mark
from crystal_studio.errors import FileError
from crystal_studio.project.rows import CampaignRow

if TYPE_CHECKING:
    from crystal_studio.evaluation.plan import EvaluationPlan

SETS = "Sets of crystals (*.parquet *.csv *.extxyz *.xyz *.db *.crystals);;All files (*)"
PREFERRED = ("test", "val")


class EvaluationForm(QWidget):
    """``plan`` is what the fields ask for; files are remembered. ``settled`` follows every change of ``busy``."""

    settled = Signal()

    def __init__(self, background: Background, state: WindowState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "plain")
        self._background, self._state = background, state
        self._looked_at: Path | None = None
        self.scope = QComboBox()
        self.reference = self._path("A parquet, CSV, extended XYZ or ASE db file, or a project", "reference")
        self.train = self._path("The set that the model was trained on: for novelty and new templates", "train")
        self.split = QComboBox()
        self.split.setEditable(True)
        self.split.setToolTip("Rows of that set with this word in their column “split”; empty for all")
        self.split.setMinimumWidth(110)
        self.split.setAccessibleName("Part of the set to compare with")
        self.relax = QCheckBox("Relax a random sample with CHGNet")
        self.relax.setToolTip("Stability and S.U.N.; some seconds to a minute for each crystal on a processor")
        self.sample = QSpinBox()
        self.sample.setRange(1, 100_000)
        self.sample.setValue(100)
        self.sample.setSuffix(" crystals")
        self.sample.setEnabled(False)
        self.sample.setMinimumWidth(130)
        self.sample.setAccessibleName("Crystals to relax")
        self.sample.lineEdit().setTextMargins(6, 0, 0, 0)
        self.relax.toggled.connect(self.sample.setEnabled)
        self.note = label("", "small", wrap=True)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(GAP)
        rows: tuple[tuple[str, QWidget], ...] = (
            ("Candidates", self.scope),
            ("Compare with", self.reference),
            ("Training set", self.train),
        )
        for line, (title, widget) in enumerate(rows):
            grid.addWidget(label(title, "muted"), line, 0)
            grid.addWidget(widget, line, 1)
            widget.setAccessibleName(title)
            if isinstance(widget, QLineEdit):
                browse = QPushButton("Browse…")
                browse.setAccessibleName(f"Browse: {title}")
                browse.clicked.connect(lambda _=False, field=widget: self._browse(field))
                grid.addWidget(browse, line, 2)
        grid.addWidget(label("Part", "muted"), 1, 3)
        grid.addWidget(self.split, 1, 4)
        grid.addWidget(self.note, 3, 1, 1, 4)
        relaxing = QHBoxLayout()
        relaxing.setSpacing(10)
        relaxing.addWidget(self.relax)
        relaxing.addWidget(self.sample)
        relaxing.addStretch(1)
        grid.addLayout(relaxing, 4, 1, 1, 4)
        grid.setColumnStretch(1, 1)
        self.reference.editingFinished.connect(self.find_splits)
        for field in (self.reference, self.train):
            field.textChanged.connect(self._describe)
        self.find_splits()
        self._describe()

    def set_campaigns(self, campaigns: Sequence[CampaignRow], candidates: int) -> None:
        """Offer all candidates and those of each campaign, the latest first."""
        offered = [(f"All {plural(candidates, 'candidate')}", 0)]
        offered += [(f"#{c.id}  {c.name or 'campaign'}  ({count(c.requested)})", c.id) for c in reversed(campaigns)]
        if offered == [(self.scope.itemText(i), self.scope.itemData(i)) for i in range(self.scope.count())]:
            return  # an open list stays as it is
        chosen = self.scope.currentData()
        self.scope.clear()
        for text, key in offered:
            self.scope.addItem(text, key)
        self.scope.setCurrentIndex(max(self.scope.findData(chosen), 0))

    def plan(self, project: Path) -> EvaluationPlan:
        """What to do with a project; raises ``KnownError``, the field being marked."""
        from crystal_studio.evaluation.plan import EvaluationPlan

        reference, train = _file(self.reference), _file(self.train)
        missing = [(f, p) for f, p in ((self.reference, reference), (self.train, train)) if p and not p.exists()]
        for field in (self.reference, self.train):
            mark(field, field in [f for f, _ in missing])
        if missing:
            raise FileError(f"There is no file {missing[0][1]}: correct the marked field, or leave it empty.")
        self._state.set("evaluation/reference", self.reference.text())
        self._state.set("evaluation/train", self.train.text())
        return EvaluationPlan(
            project,
            reference,
            train,
            split=self.split.currentText().strip() if reference is not None else "",
            campaign=int(self.scope.currentData() or 0),
            relax=self.sample.value() if self.relax.isChecked() else 0,
        )

    @property
    def busy(self) -> bool:
        """Whether the parts of the set to compare with are still being looked up."""
        return self._background.busy("splits")

    def find_splits(self) -> None:
        """Offer the parts that the set to compare with is split into."""
        path = _file(self.reference)
        if path == self._looked_at:
            return
        self._looked_at = path
        self._background.cancel("splits")
        if path is None or not path.is_file():
            self.split.clear()
            self.settled.emit()
            return

        def look(_: object) -> list[str]:
            from crystal_studio.data.datasets import splits

            return sorted(splits(path))

        def done(found: list[str]) -> None:
            self.split.clear()
            self.split.addItems(["", *found])
            self.split.setCurrentText(next((s for s in PREFERRED if s in found), ""))
            self.settled.emit()

        self._background.run(look, done, key="splits")
        self.settled.emit()

    def _describe(self) -> None:
        """What is left out with the fields as they stand."""
        missing = []
        if not self.reference.text().strip():
            missing.append("distances and coverage (no set to compare with)")
        if not self.train.text().strip():
            missing.append("new templates, and novelty but for the shipped index (no training set)")
        self.note.setText(f"Left out: {'; '.join(missing)}." if missing else "")
        self.note.setVisible(bool(missing))

    def _browse(self, field: QLineEdit) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, "Choose a set of crystals", field.text(), SETS)
        if chosen:
            field.setText(chosen)
            field.editingFinished.emit()

    def _path(self, tip: str, key: str) -> QLineEdit:
        field = QLineEdit(self._state.text(f"evaluation/{key}"))
        field.setPlaceholderText("none")
        field.setToolTip(tip)
        field.setClearButtonEnabled(True)
        return field


def _file(field: QLineEdit) -> Path | None:
    text = field.text().strip()
    return Path(text).expanduser() if text else None
