"""Which sites are fixed: none, a Wyckoff template, or orbits and lattice of a structure that is completed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QMenu, QStackedWidget, QToolButton, QWidget

from crystal_studio.app.background import Background
from crystal_studio.app.catalogue import Catalogue
from crystal_studio.app.design.form import SITE_KINDS, Form
from crystal_studio.app.design.form_model import FormModel
from crystal_studio.app.design.keep_editor import KeepEditor
from crystal_studio.app.design.option_fields import OptionFields
from crystal_studio.app.design.option_sources import FamilySource
from crystal_studio.app.design.template_editor import TemplateEditor
from crystal_studio.app.widgets import Card, EmptyState, Segments, label
from crystal_studio.campaign.seed_structure import SeedStructure
from crystal_studio.design.forms import FormField
from crystal_studio.errors import ModelError
from crystal_studio.generators.family import kinds

STRUCTURES = "Structures (*.cif *.vasp *.poscar POSCAR* CONTCAR* *.extxyz *.xyz);;All files (*)"
MODES = (
    ("free", "Free", "The model chooses the Wyckoff position of every orbit"),
    ("template", "Template", "Say the Wyckoff position of every orbit; elements, coordinates and lattice are made"),
    ("keep", "Keep and complete", "Keep orbits or the lattice of a structure; the rest is made"),
)
KNOWN = ("keep", "Known sites", "The sites of a structure are known, or its lattice; the model finds the other")
"""Instead of the last one, where the model completes nothing."""
COMPLETE, TAKE_SITES = "Complete a structure…", "Take known sites…"
REFUSED = {
    "template": "be asked for Wyckoff positions",
    "keep": "complete a structure",
    "cell": "be asked for a cell",
}
TAKEN = {
    "template": "Use the Wyckoff positions of a structure",
    "keep": "Keep orbits or the lattice of a structure",
    "cell": "Use the cell of a structure",
}


class SitesPanel(Card):
    """The part of the request that fixes sites."""

    def __init__(self, model: FormModel, background: Background | None = None, parent: QWidget | None = None) -> None:
        super().__init__("Sites", parent)
        self._model, self._background = model, background
        self._choose_file: Callable[[], str] = self._ask_file
        self._fault: Callable[[BaseException], None] | None = None
        self.take = QToolButton()
        self.take.setText("Take from")
        self.take.setProperty("menu", True)
        self.take.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._menu = QMenu(self.take)
        self._menu.setToolTipsVisible(True)
        self.from_file = QAction("A structure file…", self)
        self.from_file.setToolTip("A CIF, POSCAR or extended XYZ file; its symmetry is found at 0.01 Å")
        self.from_file.triggered.connect(lambda _=False: self.open_file())
        self._menu.addAction(self.from_file)
        self.take.setMenu(self._menu)
        self.head.addWidget(self.take)
        self.mode = Segments(MODES, "Sites")
        self.mode.chosen.connect(lambda key: model.change(replace(model.form, sites=key), "kind of sites"))
        self.head.insertWidget(1, self.mode)
        self.head.insertSpacing(1, 12)
        self.free = EmptyState(
            "crystal",
            "The model chooses the Wyckoff positions",
            "Fix them to ask for a structure type,\nor keep part of a known crystal and let the model complete it.",
        )
        self._begin = {
            "template": self.free.add_button("Choose positions", lambda: self.mode.chosen.emit("template")),
            "keep": self.free.add_button(COMPLETE, self._begin_keep),
        }
        self.template = TemplateEditor(model)
        self.keep = KeepEditor(model)
        self.keep.empty.add_button("Open a structure file…", self.open_file, primary=True)
        self.options = OptionFields(FamilySource(model), columns=4)
        self.error = label("", "error", wrap=True)
        self.error.hide()
        self.body.addWidget(self.error)
        self._stack = QStackedWidget()
        for widget in (self.free, self.template, self.keep):
            self._stack.addWidget(widget)
        self.body.addWidget(self._stack, 1)
        self.body.addWidget(self.options)
        model.changed.connect(self.refresh)
        self.refresh()

    def set_catalogue(self, catalogue: Catalogue) -> None:
        """Know the symbols of the groups."""
        self.template.set_symbols(tuple(g.symbol for g in catalogue.groups))
        self.keep.set_symbols(tuple(g.symbol for g in catalogue.groups))

    def set_actions(self, actions: list[QAction], fault: Callable[[BaseException], None]) -> None:
        """Offer further actions that bring a structure; ``fault`` shows an error of reading one."""
        self._menu.addActions(actions)
        self._fault = fault

    @property
    def kinds(self) -> frozenset[str]:
        """The ways in which a model of the present kind lets sites be fixed; all while that is not known."""
        family = self._model.family
        return kinds(family) & set(SITE_KINDS) if family is not None else frozenset(SITE_KINDS)

    def set_error(self, field: str, message: str) -> None:
        """Show what is wrong with the field of this name; a mistyped template comes first."""
        mistyped = self._model.mistyped("template")
        text = mistyped or (message if field in ("template", "keep") else "")
        self.template.mark(bool(mistyped or field == "template"))
        self.error.setText(text)
        self.error.setVisible(bool(text))
        self.options.set_error(field, message)

    @property
    def offered(self) -> bool:
        """Whether a model of the present kind lets anything be fixed."""
        return bool(self.kinds or self.options.widgets)

    def open_file(self) -> None:
        """Ask for a structure file and take it, as what the mode wants."""
        chosen = self._choose_file()
        if chosen:
            self.read(Path(chosen))

    def read(self, path: Path) -> None:
        """Take the structure of a file, read in the background."""
        from crystal_studio.campaign import seed_structure

        if self._background is None:
            self.take_structure(seed_structure.read(path))
        else:
            self._background.run(
                lambda _: seed_structure.read(path), self.take_structure, self._fault, key="seed structure"
            )

    def take_structure(self, seed_structure: SeedStructure, sites: str = "") -> None:
        """Take this structure as template or to keep; by what is shown where it is not said."""
        form, text = self._model.form, f"take {seed_structure.name}"
        wanted = sites or self._taken
        if wanted not in self.kinds and not (wanted == "cell" and ({"keep"} & self.kinds or self._cell is not None)):
            card = self._model.card
            error = ModelError(
                f"{card.title if card else 'The model'} cannot {REFUSED[wanted]}: choose another model first."
            )
            if self._fault is None:
                raise error
            self._fault(error)
            return
        family, cell = self._model.family, self._cell
        if wanted == "template":
            changed = form.with_template_of(seed_structure)
        elif wanted == "keep" or cell is None or family is None:
            changed = form.with_seed_structure(seed_structure, cell_alone=wanted == "cell")
        else:
            changed = replace(form, space_groups=(seed_structure.space_group,))
            changed = changed.with_option(family, cell, seed_structure.cell)
        if "composition" in self._model.able.needs and not form.composition:
            changed = changed.with_composition(seed_structure.formula)
        self._model.forget("template", "composition", *([cell.name] if cell is not None else []))
        self._model.change(changed, text)

    @property
    def _cell(self) -> FormField | None:
        """The option for a known cell, where the model has one."""
        return next((f for f in self._model.fields if f.kind == "cell"), None)

    @property
    def _taken(self) -> str:
        """What is taken of a structure where it is not said: what is shown."""
        sites = self._model.form.sites
        return sites if sites in SITE_KINDS else "cell" if self._cell is not None else "keep"

    def refresh(self) -> None:
        """Show the form."""
        form, error = self._model.form, self._model.error
        fields = tuple(f for f in self._model.fields if f.section == "sites" and f.kind not in SITE_KINDS)
        self.options.show_fields(fields)
        for key, title, tip in MODES if self._model.able.completes else (*MODES[:-1], KNOWN):
            self.mode.buttons[key].setText(title)
            self.mode.buttons[key].setToolTip(tip)
        self._begin["keep"].setText(COMPLETE if self._model.able.completes else TAKE_SITES)
        self.mode.offer(["free", form.sites, *self.kinds])
        for kind, button in self._begin.items():
            button.setVisible(kind in self.kinds)
        self.mode.set(form.sites)
        self._stack.setCurrentIndex([key for key, _, _ in MODES].index(form.sites))
        self.take.setVisible(form.sites != "free" or self._cell is not None)
        self.take.setToolTip(TAKEN[self._taken])
        self.set_error(error.field if error else "", str(error) if error else "")

    def _begin_keep(self) -> None:
        self.mode.chosen.emit("keep")
        if self._model.form.seed_structure is None:
            self.open_file()

    def _ask_file(self) -> str:
        return QFileDialog.getOpenFileName(self, "Take a structure", "", STRUCTURES)[0]


def describe_sites(form: Form) -> str:
    """The fixed sites in words; empty where all are free."""
    if form.sites == "template" and form.template:
        return f"Orbits on {', '.join(form.template)}."
    if form.sites == "keep" and form.seed_structure is not None and (form.kept or form.keep_cell):
        orbits = [
            f"{form.seed_structure.orbits[i].element} on {form.seed_structure.orbits[i].wyckoff}" for i in form.kept
        ]
        kept = ", ".join(orbits[:6]) + (f" and {len(orbits) - 6} more" if len(orbits) > 6 else "")
        lattice = ("the lattice" + (" and " if kept else "")) if form.keep_cell else ""
        added = f"{form.added} orbits added" if form.added > 1 else "one orbit added" if form.added else "completed"
        return f"Keeps {lattice}{kept} of {form.seed_structure.name}, {added}."
    return ""
