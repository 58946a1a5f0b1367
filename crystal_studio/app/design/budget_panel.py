"""How much of what: count, size, steps, seed, model, device and funnel."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QLabel, QLineEdit, QToolButton, QWidget

from crystal_studio.app import theme
from crystal_studio.app.catalogue import Catalogue
from crystal_studio.app.design.form_model import FormModel
from crystal_studio.app.design.number_fields import WholeBox, show_value
from crystal_studio.app.icons import icon
from crystal_studio.app.numbers_text import plural
from crystal_studio.app.widgets import Card, label, mark
from crystal_studio.campaign.devices import Device

FUNNELS = (
    ("quick", "Quick", "Geometry, composition, symmetry, uniqueness, novelty, relaxation, energy above hull"),
    ("full", "Full", "As quick, with the relaxation carried to 0.03 eV/Å"),
    ("none", "None", "Generate only; the funnel can be run later"),
)
SAMPLERS = (
    ("fast", "Fast", "Few large steps, one network call each"),
    ("published", "Published (SymmCD)", "1,000 steps with a corrector, two network calls each"),
)
NUMBERS = ("count", "max_atoms", "steps", "max_orbits")
ADVANCED = ("sampler", "steps", "max_orbits")
PUBLISHED_CALLS = 2000


class BudgetPanel(Card):
    """The part of the request that says how much is to be computed, and with what."""

    def __init__(self, model: FormModel, parent: QWidget | None = None) -> None:
        super().__init__("Budget", parent)
        self._model = model
        self._showing = False
        self._catalogue = Catalogue()
        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(4)
        self.body.addLayout(grid)
        self._grid = grid
        self.errors: dict[str, tuple[QWidget, QLabel]] = {}

        self.count = self._number("count", 1, 1_000_000, "How many candidates to generate")
        self.max_atoms = self._number("max_atoms", 0, 500, "Most atoms in the primitive cell", "no limit")
        steps = "Denoising steps: fewer are faster, more are better"
        self.steps = self._number("steps", 0, 5000, steps, "as the sampler has it")
        orbits = "Largest number of orbits in the asymmetric unit"
        self.max_orbits = self._number("max_orbits", 0, 40, orbits, "no limit")
        self.seed = QLineEdit()
        self.seed.setToolTip("The same seed and request give the same candidates")
        self.dice = QToolButton()
        self.dice.setToolTip("Another seed")
        self.dice.setAccessibleName("Another seed")
        seed_row = QWidget()
        seed_row.setProperty("role", "plain")
        row = QHBoxLayout(seed_row)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.seed, 1)
        row.addWidget(self.dice)
        self.model = _Choice()
        self.device = _Choice()
        self.funnel = _Choice()
        self.sampler = _Choice()
        for key, text, tip in SAMPLERS:
            self.sampler.addItem(text, key)
            self.sampler.setItemData(self.sampler.count() - 1, tip, 3)
        self.sampler.setToolTip("How the model goes from noise to crystals")
        for key, text, tip in FUNNELS:
            self.funnel.addItem(text, key)
            self.funnel.setItemData(self.funnel.count() - 1, tip, 3)
        self._add("Candidates", self.count, "count", 0, 0)
        self._add("Atoms in cell, at most", self.max_atoms, "max_atoms", 0, 1)
        self._add("Device", self.device, "device", 0, 2)
        self._add("Seed", seed_row, "seed", 0, 3, focus=self.seed)
        self._add("Model", self.model, "model", 1, 0, width=2)
        self._add("Funnel", self.funnel, "funnel", 1, 2, width=2)
        for column in range(4):
            grid.setColumnStretch(column, 1)
        notes = QHBoxLayout()
        self.model_note = label("", "small", wrap=True)
        self.funnel_note = label("", "small", wrap=True)
        notes.addWidget(self.model_note, 1)
        notes.addWidget(self.funnel_note, 1)
        self.body.addLayout(notes)
        self.more = QToolButton()
        self.more.setText("Advanced")
        self.more.setCheckable(True)
        self.more.setToolTip("Sampler, denoising steps, number of orbits")
        self.more.toggled.connect(self._show_advanced)
        self.head.addWidget(self.more)
        self.advanced = QWidget()
        self.advanced.setProperty("role", "plain")
        self._grid = QGridLayout(self.advanced)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(10)
        self._grid.setVerticalSpacing(4)
        self._add("Sampler", self.sampler, "sampler", 0, 0, width=2)
        self._add("Denoising steps", self.steps, "steps", 0, 2)
        self._add("Orbits, at most", self.max_orbits, "max_orbits", 0, 3)
        for column in range(4):
            self._grid.setColumnStretch(column, 1)
        self.sampler_note = label("", "small", wrap=True)
        self._grid.addWidget(self.sampler_note, 3, 0, 1, 4)
        self.body.addWidget(self.advanced)
        self.advanced.hide()
        self.set_devices(())
        self.set_catalogue(Catalogue())

        self.sampler.activated.connect(lambda: self._change("sampler", self.sampler.currentData()))
        self.seed.textEdited.connect(self._type_seed)
        self.dice.clicked.connect(lambda: model.change(model.form.with_new_seed(), "another seed"))
        self.model.activated.connect(lambda: self._change("model", self.model.currentData()))
        self.device.activated.connect(lambda: self._change("device", self.device.currentData()))
        self.funnel.activated.connect(lambda: self._change("funnel", self.funnel.currentData()))
        model.changed.connect(self.refresh)
        theme.manager().changed.connect(self._recolour)
        self._recolour()
        self.refresh()

    def set_devices(self, devices: Sequence[Device]) -> None:
        """Offer these devices beside "automatic"."""
        devices = devices or (Device("cpu", plural(os.cpu_count() or 1, "core"), 0, 0),)
        self.device.clear()
        best = f" ({devices[0].name})" if len(devices) > 1 else ""
        self.device.addItem(f"Automatic{best}", "auto")
        for device in devices:
            self.device.addItem(device.text, device.name)
        self.refresh()

    def set_catalogue(self, catalogue: Catalogue) -> None:
        """Offer the installed models."""
        self._catalogue = catalogue
        self.model.clear()
        for card in catalogue.cards:
            self.model.addItem(card.title, card.name)
        self.model.setEnabled(bool(catalogue.cards))
        if not catalogue.cards:
            self.model.addItem("No model installed", "")
        self.refresh()

    def refresh(self) -> None:
        """Show the form."""
        form = self._model.form
        self._showing = True
        for name in NUMBERS:
            show_value(getattr(self, name), getattr(form, name), self._model.mistyped(name))
        if not self._model.mistyped("seed") and self.seed.text() != str(form.seed):
            self.seed.setText(str(form.seed))
        boxes = ((self.model, form.model), (self.device, form.device), (self.funnel, form.funnel))
        for box, value in (*boxes, (self.sampler, form.sampler)):
            at = box.findData(value)
            if at < 0 and value and not (box is self.model and not self._catalogue.cards):
                box.addItem(f"{value} (not here)", value)
                at = box.count() - 1
            box.setCurrentIndex(max(at, 0))
        card = self._catalogue.card(form.model)
        self.model_note.setText(
            f"{card.parameters / 1e6:.1f} million parameters, {len(card.elements)} elements, {card.licence}"
            if card
            else ""
        )
        self.funnel_note.setText(next((tip for key, _, tip in FUNNELS if key == form.funnel), ""))
        self.sampler_note.setText(sampler_note(form.sampler, int(card.limits.get("default_steps", 0)) if card else 0))
        unusual = form.sampler != SAMPLERS[0][0] or form.steps or form.max_orbits
        self.more.setText("Advanced (changed)" if unusual else "Advanced")
        self._showing = False

    def set_error(self, field: str, message: str) -> None:
        """Mark the field of this name with a message; what was mistyped stays marked."""
        for name, (widget, place) in self.errors.items():
            wrong = self._model.mistyped(name) or (message if name == field else "")
            wrong = wrong or (self.problem if name == "model" else "")
            mark(widget, bool(wrong))
            place.setText(wrong)
            place.setVisible(bool(wrong))
            if wrong and name in ADVANCED:
                self.more.setChecked(True)

    @property
    def problem(self) -> str:
        """Why the model asked for cannot be used, or empty."""
        name = self._model.form.model
        if not self._catalogue.cards or not name or self._catalogue.card(name):
            return ""
        return f"The model {name} is not installed: choose another one."

    def _show_advanced(self, on: bool) -> None:
        self.advanced.setVisible(on)

    def _change(self, name: str, value: Any) -> None:
        if not self._showing and value is not None:
            self._model.change(replace(self._model.form, **{name: value}), name.replace("_", " "), merge=name)

    def _type_seed(self, text: str) -> None:
        good = text.isascii() and text.isdigit() and int(text) < 2**63
        if good:
            self._change("seed", int(text))
        self._model.mistype("seed", "" if good else "The seed is a whole number, 0 or more.")

    def _number(self, field: str, low: int, high: int, tip: str, zero: str = "") -> WholeBox:
        box = WholeBox(low, high, zero)
        box.setToolTip(tip)
        box.valueChanged.connect(lambda value: self._change(field, value))
        box.mistyped.connect(lambda message: self._model.mistype(field, message))
        return box

    def _add(
        self,
        title: str,
        widget: QWidget,
        field: str,
        row: int,
        column: int,
        width: int = 1,
        focus: QWidget | None = None,
    ) -> None:
        """One field with its title above and its error below."""
        place = label("", "error", wrap=True)
        place.hide()
        marked = focus or widget
        marked.setAccessibleName(title)
        self.errors[field] = (marked, place)
        for line, part in enumerate((label(title, "small"), widget, place)):
            self._grid.addWidget(part, row * 3 + line, column, 1, width)

    def _recolour(self) -> None:
        self.dice.setIcon(icon("dice"))


def sampler_note(sampler: str, default_steps: int) -> str:
    """What a sampler does and costs; ``default_steps`` are those of the fast one, 0 where unknown."""
    if sampler == "published":
        slower = (
            f", about {round(PUBLISHED_CALLS / default_steps):,} times the work of the fast one"
            if default_steps
            else ""
        )
        return f"SymmCD's own: 1,000 steps with a corrector{slower}. For comparison with the published figures."
    usual = f", {default_steps} unless said otherwise" if default_steps else ""
    return f"Few large steps{usual}: the choice for designing."


class _Choice(QComboBox):
    """Leaves the wheel to the scroll area around it unless it has the focus; no wider than it has to be."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(8)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()
