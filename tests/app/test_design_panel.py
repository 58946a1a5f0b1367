"""Clicks and keys in the design panel."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from design_pages import groups, shown_page, with_options
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from crystal_studio.app import catalogue
from crystal_studio.app.background import Background
from crystal_studio.app.catalogue import Catalogue
from crystal_studio.app.design.aims import describe_targets
from crystal_studio.app.design.design_page import DesignPage
from crystal_studio.app.design.form import Form, Pick
from crystal_studio.app.design.in_words import in_words
from crystal_studio.app.design.periodic_table import PeriodicTable, place
from crystal_studio.app.design.space_group_picker import SpaceGroupPicker
from crystal_studio.campaign.devices import Device
from crystal_studio.campaign.seed_structure import SeedStructure
from crystal_studio.crystal.space_groups import tables
from crystal_studio.design.fixed_sites import KeptOrbit
from crystal_studio.design.targets import PropertyTarget
from crystal_studio.generators.protocol import ModelCard
from crystal_studio.generators.requests import feasibility
from crystal_studio.generators.symmcd.family import FAMILY as SYMMCD
from crystal_studio.project.rows import CampaignRow

CARD = ModelCard(
    name="small",
    family="symmcd",
    title="Small",
    licence="MIT",
    data={},
    training={},
    parameters=1_200_000,
    sha256="",
    elements=(3, 8, 25, 26),
)


@pytest.fixture
def page(qtbot) -> DesignPage:
    return shown_page(qtbot, cards=(CARD,))


def test_places_of_elements_are_all_different_and_usual():
    places = [place(z) for z in range(1, 119)]
    assert len(set(places)) == 118
    assert (place(1), place(2), place(5), place(26), place(118)) == ((0, 0), (0, 17), (1, 12), (3, 7), (6, 17))
    assert place(57)[0] == place(71)[0] == 8 and place(72) == (5, 3)


def test_clicks_cycle_an_element_through_its_states(page, qtbot):
    cell = page.chemistry.table.cells["Mn"]
    seen = []
    for _ in range(4):
        qtbot.mouseClick(cell, Qt.MouseButton.LeftButton)
        seen.append(cell.pick)
    assert seen == [Pick.ALLOWED, Pick.REQUIRED, Pick.EXCLUDED, Pick.NONE]
    assert cell.accessibleName().lower() == "manganese, open"


def test_picked_elements_are_typed_and_the_other_way_round(page, qtbot):
    for symbol in ("Li", "Mn", "O"):
        qtbot.mouseClick(page.chemistry.table.cells[symbol], Qt.MouseButton.LeftButton)
    assert page.chemistry.system.text() == "Li-Mn-O"
    page.chemistry.system.clear()
    qtbot.keyClicks(page.chemistry.system, "Fe-O")
    assert page.chemistry.table.cells["Fe"].pick is Pick.ALLOWED
    assert page.chemistry.table.cells["Mn"].pick is Pick.NONE
    assert page.model.request.chemical_system.elements == ("Fe", "O")


def test_keyboard_walks_over_gaps_and_sets_states(page, qtbot):
    table = PeriodicTable()
    qtbot.addWidget(table)
    table.picked.connect(lambda symbol, pick: asked.append((symbol, pick)))
    asked: list = []
    table.resize(800, 500)
    table.show()
    qtbot.waitExposed(table)
    table.show_form(Form(), frozenset(), "")
    table.cells["H"].setFocus()
    qtbot.keyClick(table.cells["H"], Qt.Key.Key_Right)
    helium = table.cells["He"]
    assert helium.focusPolicy() == Qt.FocusPolicy.StrongFocus
    qtbot.keyClick(helium, Qt.Key.Key_R)
    qtbot.keyClick(helium, Qt.Key.Key_X)
    assert asked == [("He", Pick.REQUIRED), ("He", Pick.EXCLUDED)]


def test_elements_the_model_never_saw_are_greyed_and_say_why(page, qtbot):
    plutonium = page.chemistry.table.cells["Pu"]
    assert not plutonium.isEnabled() and "never saw" in plutonium.toolTip()
    qtbot.keyClicks(page.chemistry.system, "Pu-O")
    assert "never saw Pu" in page.chemistry.system_error.text()
    assert not page.ready and not page.launch.button.isEnabled()


def test_messages_stand_beside_the_field_and_go_again(page, qtbot):
    qtbot.keyClicks(page.chemistry.system, "Li-Qq")
    assert page.chemistry.system_error.isVisible() and "Qq" in page.chemistry.system_error.text()
    assert not page.ready
    page.chemistry.system.clear()
    qtbot.keyClicks(page.chemistry.system, "Li-O")
    assert not page.chemistry.system_error.isVisible() and page.ready
    qtbot.mouseClick(page.chemistry.mode.buttons["exact"], Qt.MouseButton.LeftButton)
    qtbot.mouseClick(page.chemistry.table.cells["Li"], Qt.MouseButton.RightButton)
    page.budget.seed.clear()
    qtbot.keyClicks(page.budget.seed, "-3")
    assert page.budget.errors["seed"][1].isVisible() and not page.ready
    page.budget.seed.clear()
    qtbot.keyClicks(page.budget.seed, "12")
    assert page.ready and page.model.request.seed == 12


def test_composition_typed_wrong_then_right(page, qtbot):
    qtbot.keyClicks(page.chemistry.formula, "Li2o")
    assert page.chemistry.formula_error.isVisible()
    page.chemistry.formula.clear()
    qtbot.keyClicks(page.chemistry.formula, "Li2O")
    assert not page.chemistry.formula_error.isVisible()
    assert page.model.request.composition == "Li2O" and page.chemistry.system.text() == "Li-O"


def test_undo_and_redo_of_the_request(page, qtbot):
    qtbot.mouseClick(page.chemistry.table.cells["Li"], Qt.MouseButton.LeftButton)
    page.budget.count.setValue(200)
    page.budget.count.setValue(300)
    stack = page.model.undo_stack
    stack.undo()
    assert page.model.form.count == 64 and page.budget.count.value() == 64
    stack.undo()
    assert page.model.form == Form() and page.chemistry.system.text() == ""
    stack.redo()
    stack.redo()
    assert page.model.form.count == 300 and page.model.form.elements == ("Li",)


def test_the_panel_shows_any_request(page):
    request = Form(space_groups=(62, 227), count=9, seed=4, max_atoms=20).with_system("Fe-O").request(SYMMCD)
    page.model.set_request(request)
    assert page.model.request == request
    assert page.symmetry.picked() == (62, 227) and page.budget.max_atoms.value() == 20


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("225", [225]),
        ("Fm-3m", [225]),
        ("fm3m", [225]),
        ("P6_3/mmc", [194]),
        ("P63/mmc", [194]),
        ("P-1", [2]),
        ("cubic", list(range(195, 231))),
        ("6/mmm", [191, 192, 193, 194]),
        ("no such group", []),
    ],
)
def test_search_by_number_symbol_system_and_class(qtbot, query, expected):
    picker = SpaceGroupPicker()
    qtbot.addWidget(picker)
    picker.set_catalogue(Catalogue(groups()))
    picker.search.setText(query)
    shown = picker.shown()
    assert set(expected) <= set(shown)
    if query not in ("P-1", "6/mmm"):
        assert shown == expected


def test_filters_are_joined_and_counted(qtbot):
    table = tables()
    picker = SpaceGroupPicker()
    qtbot.addWidget(picker)
    picker.set_catalogue(Catalogue(groups()))
    assert len(picker.shown()) == 230
    picker.filters["polar"].setChecked(True)
    picker.filters["chiral"].setChecked(True)
    assert picker.shown() == (np.flatnonzero(table.polar & table.chiral) + 1).tolist()
    with qtbot.waitSignal(picker.changed) as told:
        picker.all_shown.click()
    assert list(told.args[0]) == picker.shown()
    assert not picker.nature.isChecked()
    picker.nature.click()
    assert picker.picked() == ()


def test_enter_picks_the_group_typed_and_a_chip_drops_it(page, qtbot):
    picker = page.symmetry
    qtbot.keyClicks(picker.search, "Fd-3m")
    qtbot.keyClick(picker.search, Qt.Key.Key_Return)
    assert page.model.request.space_groups == (227,)
    chip = picker.findChildren(QWidget, options=Qt.FindChildOption.FindChildrenRecursively)
    drop = next(w for w in chip if w.accessibleName() == "Drop space group 227" and w.isVisible())
    qtbot.mouseClick(drop, Qt.MouseButton.LeftButton)
    assert page.model.request.space_groups == ()


def test_catalogue_reads_what_is_shipped():
    found = catalogue.load()
    assert len(found.groups) == 230 and found.groups[224].symbol == "Fm-3m"


def test_nothing_is_asked_before_the_models_are_known_unless_somebody_asks(qtbot, background):
    made, begun = DesignPage(background), DesignPage(background)
    for page in (made, begun):
        qtbot.addWidget(page)
        assert not page.ready and not page.launch.button.isEnabled() and page.model.request is None
        assert not page.launch.problem.text()
    made.set_catalogue(Catalogue(groups(), (CARD,)))
    assert made.ready and made.launch.button.isEnabled() and made.model.request.count == Form().count
    begun.model.change(replace(Form(), count=3), "count")
    assert begun.ready and begun.model.request.count == 3


def test_a_composition_that_no_positions_hold_is_said_beside_its_field(qtbot):
    background = Background()
    made = DesignPage(background)
    qtbot.addWidget(made)
    made.set_catalogue(Catalogue(groups(), (CARD,)))
    made.show()
    made.model.set_request(Form(space_groups=(227,), max_atoms=2).with_composition("LiMn2O4").request(SYMMCD))
    qtbot.waitUntil(lambda: not made.ready, timeout=20_000)
    assert "formula unit" in made.budget.errors["max_atoms"][1].text()
    made.model.change(replace(made.model.form, max_atoms=0), "x")
    qtbot.waitUntil(lambda: made.ready, timeout=20_000)
    made.model.set_request(Form(space_groups=(225,), max_atoms=5).with_composition("Mn2O3").request(SYMMCD))
    qtbot.waitUntil(lambda: "Wyckoff" in made.chemistry.formula_error.text(), timeout=20_000)
    assert not made.ready
    background.close()


@pytest.mark.parametrize(
    ("composition", "group", "max_atoms", "possible"),
    [("LiMn2O4", 227, 0, True), ("NaCl", 225, 2, True), ("Na2Cl3", 225, 5, False), ("LiMn2O4", 1, 7, True)],
)
def test_what_the_positions_of_a_group_can_hold(composition, group, max_atoms, possible):
    form = Form(space_groups=(group,), max_atoms=max_atoms).with_composition(composition)
    assert (feasibility(form.request(SYMMCD)).problem is None) == possible


SEED = SeedStructure("x.cif", 225, (KeptOrbit("Na", "4a", (0, 0, 0)), KeptOrbit("Cl", "4b", (0.5, 0.5, 0.5))))

OFF_SITE = replace(SEED, orbits=(KeptOrbit("Na", "4a", (0.1, 0.2, 0.3)),))


def _template(*names: str, group: int = 225) -> Form:
    return Form(sites="template", template=names, space_groups=(group,))


@pytest.mark.parametrize(
    ("form", "field"),
    [
        (_template("4a", "4b").with_composition("NaCl"), ""),
        (_template("4a", "8c").with_composition("NaCl"), "template"),
        (_template("8a", "16d", "32e", group=227).with_composition("MgAl2O4"), ""),
        (_template("8a", "16c", "16d", group=227).with_composition("MgAl2O4"), "template"),
        (replace(_template("4a", "192l"), max_atoms=20), "max_atoms"),
        (with_options(_template("4a", "4b"), max_orbits=1), "template"),
        (replace(_template("4a").with_system("Na-Cl"), mode="exact"), "template"),
        (replace(Form().with_seed_structure(SEED), kept=(0,)).with_composition("NaCl"), ""),
        (replace(Form().with_seed_structure(SEED), kept=(0,), added=1).with_composition("NaCl"), ""),
        (
            replace(Form().with_seed_structure(SEED), kept=(0,), added=1, max_atoms=6).with_composition("Na3Cl2"),
            "composition",
        ),
        (replace(Form().with_seed_structure(SEED), max_atoms=1), "max_atoms"),
        (replace(Form().with_seed_structure(OFF_SITE)), "keep"),
        (Form(space_groups=(230,)).with_composition("Y3Al5O12"), ""),
        (Form(space_groups=(227,)).with_composition("Na3MnCoNiO6"), ""),
        (replace(Form(space_groups=(230,)).with_composition("Y3Al5O12"), max_atoms=79), "composition"),
    ],
)
def test_what_fixed_sites_can_hold(form, field):
    found = feasibility(form.request(SYMMCD)).problem
    assert (found.field if found else "") == field


def test_formula_units_that_a_group_holds_are_told_with_their_sets():
    found = feasibility(replace(Form(space_groups=(221,)).with_composition("SrTiO3"), max_atoms=5).request(SYMMCD))
    assert found.problem is None and found.units == ((221, ((1, 4.0),)),)
    spinel = feasibility(replace(Form(space_groups=(227,)).with_composition("LiMn2O4"), max_atoms=28).request(SYMMCD))
    assert [k for k, _ in dict(spinel.units)[227]] == [2, 4]


@pytest.mark.parametrize(
    ("device", "whole"),
    [
        (Device("cpu", "2 cores", 24 << 30, 17 << 30), True),
        (Device("cuda:0", "NVIDIA GeForce RTX 4090 Laptop GPU of a name without an end", 16 << 30, 15 << 30), False),
    ],
)
def test_the_device_is_shown_whole_or_with_an_ellipsis_and_its_memory_in_the_tooltip(page, device, whole):
    page.budget.set_devices((device,))
    box = page.budget.device
    box.setCurrentIndex(1)
    box.setFixedWidth(206)
    assert (box.shown_text() == f"{device.name}, {device.title}") is whole
    assert whole or box.shown_text().endswith("…")
    assert box.itemData(1, Qt.ItemDataRole.ToolTipRole) == device.text


def test_one_candidate_is_one_candidate(page):
    page.budget.count.setValue(1)
    assert "<b>1</b> candidate. " in in_words(page.model.form, page.model.catalogue)


def test_a_range_without_width_is_one_value_with_its_unit(page):
    targets = (PropertyTarget("e_above_hull", 0, 0), PropertyTarget("band_gap", 1, 2))
    said = describe_targets(replace(page.model.form, targets=targets), {"e_above_hull": "eV/atom", "band_gap": "eV"})
    assert said == "Aiming at energy above hull 0 eV/atom, band gap 1 to 2 eV."


def test_a_request_that_would_make_the_same_crystals_again_is_told_from_others(page):
    page.budget.count.setValue(10)
    request = page.model.request
    made = {"created": "", "name": "", "provenance": {}, "state": "finished", "chunk_size": 64, "seconds": 1.0}
    row = CampaignRow(id=4, kind="generate", request=json.loads(json.dumps(request.to_dict())), requested=10, **made)
    page.set_campaigns([row])
    assert page.launch.again.isVisible() and "#4" in page.launch.again.text() and page.ready
    page.budget.count.setValue(20)  # the first ten of them are the same
    assert page.launch.again.isVisible()
    page.model.change(replace(page.model.form, seed=request.seed + 1), "seed")
    assert not page.launch.again.isVisible()
    page.model.change(replace(page.model.form, seed=request.seed), "seed")
    page.model.change(page.model.form.with_system("Li-O"), "x")
    assert not page.launch.again.isVisible()
