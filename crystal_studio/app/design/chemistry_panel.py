"""Which elements: periodic table, typed system, mode, formula and presets, kept in step through the form."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QMenu, QToolButton, QVBoxLayout, QWidget

from crystal_studio.app.design.form import Form, Pick, unseen
from crystal_studio.app.design.form_model import FormModel
from crystal_studio.app.design.periodic_table import TEXTS, PeriodicTable
from crystal_studio.app.design.presets import PRESETS
from crystal_studio.app.typeset import formula_html
from crystal_studio.app.widgets import Card, Segments, label, mark
from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.errors import RequestError

MODES = (
    ("exact", "Exactly", "Crystals of all these elements and no other"),
    ("subset", "Any of", "Crystals of these elements or fewer of them"),
    ("contains", "At least", "Crystals with all these elements; others may come in"),
    ("any", "Anything", "No restriction but required and excluded elements"),
)


class ChemistryPanel(Card):
    """The chemical part of the request."""

    def __init__(self, model: FormModel, parent: QWidget | None = None) -> None:
        super().__init__("Chemical system", parent)
        self._model = model
        self._typed_in: QLineEdit | None = None

        presets = QToolButton()
        presets.setText("Presets")
        presets.setProperty("menu", True)
        presets.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(presets)
        menu.setToolTipsVisible(True)
        for preset in PRESETS:
            action = menu.addAction(preset.title)
            action.setToolTip(preset.tip)
            action.triggered.connect(
                lambda _=False, p=preset: self._put(p.apply(self._model.form), f"preset {p.title}")
            )
        presets.setMenu(menu)
        self.head.addWidget(presets)
        clear = QToolButton()
        clear.setText("Clear")
        clear.setToolTip("Leave every element open")
        clear.clicked.connect(
            lambda: self._put(replace(self._model.form, picks=(), mode="any", composition=""), "clear elements")
        )
        self.head.addWidget(clear)

        self.mode = Segments(MODES, "Mode")
        self.mode.chosen.connect(self._set_mode)
        self.system = QLineEdit()
        self.system.setPlaceholderText("Li-Mn-O")
        self.system.setAccessibleName("Chemical system")
        self.system.setToolTip("Elements joined by dashes, a formula, or *-O for anything with O")
        self.system.textEdited.connect(self._type_system)
        self.system.editingFinished.connect(self.refresh)
        self.formula = QLineEdit()
        self.formula.setPlaceholderText("any, or e.g. LiMn2O4")
        self.formula.setAccessibleName("Exact composition")
        self.formula.setToolTip("Only crystals of this formula, with any number of formula units")
        self.formula.textEdited.connect(self._type_formula)
        self.system_error = label("", "error", wrap=True)
        self.system_error.hide()
        self.formula_error = label("", "error", wrap=True)
        self.formula_error.hide()
        self.formula_note = label("", "small", wrap=True)
        self.formula_note.setTextFormat(Qt.TextFormat.RichText)
        self.formula_note.hide()
        fields = QHBoxLayout()
        fields.setSpacing(14)
        self.formula_part = _field("Exact composition", self.formula, self.formula_error)
        fields.addWidget(_field("Elements are", self.mode, None))
        fields.addWidget(_field("Elements", self.system, self.system_error), 3)
        fields.addWidget(self.formula_part, 2)
        self.body.addLayout(fields)
        self.body.addWidget(self.formula_note)
        self.table = PeriodicTable()
        self.table.picked.connect(self._pick)
        self.body.addWidget(self.table, 1)
        model.changed.connect(self.refresh)
        self.refresh()

    def set_error(self, field: str, message: str) -> None:
        """Show what is wrong with the field of this name; what was mistyped comes first."""
        system = self._model.mistyped("chemsys") or (message if field in ("chemsys", "mode") else "")
        formula = self._model.mistyped("composition") or (message if field == "composition" else "")
        _show_error(self.system, self.system_error, system or self.problem)
        _show_error(self.formula, self.formula_error, formula)

    def set_note(self, text: str) -> None:
        """Say what the space groups make of the exact composition."""
        self.formula_note.setText(text)
        self.formula_note.setVisible(bool(text))

    @property
    def known(self) -> frozenset[int]:
        """Atomic numbers that the model knows; empty where that is unknown."""
        card = self._model.card
        return frozenset(card.elements) if card else frozenset()

    def refresh(self) -> None:
        """Show the form."""
        form, error = self._model.form, self._model.error
        able, card = self._model.able, self._model.card
        self.table.show_form(form, self.known, card.title if card else "")
        self.mode.offer(sorted({*able.modes, form.mode}))
        self.mode.set(form.mode)
        self.formula_part.setVisible(able.composition)
        self._show_text(self.system, form.system_text, self._model.mistyped("chemsys"))
        self._show_text(self.formula, form.composition, self._model.mistyped("composition"))
        self.set_error(error.field if error else "", str(error) if error else "")

    @property
    def problem(self) -> str:
        """Why the model cannot make these elements, or empty."""
        strange = unseen(self._model.form, self.known)
        return f"The model never saw {', '.join(strange)}: leave it out or choose another model." if strange else ""

    def _put(self, form: Form, text: str) -> None:
        """Put other elements in place, and forget what was mistyped."""
        self._model.forget("chemsys", "composition")
        self._model.change(form, text)

    def _pick(self, symbol: str, state: Pick) -> None:
        self._put(self._model.form.with_pick(symbol, state), f"{symbol} {TEXTS[state]}")

    def _set_mode(self, mode: str) -> None:
        form = self._model.form
        changed = replace(form, mode=mode, composition=form.composition if mode == "exact" else "")
        if changed == form:
            self.refresh()
        self._model.change(changed, "mode")

    def _type_system(self, text: str) -> None:
        with self._typing(self.system):
            if self._try("chemsys", lambda: self._model.form.with_system(text), "type elements"):
                self._model.forget("composition")

    def _type_formula(self, text: str) -> None:
        with self._typing(self.formula):
            self._try("composition", lambda: self._model.form.with_composition(text), "type composition")

    @contextmanager
    def _typing(self, field: QLineEdit) -> Iterator[None]:
        """Leave the field alone while it is being typed in."""
        self._typed_in = field
        try:
            yield
        finally:
            self._typed_in = None

    def _try(self, field: str, make: Callable[[], Form], what: str) -> bool:
        """Change the form by a typed text, or hold why it makes no sense; tells whether it does."""
        try:
            form = make()
        except RequestError as error:
            self._model.mistype(field, str(error))
            return False
        self._model.change(form, what, merge=what)
        self._model.mistype(field, "")
        return True

    def _show_text(self, field: QLineEdit, text: str, error: str) -> None:
        if field is not self._typed_in and not error and field.text() != text:
            field.setText(text)


def describe(form: Form) -> str:
    """The chemical request in words."""
    names = ", ".join(form.elements)
    if form.composition:
        return f"Crystals of composition {formula_html(form.composition)}, any number of formula units."
    text = {
        "exact": f"Crystals that hold {names} and nothing else.",
        "subset": f"Crystals made only of {names}.",
        "contains": f"Crystals that hold {names} and may hold others.",
        "any": "Crystals of any elements.",
    }[form.mode]
    required, excluded = form.of(Pick.REQUIRED), form.of(Pick.EXCLUDED)
    if required and form.mode in ("subset", "any"):
        text += f" Always with {', '.join(required)}."
    if excluded and form.mode in ("contains", "any"):
        shown = ", ".join(sorted(excluded, key=SYMBOLS.index)[:12]) + (" …" if len(excluded) > 12 else "")
        text += f" Never with {shown}."
    return text


def _field(title: str, widget: QWidget, error: QWidget | None) -> QWidget:
    part = QWidget()
    part.setProperty("role", "plain")
    column = QVBoxLayout(part)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(3)
    column.addWidget(label(title, "small"))
    column.addWidget(widget)
    if error is not None:
        column.addWidget(error)
    column.addStretch(1)
    return part


def _show_error(field: QWidget, place: QLabel, message: str) -> None:
    mark(field, bool(message))
    place.setText(message)
    place.setVisible(bool(message))
