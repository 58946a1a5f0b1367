"""Property targets: ranges of the properties that the model was trained with, and what its family lets one say of
them."""

from __future__ import annotations

import math
from dataclasses import replace

from PySide6.QtWidgets import QCheckBox, QGridLayout, QWidget

from crystal_studio.app.design.aims import figure_short, look, unit_text
from crystal_studio.app.design.form import Aim, Form
from crystal_studio.app.design.form_model import FormModel
from crystal_studio.app.design.number_fields import DecimalBox, show_value
from crystal_studio.app.design.option_fields import OptionFields
from crystal_studio.app.design.option_sources import FamilySource
from crystal_studio.app.design.range_slider import RangeSlider
from crystal_studio.app.widgets import Card, label, mark
from crystal_studio.generators.protocol import PropertyRange


class TargetsPanel(Card):
    """The part of the request that aims at properties."""

    def __init__(self, model: FormModel, parent: QWidget | None = None) -> None:
        super().__init__("Property targets", parent)
        self._model = model
        self._showing = False
        self._shown: tuple[PropertyRange, ...] | None = None
        self.rows: dict[str, _Row] = {}
        self.note = label("", "muted", wrap=True)
        self.body.addWidget(self.note)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(10)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(5, 1)
        self.body.addLayout(self._grid)
        self.body.addSpacing(6)
        self.options = OptionFields(FamilySource(model), with_sliders=True)
        self.body.addWidget(self.options)
        self.error = label("", "error", wrap=True)
        self.error.hide()
        self.body.addWidget(self.error)
        self.body.addStretch(1)
        model.changed.connect(self.refresh)
        self.refresh()

    @property
    def offered(self) -> bool:
        """Whether there is anything to aim at, or anything aimed at, or a model of this kind could aim."""
        card, fields = self._model.card, self._model.fields
        could = card is None or bool(card.labels) or any(f.section == "targets" for f in fields)
        return could or bool(self._model.form.targets)

    @property
    def problem(self) -> str:
        """Why the targets cannot be aimed at with this model, or empty."""
        card = self._model.card
        if card is None:
            return ""
        offered = {p.name for p in card.labels}
        strange = [look(t.name).within for t in self._model.form.targets if t.name not in offered]
        if not strange:
            return ""
        return f"{card.title} was not trained with {', '.join(strange)}: drop it or choose another model."

    def set_error(self, field: str, message: str) -> None:
        """Show what is wrong with the field of this name."""
        upside_down = {t.name for t in self._model.form.targets if t.low > t.high}
        for name, row in self.rows.items():
            row.show_error("The lower end lies above the upper end." if name in upside_down else "")
        beside = upside_down or any(row.mistyped for row in self.rows.values())
        here = message if field in ("target", "targets") and not beside else ""
        text = self.problem or here
        self.options.set_error(field, message)
        self.error.setText(text)
        self.error.setVisible(bool(text))

    def refresh(self) -> None:
        """Show the form."""
        form, error = self._model.form, self._model.error
        self._showing = True
        card = self._model.card
        offered = card.labels if card else ()
        known = {p.name for p in offered}
        strange = tuple(PropertyRange(t.name, "", math.nan, math.nan) for t in form.targets if t.name not in known)
        if self._shown != offered + strange:
            self._fill(offered + strange)
        for row in self.rows.values():
            row.show_form(form)
        if card is None:
            note = "No model is installed that could aim at a property."
        elif not offered:
            note = (
                f"{card.title} was trained without properties, so it cannot aim at any. "
                "Choose another model below, or train one with crystal-studio train."
            )
        else:
            note = "Candidates are drawn as if their properties lay in these ranges; tick as many as you need."
        self.note.setText(note)
        wanted = tuple(f for f in self._model.fields if f.section == "targets" and f.kind != "targets")
        self.options.show_fields(wanted)
        self.options.setVisible(bool(form.targets and wanted))
        self._showing = False
        self.set_error(error.field if error else "", str(error) if error else "")

    def _fill(self, properties: tuple[PropertyRange, ...]) -> None:
        while self._grid.count():
            item = self._grid.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self._shown = properties
        self.rows = {}
        for index, property_ in enumerate(properties):
            self.rows[property_.name] = _Row(self._model, property_, self._grid, 2 * index)


class _Row:
    """One property: tick, ends, unit, slider on the range seen in training; below, what is wrong or to be known."""

    def __init__(self, model: FormModel, property_: PropertyRange, grid: QGridLayout, line: int) -> None:
        self._model, self._property = model, property_
        self._showing = False
        self._known = math.isfinite(property_.low)
        shown = look(property_.name, property_.low, property_.high) if self._known else look(property_.name)
        unit = unit_text(property_.unit)
        seen = f"{figure_short(property_.low)} to {figure_short(property_.high)} {unit}".strip()
        seen = f"Seen in training: {seen}" if self._known else "Unknown to this model"
        self.tick = QCheckBox(shown.title)
        self.tick.setToolTip(f"{shown.tip}\n{seen}".strip())
        self.low, self.high = (DecimalBox(-1e6, 1e6, shown.step) for _ in range(2))
        for box, end in ((self.low, "from"), (self.high, "to")):
            box.setAccessibleName(f"{shown.title}, {end}, {property_.unit}")
            box.setToolTip(f"{shown.title} {end}, in {unit}" if unit else f"{shown.title} {end}")
        ends = (property_.low, max(property_.high, property_.low + 1e-6)) if self._known else (0.0, 1.0)
        self.slider = RangeSlider(*ends, shown.step / 2)
        self.slider.setEnabled(self._known)
        self.slider.setToolTip(seen)
        self.slider.setAccessibleName(f"{shown.title}, range")
        self.ends = label(seen.replace("Seen in t", "T"), "small")
        self.hint = label("", "error", wrap=True)
        self.hint.hide()
        for index, widget in enumerate((self.tick, self.low, label("to", "muted"), self.high, label(unit, "muted"))):
            grid.addWidget(widget, line, index)
        grid.addWidget(self.slider, line, 5)
        grid.addWidget(self.ends, line, 6)
        grid.addWidget(self.hint, line + 1, 1, 1, 6)
        self._aim = Aim(property_.name, shown.low, shown.high)
        self.tick.toggled.connect(self._toggle)
        self.low.valueChanged.connect(lambda v: self._change(replace(self._aim, low=v)))
        self.high.valueChanged.connect(lambda v: self._change(replace(self._aim, high=v)))
        for box, end in ((self.low, "low"), (self.high, "high")):
            box.mistyped.connect(lambda message, end=end: model.mistype(self._field(end), message))
        self.slider.moved.connect(lambda low, high: self._change(replace(self._aim, low=low, high=high)))

    def show_form(self, form: Form) -> None:
        """Show the target of this property; the ends of one that was dropped stay, greyed."""
        aim = form.aim(self._property.name)
        self._showing = True
        if aim is not None:
            self._aim = aim
        self.tick.setChecked(aim is not None)
        for box, value, end in ((self.low, self._aim.low, "low"), (self.high, self._aim.high, "high")):
            show_value(box, value, self._model.mistyped(self._field(end)))
        self.slider.show_values(self._aim.low, self._aim.high, aim is not None and self._known)
        self._showing = False

    @property
    def mistyped(self) -> str:
        """Why what is typed for an end cannot be read, or empty."""
        return self._model.mistyped(self._field("low")) or self._model.mistyped(self._field("high"))

    def show_error(self, message: str) -> None:
        """Mark the ends as wrong, or say that they lie outside what the model saw."""
        for box, end in ((self.low, "low"), (self.high, "high")):
            mark(box, bool(message or self._model.mistyped(self._field(end))))
        wrong = self.mistyped or message
        text = wrong or (self._outside() if self.tick.isChecked() and self._known else "")
        self.hint.setText(text)
        if bool(self.hint.property("role") == "error") != bool(wrong):
            self.hint.setProperty("role", "error" if wrong else "warning")
            self.hint.style().polish(self.hint)
        self.hint.setVisible(bool(text))

    def _outside(self) -> str:
        """How the range lies to what the model saw, where it leaves that."""
        low, high = self._property.low - 1e-9, self._property.high + 1e-9
        if self._aim.high < low or self._aim.low > high:
            return "Wholly outside what the model saw in training: no candidate can be expected to lie there."
        if self._aim.low < low or self._aim.high > high:
            return "Partly outside what the model saw in training: expect poor crystals."
        return ""

    def _field(self, end: str) -> str:
        return f"target/{self._property.name}/{end}"

    def _toggle(self, on: bool) -> None:
        if not self._showing:
            title = look(self._property.name).within
            form = self._model.form.with_aim(self._property.name, self._aim if on else None)
            self._model.change(form, f"{'aim at' if on else 'drop'} {title}")

    def _change(self, aim: Aim) -> None:
        if not self._showing:
            self._aim = aim
            self._model.change(
                self._model.form.with_aim(aim.name, aim),
                f"range of {look(aim.name).within}",
                merge=f"target {aim.name}",
            )
