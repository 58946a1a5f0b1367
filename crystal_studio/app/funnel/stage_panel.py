"""One stage: what it asks, whether it rejects or only marks, and its options."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QToolButton, QVBoxLayout, QWidget

from crystal_studio.app.design.option_fields import OptionFields
from crystal_studio.app.funnel.funnel_model import FunnelModel, StageSource
from crystal_studio.app.widgets import GAP, PAD, Segments, label
from crystal_studio.candidates.registry import quantities
from crystal_studio.funnel import stage_options

KINDS = (
    ("reject", "Rejects", "Candidates with one of its reasons leave the funnel"),
    ("mark", "Only marks", "The reason is kept with the verdict, and the candidate goes on"),
)
COLUMNS = 2


class StagePanel(QWidget):
    """Shows the stage that ``show_stage`` names, and changes it in the model."""

    def __init__(self, model: FunnelModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "plain")
        self._model, self._source = model, StageSource(model)
        self._more_source = StageSource(model)
        self.stage = ""
        self.title = label("", "heading")
        self.about = label("", "small", wrap=True)
        self.kind = Segments(KINDS, "What its reasons do")
        self.kind.chosen.connect(self._set_kind)
        self.no_reasons = label("It finds values and has no reason to reject anything.", "muted", wrap=True)
        self.options = OptionFields(self._source, columns=COLUMNS, told=True)
        self.more = QToolButton()
        self.more.setText("Advanced")
        self.more.setCheckable(True)
        self.advanced = OptionFields(self._more_source, columns=COLUMNS, told=True)
        self.more.toggled.connect(lambda _: self.refresh())
        self.usual = QPushButton("As usual")
        self.usual.setToolTip("Set every option of this stage as it usually is")
        self.usual.clicked.connect(self._set_usual)
        column = QVBoxLayout(self)
        column.setContentsMargins(PAD, 0, 0, 0)
        column.setSpacing(GAP)
        for widget in (self.title, self.about, self.kind, self.no_reasons, self.options, self.more, self.advanced):
            column.addWidget(widget)
        column.addWidget(self.usual)
        column.addStretch(1)
        for button in (self.more, self.usual):
            column.setAlignment(button, Qt.AlignmentFlag.AlignLeft)
        model.changed.connect(self.refresh)

    def show_stage(self, stage: str) -> None:
        """Show a stage."""
        if stage != self.stage:
            self._model.forget()
        self.stage = self._source.stage = self._more_source.stage = stage
        self.refresh()

    def refresh(self) -> None:
        """Show what is set."""
        if not self.stage:
            return
        row = self._model.editing.row(self.stage)
        kind, known = row.kind, quantities()
        self.title.setText(kind.title)
        needs = [known[name].title.lower() for name in kind.requires if name in known]
        said = [f"{self.stage}, version {kind.version}"]
        said += [f"needs {' and '.join(needs)}"] if needs else []
        said += ["in the order of the candidates"] if kind.in_order else []
        self.about.setText("; ".join(said) + ".")
        reasons = [reason.title for reason in kind.reasons]
        self.kind.setVisible(row.may_reject)
        self.kind.set("reject" if row.rejects else "mark")
        self.kind.setToolTip("; ".join(reasons))
        self.no_reasons.setVisible(not row.may_reject)
        fields = stage_options.fields(kind)
        usual = tuple(f for f in fields if not f.advanced)
        advanced = tuple(f for f in fields if f.advanced)
        self.options.show_fields(usual)
        self.advanced.show_fields(advanced)
        changed = bool(self.advanced.changed_titles)
        self.more.setVisible(bool(advanced))
        self.more.setText("Advanced (changed)" if changed else "Advanced")
        problem = self._model.problem
        wrong = problem.option if problem and problem.stage == self.stage else ""
        for part in (self.options, self.advanced):
            part.set_error(wrong, str(problem or ""))
        self.advanced.setVisible(bool(advanced) and (self.more.isChecked() or wrong in self.advanced.widgets))
        self.usual.setVisible(bool(fields))
        self.usual.setEnabled(bool(row.options))
        for widget in (self.kind, self.options, self.advanced, self.more):
            widget.setEnabled(row.on)

    def _set_kind(self, key: str) -> None:
        row = self._model.editing.row(self.stage)
        self._model.change_row(replace(row, rejects=key == "reject"), f"{self.stage} {key}s")

    def _set_usual(self) -> None:
        row = self._model.editing.row(self.stage)
        self._model.change_row(replace(row, options={}), f"options of {self.stage}")
