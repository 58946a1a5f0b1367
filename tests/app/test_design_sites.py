"""Clicks and keys on sites, property targets and sampler of the design panel, and the request they make."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from design_pages import CARD, click, groups, shown_page
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QLabel, QPushButton

from crystal_studio.app.catalogue import Catalogue
from crystal_studio.app.design.design_page import DesignPage
from crystal_studio.app.design.form import Aim, Form
from crystal_studio.app.design.keep_editor import cell_text
from crystal_studio.app.design.notes import composition_note
from crystal_studio.app.design.wyckoff import positions
from crystal_studio.campaign.seed_structure import SeedStructure
from crystal_studio.design.fixed_sites import KeptOrbit
from crystal_studio.design.request import PropertyTarget
from crystal_studio.generators.symmcd.family import FAMILY as SYMMCD
from crystal_studio.generators.symmcd.options import SymmCDOptions

BLIND = replace(CARD, name="blind", title="Blind", labels=())
SPINEL = SeedStructure(
    "spinel.cif",
    227,
    (
        KeptOrbit("Mg", "8a", (0.125, 0.125, 0.125)),
        KeptOrbit("Al", "16d", (0.5, 0.5, 0.5)),
        KeptOrbit("O", "32e", (0.2624, 0.2624, 0.2624)),
    ),
    (8.083, 8.083, 8.083, 90.0, 90.0, 90.0),
)


@pytest.fixture
def page(qtbot) -> DesignPage:
    return shown_page(qtbot, cards=(CARD, BLIND))


# --- property targets -------------------------------------------------------


def test_a_ticked_property_is_aimed_at_in_the_range_that_is_typed(page, qtbot):
    page.what.show_tab("targets")
    row = page.targets.rows["band_gap"]
    assert not page.targets.options.isVisible()
    click(qtbot, row.tick, 8)
    assert page.model.request.targets == (PropertyTarget("band_gap", 1, 2),)
    row.high.selectAll()
    qtbot.keyClicks(row.high, "3.25")
    click(qtbot, page.targets.rows["formation_energy_per_atom"].tick, 8)
    strength = page.targets.options.widgets["guidance"]
    strength.selectAll()
    qtbot.keyClicks(strength, "3.5")
    request = page.model.request
    assert request.targets[0] == PropertyTarget("band_gap", 1, 3.25) and len(request.targets) == 2
    assert SymmCDOptions.of(request).guidance == 3.5 and page.targets.options.sliders["guidance"].value() in (17, 18)
    assert "band gap 1 to 3.25 eV" in page.launch.summary.text() and page.what.bar.tabText(2) == "Properties: 2"
    click(qtbot, row.tick, 8)
    assert [t.name for t in page.model.request.targets] == ["formation_energy_per_atom"]
    click(qtbot, row.tick, 8)
    assert page.model.form.aim("band_gap") == Aim("band_gap", 1, 3.25)  # remembered


def test_handles_on_the_training_range_are_dragged(page, qtbot):
    page.what.show_tab("targets")
    row = page.targets.rows["band_gap"]
    click(qtbot, row.tick, 8)
    slider = row.slider
    y = slider.height() // 2
    qtbot.mousePress(slider, Qt.MouseButton.LeftButton, pos=QPoint(round(slider.position(2.0)), y))
    qtbot.mouseMove(slider, QPoint(round(slider.position(4.5)), y))
    qtbot.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=QPoint(round(slider.position(4.5)), y))
    (target,) = page.model.request.targets
    assert target.low == 1 and target.high == pytest.approx(4.5, abs=0.1)
    page.model.undo_stack.undo()
    assert page.model.form.aim("band_gap") in (None, Aim("band_gap", 1, 2))


def test_a_range_that_is_upside_down_or_outside_training_is_said_beside_it(page):
    page.model.change(Form().with_aim("band_gap", Aim("band_gap", 3, 2)), "x")
    row = page.targets.rows["band_gap"]
    assert row.hint.text().startswith("The lower end") and row.low.property("bad") and not page.ready
    assert page.launch.problem.text() == "Correct the marked field under Properties first."
    page.model.change(Form().with_aim("band_gap", Aim("band_gap", 8, 12)), "x")
    assert "outside what the model saw" in row.hint.text() and page.ready


def test_a_model_without_properties_says_why_it_cannot_aim(page):
    page.model.change(replace(Form(), model="blind"), "x")
    assert page.targets.rows == {} and "trained without properties" in page.targets.note.text()
    page.model.change(Form(model="blind").with_aim("band_gap", Aim("band_gap", 1, 2)), "x")
    assert not page.ready and "not trained with band gap" in page.targets.error.text()
    page.targets.rows["band_gap"].tick.click()
    assert page.ready


# --- Wyckoff template -------------------------------------------------------


def test_positions_are_counted_and_typed(page, qtbot):
    page.model.change(replace(Form(), space_groups=(227,)), "x")
    page.what.show_tab("sites")
    click(qtbot, page.sites.mode.buttons["template"])
    editor = page.sites.template
    assert [p.name for p in positions(227)][:3] == ["8a", "8b", "16c"] and len(editor.spins) == 9
    editor.spins["8a"].stepUp()
    editor.spins["32e"].setValue(2)
    assert SymmCDOptions.of(page.model.request).template == ("8a", "32e", "32e") and editor.text.text() == "8a 2x32e"
    assert editor.spins["8a"].maximum() == 1
    assert editor.total.text().startswith("3 orbits, 72 atoms in the conventional cell, 18 in the primitive; 2 free")
    editor.text.selectAll()
    qtbot.keyClicks(editor.text, "a, 16d, 32e")
    assert SymmCDOptions.of(page.model.request).template == ("a", "16d", "32e")
    assert [editor.spins[n].value() for n in ("8a", "8b", "16d", "32e")] == [1, 0, 1, 1]
    editor.spins["16d"].setValue(0)
    assert SymmCDOptions.of(page.model.request).template == ("8a", "32e")
    click(qtbot, editor.clear)
    assert SymmCDOptions.of(page.model.request).template == () and editor.text.text() == ""
    page.model.undo_stack.undo()
    assert editor.text.text() == "8a 32e"


def test_templates_that_cannot_be_are_said_beside_the_field(page, qtbot):
    page.what.show_tab("sites")
    click(qtbot, page.sites.mode.buttons["template"])
    assert page.sites.template.empty.isVisible()
    qtbot.keyClicks(page.sites.template.text, "8a")
    assert "exactly one space group" in page.sites.error.text() and not page.ready
    page.symmetry.changed.emit((227,))
    assert page.ready and page.sites.template.area.isVisible()
    qtbot.keyClicks(page.sites.template.text, " 8a")
    assert "one orbit only" in page.sites.error.text() and page.sites.template.text.property("bad")
    qtbot.keyClicks(page.sites.template.text, " ?")
    assert "is not a Wyckoff position" in page.sites.error.text() and not page.ready
    page.symmetry.changed.emit((225,))
    page.sites.template.text.clear()
    qtbot.keyClicks(page.sites.template.text, "8a")
    assert "4a" in page.sites.error.text()
    click(qtbot, page.sites.mode.buttons["free"])
    assert page.ready and SymmCDOptions.of(page.model.request).template == ()


def test_coordinates_are_written_as_in_the_tables():
    by_name = {p.name: p for p in positions(227)}
    assert by_name["16c"].coordinates == "0, 0, 0" and by_name["32e"].coordinates == "x, x, x"
    assert by_name["48f"].coordinates == "x, 1/8, 1/8" and by_name["48f"].free == "x"
    assert positions(2)[-1].coordinates == "x, y, z" and positions(2)[0].fixed


# --- keep and complete ------------------------------------------------------


def test_orbits_and_lattice_of_a_structure_are_ticked(page, qtbot):
    page.what.show_tab("sites")
    page.sites.take_structure(SPINEL)
    editor = page.sites.keep
    assert page.model.request.space_groups == (227,) and page.symmetry.picked() == (227,)
    assert (
        SymmCDOptions.of(page.model.request).keep.orbits == SPINEL.orbits
        and SymmCDOptions.of(page.model.request).keep.cell == ()
    )
    cell = editor.table.visualItemRect(editor.table.item(0, 0))
    qtbot.mouseClick(
        editor.table.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(cell.left() + 14, cell.center().y())
    )
    click(qtbot, editor.lattice, 8)
    editor.added.setValue(2)
    keep = SymmCDOptions.of(page.model.request).keep
    assert [o.element for o in keep.orbits] == ["Al", "O"] and keep.cell == SPINEL.cell and keep.added == 2
    assert "Keeps the lattice and Al on 16d, O on 32e of spinel.cif, 2 orbits added" in page.launch.summary.text()
    click(qtbot, editor.none)
    assert SymmCDOptions.of(page.model.request).keep.orbits == () and page.ready
    click(qtbot, editor.lattice, 8)
    assert "Nothing is kept" in page.sites.error.text() and not page.ready
    click(qtbot, editor.all)
    assert page.ready and SymmCDOptions.of(page.model.request).keep.orbits == SPINEL.orbits


def test_conflicts_of_what_is_kept_are_said_beside_it(page, qtbot):
    page.sites.take_structure(SPINEL)
    page.symmetry.changed.emit((225,))
    assert "space group 227, not 225" in page.sites.error.text()
    page.symmetry.changed.emit((225, 227))
    assert "exactly one space group" in page.sites.error.text()
    page.symmetry.changed.emit((227,))
    page.chemistry.system.setFocus()
    qtbot.keyClicks(page.chemistry.system, "Mg-O")
    assert "Kept but not among the elements allowed: Al." in page.sites.error.text()
    assert page.what.bar.accessibleTabName(1) == "Sites, to be corrected"


def test_a_request_that_keeps_is_shown_and_comes_back(page):
    request = replace(Form().with_seed_structure(SPINEL), kept=(1, 2), keep_cell=True, added=1).request(SYMMCD)
    page.model.set_request(request)
    assert page.model.request == request and page.sites.keep.table.rowCount() == 2
    assert page.sites.keep.lattice.isChecked() and page.sites.keep.added.value() == 1


def test_a_structure_comes_from_a_file(qtbot, tmp_path: Path, background):
    from ase.spacegroup import crystal

    path = tmp_path / "halite.cif"
    crystal(["Na", "Cl"], [(0, 0, 0), (0.5, 0.5, 0.5)], spacegroup=225, cellpar=[5.64] * 3 + [90] * 3).write(
        str(path), format="cif"
    )
    made = shown_page(qtbot, background=background)
    faults: list = []
    made.sites.set_actions([], faults.append)
    made.sites._choose_file = lambda: str(path)
    button = next(b for b in made.sites.free.findChildren(QPushButton) if b.text() == "Complete a structure…")
    button.click()
    qtbot.waitUntil(lambda: made.model.form.seed_structure is not None, timeout=30_000)
    assert {(o.element, o.wyckoff) for o in SymmCDOptions.of(made.model.request).keep.orbits} == {
        ("Na", "4a"),
        ("Cl", "4b"),
    }
    made.sites.mode.chosen.emit("template")
    made.sites.from_file.trigger()
    qtbot.waitUntil(lambda: made.model.form.template == ("4a", "4b"), timeout=30_000)
    made.sites._choose_file = lambda: str(tmp_path / "none.cif")
    made.sites.from_file.trigger()
    qtbot.waitUntil(lambda: bool(faults), timeout=30_000)
    assert "none.cif" in str(faults[0])


def test_cells_are_told_in_few_words():
    assert cell_text((5.64, 5.64, 5.64, 90, 90, 90)) == "a = 5.640 Å"
    assert cell_text((3.8, 3.8, 9.5, 90, 90, 120)) == "a = 3.800, c = 9.500 Å, γ = 120.00°"


# --- composition, sampler ---------------------------------------------------


def test_what_a_group_makes_of_a_composition_stands_under_it(qtbot, background):
    made = shown_page(qtbot, background=background)
    made.model.change(replace(Form(space_groups=(221,)).with_composition("SrTiO3"), max_atoms=5), "x")
    qtbot.waitUntil(lambda: made.chemistry.formula_note.isVisible(), timeout=20_000)
    assert "1 (4 sets of Wyckoff positions)" in made.chemistry.formula_note.text()
    made.model.change(replace(made.model.form, composition="", picks=(), mode="any"), "x")
    assert not made.chemistry.formula_note.isVisible()


def test_several_groups_are_told_apart_by_whether_they_hold_a_composition():
    form = Form(space_groups=(221, 230)).with_composition("SrTiO3")
    note = composition_note(form, ((221, ((1, 4.0),)), (230, ())), Catalogue(groups(), (CARD,)))
    assert note.startswith("1 group of 2 can hold SrTiO<sub>3</sub>")


def test_the_sampler_is_chosen_under_advanced_and_says_what_it_does(page, qtbot):
    panel = page.budget
    widgets = panel.advanced_options.widgets
    assert not panel.advanced.isVisible()
    click(qtbot, panel.more)
    assert panel.advanced.isVisible() and set(widgets) == {"max_orbits", "sampler", "steps"}
    widgets["sampler"].setFocus()
    qtbot.keyClick(widgets["sampler"], Qt.Key.Key_Down)
    widgets["sampler"].activated.emit(widgets["sampler"].currentIndex())
    widgets["steps"].setValue(500)
    widgets["max_orbits"].setValue(6)
    options = SymmCDOptions.of(page.model.request)
    assert (options.sampler, options.steps, options.max_orbits) == ("published", 500, 6)
    assert panel.more.text() == "Advanced (changed)"
    assert any("many times slower" in n.text() for n in panel.advanced_options.findChildren(QLabel))
    page.model.undo_stack.undo()
    assert SymmCDOptions.of(page.model.request).max_orbits == 0 and widgets["max_orbits"].value() == 0


def test_a_field_refused_by_the_generator_opens_its_tab(page):
    page.show_error("targets", "This model cannot aim at the band gap.")
    assert page.what.current == "targets" and page.targets.error.isVisible()
    page.show_error("keep", "These orbits overlap.")
    assert page.what.current == "sites" and page.sites.error.text() == "These orbits overlap."
