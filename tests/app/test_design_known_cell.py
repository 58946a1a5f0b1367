"""The design page asked for a known cell, known sites, inequivalent atoms and a template with elements."""

from __future__ import annotations

from dataclasses import replace

import pytest
from design_pages import CARD, click, retype, shown_page
from PySide6.QtCore import Qt

from crystal_studio.app.design.design_page import DesignPage
from crystal_studio.app.design.form import Form
from crystal_studio.campaign.seed_structure import SeedStructure
from crystal_studio.design.fixed_sites import KeptOrbit
from crystal_studio.generators.adaptive_cell.options import AdaptiveCellOptions

CELLS = replace(CARD, name="cells", family="adaptive-cell", title="Cells", labels=(), limits={"max_atoms": 20})
PEROVSKITE = SeedStructure(
    "perovskite.cif",
    221,
    (
        KeptOrbit("Ca", "1b", (0.5, 0.5, 0.5)),
        KeptOrbit("Ti", "1a", (0, 0, 0)),
        KeptOrbit("O", "3d", (0.5, 0, 0)),
    ),
    (3.9, 3.9, 3.9, 90.0, 90.0, 90.0),
)


@pytest.fixture
def page(qtbot) -> DesignPage:
    made = shown_page(qtbot, cards=(CARD, CELLS))
    made.model.change(Form(model="cells", space_groups=(62,)).with_composition("CaTiO3"), "x")
    made.what.show_tab("sites")
    return made


def options(page: DesignPage) -> AdaptiveCellOptions:
    return AdaptiveCellOptions.of(page.model.request)


def test_a_cell_is_typed_and_undone(page, qtbot):
    cell = page.sites.options.widgets["cell"]
    assert cell.isVisible() and "Å" in cell.toolTip() and page.ready
    retype(qtbot, cell, "5.44 7.64 5.38")
    assert options(page).cell == (5.44, 7.64, 5.38) and page.ready
    assert "Known cell: 5.44 7.64 5.38 Å" in page.launch.summary.text()
    assert page.what.bar.tabText(1) == "Sites: known cell"
    page.model.undo_stack.undo()
    assert options(page).cell == () and cell.text() == ""


@pytest.mark.parametrize(
    ("typed", "part"),
    [("5.44 7.6", "is given by a b c"), ("5.44 x", "is no cell"), ("5 5 8 90 90 120", "shape of an orthorhombic cell")],
)
def test_a_cell_that_cannot_be_is_said_beside_it(page, qtbot, typed, part):
    cell = page.sites.options.widgets["cell"]
    retype(qtbot, cell, typed)
    assert cell.property("bad") and not page.ready and cell.text() == typed
    assert part in page.sites.options._errors["cell"].text()
    assert page.launch.problem.text() == "Correct the marked field under Sites first."
    retype(qtbot, cell, "5.44 7.64 5.38")
    assert not cell.property("bad") and page.ready


def test_inequivalent_atoms_are_typed_in_place_of_a_composition(page, qtbot):
    counts = page.sites.options.widgets["inequivalent"]
    retype(qtbot, counts, "Ca:1 Ti:1 O")
    assert counts.property("bad") and not page.ready
    retype(qtbot, counts, "Ca:1 Ti:1 O:2")
    assert page.ready and options(page).inequivalent == "Ca:1 Ti:1 O:2"
    page.model.change(replace(page.model.form, composition="", picks=(), mode="any"), "x")
    assert page.ready and page.model.request.composition == ""


def test_a_template_with_elements_is_typed_and_counted(page, qtbot):
    click(qtbot, page.sites.mode.buttons["template"])
    editor = page.sites.template
    retype(qtbot, editor.text, "Ca 4c, Ti 4a, O 4c 8d")
    assert options(page).template == ("Ca 4c", "Ti 4a", "O 4c", "O 8d") and page.ready
    assert {n: s.value() for n, s in editor.spins.items()} == {"4a": 1, "4b": 0, "4c": 2, "8d": 1}
    editor.spins["4c"].setValue(3)
    assert sorted(options(page).template) == ["4c", "Ca 4c", "O 4c", "O 8d", "Ti 4a"]
    editor.spins["4c"].setValue(2)
    assert sorted(options(page).template) == ["Ca 4c", "O 4c", "O 8d", "Ti 4a"]
    retype(qtbot, editor.text, "Ca 4c, Na")
    assert "Na has no position" in page.sites.error.text() and not page.ready
    retype(qtbot, editor.text, "Ca 4c, 4z")
    assert "no Wyckoff position '4z'" in page.sites.error.text() and not page.ready


def test_the_cell_of_a_structure_is_taken_with_group_and_composition(page):
    page.model.change(Form(model="cells"), "x")
    page.sites.take_structure(PEROVSKITE, "cell")
    request = page.model.request
    assert options(page).cell == PEROVSKITE.cell and request.space_groups == (221,) and request.composition == "CaTiO3"
    page.model.undo_stack.undo()
    assert page.model.form.space_groups == ()


def test_sites_of_a_structure_are_known_and_nothing_is_added(page, qtbot):
    page.model.change(Form(model="cells"), "x")
    page.sites.take_structure(PEROVSKITE, "keep")
    assert page.ready and len(options(page).keep.orbits) == 3 and page.model.request.composition == "CaTiO3"
    assert page.sites.mode.buttons["keep"].text() == "Known sites"
    assert not page.sites.keep.added.isVisible() and page.sites.keep.lattice.isVisible()
    click(qtbot, page.sites.keep.lattice, 8)
    assert "nothing is left to find" in page.sites.error.text() and not page.ready
    click(qtbot, page.sites.keep.none)
    assert page.ready and options(page).keep.cell == PEROVSKITE.cell


def test_a_model_that_completes_keeps_the_lattice_where_a_cell_is_wanted(page):
    page.model.change(Form(model="aiming"), "x")
    page.sites.take_structure(PEROVSKITE, "cell")
    form = page.model.form
    assert form.sites == "keep" and form.keep_cell and form.kept == () and page.sites.keep.added.isVisible()
    assert page.sites.mode.buttons["keep"].text() == "Keep and complete"
    assert form.composition == ""  # which this model does not need


def test_what_is_known_comes_back_with_the_request(page, qtbot):
    retype(qtbot, page.sites.options.widgets["cell"], "5.44 7.64 5.38")
    retype(qtbot, page.sites.options.widgets["inequivalent"], "Ca:1 Ti:1 O:2")
    request = page.model.request
    page.model.change(Form(), "x")
    page.model.set_request(request)
    assert page.model.request == request
    assert page.sites.options.widgets["cell"].text() == "5.44 7.64 5.38"


def test_the_limit_of_the_model_is_what_the_words_say(page):
    def words() -> str:
        return page.launch.summary.text()

    assert "At most 20 atoms" in words()
    for typed, held in ((24, 20), (12, 12), (0, 20)):
        page.budget.max_atoms.setValue(typed)
        assert f"At most {held} atoms" in words() and page.model.request.max_atoms == typed
    page.model.change(replace(page.model.form, model="aiming", max_atoms=24), "x")
    assert "At most 24 atoms" in words()  # a model that states no limit


def test_what_only_one_sampler_has_is_marked_with_the_others(page, qtbot):
    click(qtbot, page.budget.more)
    widgets = page.budget.advanced_options.widgets
    assert options(page).sampler == "langevin" and page.ready
    widgets["noise"].setValue(0.5)
    assert not page.ready and "ancestral sampler alone" in page.budget.advanced_options._errors["noise"].text()
    widgets["sampler"].setFocus()
    for _ in range(2):
        qtbot.keyClick(widgets["sampler"], Qt.Key.Key_Down)
    widgets["sampler"].activated.emit(widgets["sampler"].currentIndex())
    assert page.ready and (options(page).sampler, options(page).noise) == ("ancestral", 0.5)
