"""The settings of a DFT calculation as fields: task, numbers with their units, spin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QHBoxLayout, QLabel, QWidget

from crystal_studio.app.design.number_fields import DecimalBox, WholeBox
from crystal_studio.app.dft.asking import NUMBERS, TASKS, USUAL, Number
from crystal_studio.app.widgets import GAP, Segments, label, mark
from crystal_studio.dft.protocol import RELAX, Settings

COLUMNS = 2


class SettingsFields(QWidget):
    """``changed`` follows every change; ``problem`` says what is typed that cannot be taken."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "plain")
        self._mistyped: dict[str, str] = {}
        self._rest: dict[str, Any] = {}
        self._names: dict[str, QLabel] = {}
        self.task = Segments(TASKS, "Task")
        self.task.chosen.connect(self._set_task)
        self.spin = QCheckBox("Free spins")
        self.spin.setToolTip("Starts ferromagnetic and lets the moments settle; about twice the time")
        self.spin.toggled.connect(lambda _: self.changed.emit())
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(GAP)
        grid.addWidget(self.task, 0, 0, 1, 2 * COLUMNS)
        self.boxes: dict[str, WholeBox | DecimalBox] = {}
        for place, number in enumerate(NUMBERS):
            self._add(grid, number, 1 + place // COLUMNS, 2 * (place % COLUMNS))
        grid.addWidget(self.spin, 1 + len(NUMBERS) // COLUMNS, 2 * (len(NUMBERS) % COLUMNS), 1, 2)
        grid.setColumnStretch(2 * COLUMNS, 1)

    def show_settings(self, values: Mapping[str, Any]) -> None:
        """Show every field of ``Settings`` by name."""
        self._rest = dict(values)
        self.task.set(values["task"])
        for name, box in self.boxes.items():
            box.setValue(values[name])
            self._mistype(name, "")  # Qt does not tell of text that a value replaces
        self.spin.setChecked(values["spin"])
        self._follow_task()

    def settings(self) -> Settings:
        """What is set; raises ``RequestError`` with the field that cannot be used."""
        typed = {name: box.value() for name, box in self.boxes.items() if box.isEnabled()}
        return Settings.of_json(self._rest | typed | {"spin": self.spin.isChecked()})

    @property
    def problem(self) -> str:
        """Why what is typed cannot be taken, or empty."""
        titles = {number.name: number.title for number in NUMBERS}
        return next(
            (f"{titles[name]}: {text}" for name, text in self._mistyped.items() if self.boxes[name].isEnabled()), ""
        )

    def _add(self, grid: QGridLayout, number: Number, row: int, column: int) -> None:
        low, high = number.range
        usual = getattr(USUAL, number.name)
        if isinstance(usual, int):
            box: WholeBox | DecimalBox = WholeBox(int(low), int(high))
            box.setSingleStep(int(number.step))
            box.setFixedWidth(84)
        else:
            box = DecimalBox(max(low, 1e-4), high, number.step)
        span = f"{low:g} to {high:g} {number.unit}".strip()
        tip = f"{number.tip}\n{span}, usually {usual:g} {number.unit}".strip()
        title = label(number.title, "muted")
        for part in (box, title):
            part.setToolTip(tip)
        box.setAccessibleName(f"{number.title}, {number.unit}" if number.unit else number.title)
        box.mistyped.connect(lambda text, name=number.name: self._mistype(name, text))
        box.valueChanged.connect(lambda _: self.changed.emit())
        line = QHBoxLayout()
        line.setSpacing(GAP)
        line.addWidget(box)
        line.addWidget(label(number.unit, "muted"), 1)
        grid.addWidget(title, row, column)
        grid.addLayout(line, row, column + 1)
        self.boxes[number.name], self._names[number.name] = box, title

    def _mistype(self, name: str, text: str) -> None:
        self._mistyped.pop(name, None)
        if text:
            self._mistyped[name] = text
        mark(self.boxes[name], bool(text))
        self.changed.emit()

    def _set_task(self, task: str) -> None:
        self._rest["task"] = task
        self._follow_task()
        self.changed.emit()

    def _follow_task(self) -> None:
        """Only a relaxation has forces to lessen and steps to take."""
        relaxing = self._rest["task"] == RELAX
        for name in ("fmax", "max_steps"):
            self.boxes[name].setEnabled(relaxing)
            self._names[name].setEnabled(relaxing)
