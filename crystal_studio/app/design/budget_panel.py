"""How much of what: count, size, seed, model, device and funnel, and the options that the model's family declares."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from textwrap import shorten
from typing import Any

from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QLineEdit, QToolButton, QVBoxLayout, QWidget

from crystal_studio.app import theme
from crystal_studio.app.catalogue import Catalogue
from crystal_studio.app.design.choice import HELP_ROLE, Choice
from crystal_studio.app.design.form_model import FormModel
from crystal_studio.app.design.made_of_card import SECTION as WHAT
from crystal_studio.app.design.number_fields import WholeBox, show_value
from crystal_studio.app.design.option_fields import OptionFields
from crystal_studio.app.design.option_sources import FamilySource
from crystal_studio.app.funnel.editing import about
from crystal_studio.app.funnel.funnel_field import FunnelField
from crystal_studio.app.icons import icon
from crystal_studio.app.numbers_text import plural
from crystal_studio.app.widgets import Card, label, mark
from crystal_studio.campaign.devices import Device
from crystal_studio.design import forms
from crystal_studio.design.request import DesignRequest

CORE = {field.name: field for field in forms.form(DesignRequest)}
"""What every request says, as it is declared."""
SHORT = {"max_atoms": "Atoms in cell, at most"}
"""Titles that are too long above their fields here."""
ELSEWHERE = ("targets", "sites")
"""Sections whose options have cards of their own."""
MOST_ATOMS, MOST_CANDIDATES = 500, 1_000_000
MOST_WORDS = 120
"""Characters up to which the funnel is told beside the fields."""


class BudgetPanel(Card):
    """The part of the request that says how much is to be computed, and with what."""

    def __init__(self, model: FormModel, parent: QWidget | None = None) -> None:
        super().__init__("Budget", parent)
        self._model = model
        self._showing = False
        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(4)
        self.body.addLayout(grid)
        self._grid = grid
        self.errors: dict[str, tuple[QWidget, QLabel]] = {}
        self._parts: dict[str, tuple[QWidget, QWidget]] = {}

        self.count = self._number("count", 1, MOST_CANDIDATES)
        self.max_atoms = self._number("max_atoms", 0, MOST_ATOMS)
        self.seed = QLineEdit()
        self.seed.setToolTip(_tip("seed"))
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
        self.model = Choice()
        self.device = Choice()
        self.funnel = FunnelField()
        self.potential = Choice()
        self._add(self.count, "count", 0, 0)
        self._add(self.max_atoms, "max_atoms", 0, 1)
        self._add(self.device, "device", 0, 2)
        self._add(seed_row, "seed", 0, 3, focus=self.seed)
        self._add(self.model, "model", 1, 0, width=2)
        self._add(self.funnel, "funnel", 1, 2, width=2, focus=self.funnel.box)
        for column in range(4):
            grid.setColumnStretch(column, 1)
        notes = QHBoxLayout()
        self.model_note = label("", "small", wrap=True)
        self.funnel_note = label("", "small", wrap=True)
        notes.addWidget(self.model_note, 1)
        notes.addWidget(self.funnel_note, 1)
        self.body.addLayout(notes)
        self.options = OptionFields(FamilySource(model))
        self.body.addWidget(self.options)
        self.more = QToolButton()
        self.more.setText("Advanced")
        self.more.setCheckable(True)
        self.more.toggled.connect(self._show_advanced)
        self.head.addWidget(self.more)
        self.advanced = QWidget()
        self.advanced.setProperty("role", "plain")
        inside = QVBoxLayout(self.advanced)
        inside.setContentsMargins(0, 0, 0, 0)
        self.advanced_options = OptionFields(FamilySource(model))
        inside.addWidget(self.advanced_options)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(10)
        self._grid.setVerticalSpacing(4)
        inside.addLayout(self._grid)
        self._add(self.potential, "potential", 0, 0, width=2)
        for column in range(4):
            self._grid.setColumnStretch(column, 1)
        self.body.addWidget(self.advanced)
        self.advanced.hide()
        self.set_devices(())
        self.set_catalogue(Catalogue())

        self.potential.activated.connect(lambda: self._change("potential", self.potential.currentData()))
        self.seed.textEdited.connect(self._type_seed)
        self.dice.clicked.connect(lambda: model.change(model.form.with_new_seed(), "another seed"))
        self.model.activated.connect(lambda: self._choose_model(self.model.currentData()))
        self.device.activated.connect(lambda: self._change("device", self.device.currentData()))
        self.funnel.chosen.connect(lambda funnel: self._change("funnel", funnel))
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
            self.device.addItem(f"{device.name}, {device.title}", device.name)
            self.device.setItemData(self.device.count() - 1, device.text, HELP_ROLE)
        self.refresh()

    def set_catalogue(self, catalogue: Catalogue) -> None:
        """Offer the installed models."""
        self.model.clear()
        for card in catalogue.cards:
            self.model.addItem(card.title, card.name)
        self.model.setEnabled(bool(catalogue.cards))
        if not catalogue.cards:
            self.model.addItem("No model installed", "")
        self.potential.clear()
        for name in catalogue.potentials:
            self.potential.addItem(name, name)
        self.refresh()

    def refresh(self) -> None:
        """Show the form."""
        form = self._model.form
        self._showing = True
        for name, number in (("count", self.count), ("max_atoms", self.max_atoms)):
            show_value(number, getattr(form, name), self._model.mistyped(name))
        if not self._model.mistyped("seed") and self.seed.text() != str(form.seed):
            self.seed.setText(str(form.seed))
        self.model.show_value(form.model if self._model.catalogue.cards else "")
        for box, value in ((self.device, form.device), (self.potential, form.potential)):
            box.show_value(value)
        self.funnel.show_value(form.funnel)
        elsewhere = ELSEWHERE if self._model.able.space_groups else (*ELSEWHERE, WHAT)
        card, fields = self._model.card, [f for f in self._model.fields if f.section not in elsewhere]
        facts = [f"{card.parameters / 1e6:.1f} million parameters"] if card and card.parameters else []
        facts += [f"{len(card.elements)} elements", card.licence] if card else []
        self.model_note.setText(", ".join(facts))
        said = about(form.funnel)
        self.funnel_note.setText(shorten(said, MOST_WORDS, placeholder=" …"))
        self.funnel_note.setToolTip(said if len(said) > MOST_WORDS else "")
        self.options.show_fields(tuple(f for f in fields if not f.advanced))
        self.advanced_options.show_fields(tuple(f for f in fields if f.advanced))
        for part in self._parts["max_atoms"]:
            part.setVisible(self._model.able.max_atoms)
        hidden = [*self.advanced_options.titles, CORE["potential"].title]
        self.more.setToolTip(", ".join(hidden))
        unusual = self.advanced_options.changed_titles or form.potential != CORE["potential"].default
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
        self.options.set_error(field, message)
        self.advanced_options.set_error(field, message)
        if message and (field == "potential" or field in self.advanced_options.widgets):
            self.more.setChecked(True)

    @property
    def fields(self) -> frozenset[str]:
        """Names of the fields that have a place here."""
        shown = {name for name, parts in self._parts.items() if not parts[0].isHidden()}
        return frozenset({*shown, *self.options.widgets, *self.advanced_options.widgets})

    @property
    def problem(self) -> str:
        """Why the model asked for cannot be used, or empty."""
        name = self._model.form.model
        if not self._model.catalogue.cards or not name or self._model.card:
            return ""
        return f"The model {name} is not installed: choose another one."

    def _show_advanced(self, on: bool) -> None:
        self.advanced.setVisible(on)

    def _change(self, name: str, value: Any) -> None:
        if not self._showing and value is not None:
            self._model.change(replace(self._model.form, **{name: value}), name.replace("_", " "), merge=name)

    def _choose_model(self, name: str | None) -> None:
        """A model of another family brings the funnel of its family, unless another one was asked for."""
        form, family = self._model.form, self._model.catalogue.family(name or "")
        if name and family is not None and form.funnel == self._model.able.funnel and not self._showing:
            self._model.change(replace(form, model=name, funnel=family.capabilities.funnel), "model", merge="model")
        else:
            self._change("model", name)

    def _type_seed(self, text: str) -> None:
        good = text.isascii() and text.isdigit() and int(text) < 2**63
        if good:
            self._change("seed", int(text))
        self._model.mistype("seed", "" if good else "The seed is a whole number, 0 or more.")

    def _number(self, field: str, low: int, high: int) -> WholeBox:
        box = WholeBox(low, high, CORE[field].zero)
        box.setToolTip(_tip(field))
        box.valueChanged.connect(lambda value: self._change(field, value))
        box.mistyped.connect(lambda message: self._model.mistype(field, message))
        return box

    def _add(
        self, widget: QWidget, field: str, row: int, column: int, width: int = 1, focus: QWidget | None = None
    ) -> None:
        """One field with its title above and its error below."""
        place = label("", "error", wrap=True)
        place.hide()
        marked = focus or widget
        marked.setAccessibleName(CORE[field].title)
        if isinstance(marked, Choice):
            marked.setToolTip(_tip(field))
        self.errors[field] = (marked, place)
        title = label(SHORT.get(field, CORE[field].title), "small")
        self._parts[field] = (title, widget)
        for line, part in enumerate((title, widget, place)):
            self._grid.addWidget(part, row * 3 + line, column, 1, width)

    def _recolour(self) -> None:
        self.dice.setIcon(icon("dice"))


def _tip(field: str) -> str:
    text = CORE[field].help
    return text[:1].upper() + text[1:]
