"""The design page with a family of another package: its options are drawn, and only what it can be asked for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from design_pages import CARD, click, groups, retype
from PySide6.QtWidgets import QCheckBox, QComboBox

from crystal_studio.app.catalogue import Catalogue
from crystal_studio.app.design.design_page import DesignPage
from crystal_studio.app.design.form import Form
from crystal_studio.campaign.seed_structure import SeedStructure
from crystal_studio.design.fixed_sites import KeptOrbit
from crystal_studio.errors import RequestError
from crystal_studio.generators import registry
from crystal_studio.generators.protocol import PropertyRange

HALITE = SeedStructure("halite.cif", 225, (KeptOrbit("Na", "4a", (0, 0, 0)), KeptOrbit("Cl", "4b", (0.5, 0.5, 0.5))))


@pytest.fixture
def page(boxes, qtbot) -> DesignPage:
    """A page on which a model of SymmCD and the boxes are installed."""
    made = DesignPage()
    qtbot.addWidget(made)
    made.set_catalogue(Catalogue(groups(), (CARD, registry.card("toy-boxes")), potentials=("chgnet", "toy")))
    made.resize(1366, 800)
    with qtbot.waitActive(made):
        made.show()
        made.activateWindow()
    return made


def _choose(page: DesignPage, model: str) -> None:
    box = page.budget.model
    box.setCurrentIndex(box.findData(model))
    box.activated.emit(box.currentIndex())


def test_options_of_any_family_are_drawn_from_their_declaration(page, qtbot):
    _choose(page, "toy-boxes")
    drawn = page.budget.options.widgets
    assert set(drawn) == {"edge", "warm", "steps", "sampler"}
    assert isinstance(drawn["warm"], QCheckBox) and isinstance(drawn["sampler"], QComboBox)
    assert drawn["edge"].text() == "9" and drawn["edge"].toolTip() == "Edge of the box"
    click(qtbot, page.chemistry.table.cells["O"])
    retype(qtbot, drawn["edge"], "12,5")
    click(qtbot, drawn["warm"], 8)
    assert page.model.request.options == {"edge": 12.5, "warm": True, "steps": 7, "sampler": "slow"}
    retype(qtbot, drawn["edge"], "51")
    assert not page.ready and drawn["edge"].property("bad")
    retype(qtbot, drawn["edge"], "41")
    assert not page.ready and page.model.error.field == "count"  # what the family itself says
    page.model.undo_stack.undo()


def test_only_what_the_family_can_be_asked_for_is_shown(page):
    page.model.change(Form(space_groups=(225,), max_atoms=20).with_composition("NaCl"), "x")
    assert page.symmetry.isVisible() and page.chemistry.formula.isVisible() and page.budget.max_atoms.isVisible()
    _choose(page, "toy-boxes")
    assert not page.symmetry.isVisible() and page.no_symmetry.isVisible()
    assert not page.chemistry.formula.isVisible() and not page.budget.max_atoms.isVisible()
    assert [page.what.bar.isTabVisible(i) for i in range(3)] == [True, False, False]
    modes = page.chemistry.mode.buttons
    assert [key for key, button in modes.items() if button.isVisible()] == ["exact", "subset"]
    assert not page.ready and "never saw Na, Cl" in page.chemistry.system_error.text()
    _choose(page, "aiming")
    request = page.model.request
    assert (request.composition, request.space_groups, request.max_atoms) == ("NaCl", (225,), 20)  # nothing was lost


def test_what_cannot_be_asked_for_is_left_out_of_the_request_and_of_its_description(page):
    page.model.change(Form(model="toy-boxes", space_groups=(225,), max_atoms=20).with_composition("H2O"), "x")
    request = page.model.request
    assert request is not None and page.ready
    assert (request.composition, request.space_groups, request.max_atoms) == ("", (), 0)
    assert "225" not in page.launch.summary.text() and "composition" not in page.launch.summary.text()


def test_options_of_two_families_with_the_same_names_do_not_mix(page):
    steps = page.budget.advanced_options.widgets["steps"]
    steps.setValue(40)
    _choose(page, "toy-boxes")
    page.model.change(page.model.form.with_system("O"), "x")
    assert page.model.request.options["steps"] == 7
    page.budget.options.widgets["steps"].setValue(3)
    assert page.model.request.options["steps"] == 3
    _choose(page, "aiming")
    assert page.model.request.options["steps"] == 40


def test_a_mode_that_the_family_does_not_know_is_said_beside_the_elements(page):
    _choose(page, "toy-boxes")
    assert not page.ready and "mode" in page.chemistry.system_error.text()  # "any" is none of its modes


def test_a_structure_cannot_be_kept_by_a_family_that_does_not_complete(page):
    _choose(page, "toy-boxes")
    faults: list[BaseException] = []
    page.sites.set_actions([], faults.append)
    page.sites.take_structure(HALITE, "keep")
    assert page.model.form.seed_structure is None and "cannot complete a structure" in str(faults[0])


def test_a_request_with_options_of_another_family_is_refused_whole(page):
    before = page.model.form
    request = Form(model="aiming").request(registry.families.get("symmcd")).with_(model="toy-boxes")
    with pytest.raises(RequestError):
        page.model.set_request(request)
    assert page.model.form == before


def test_potentials_come_from_the_catalogue(page):
    page.budget.more.setChecked(True)
    box = page.budget.potential
    assert [box.itemData(i) for i in range(box.count())] == ["chgnet", "toy"]
    box.setCurrentIndex(1)
    box.activated.emit(1)
    assert page.model.request.potential == "toy" and page.budget.more.text() == "Advanced (changed)"
    page.model.change(replace(page.model.form, potential="gone"), "x")
    assert box.currentText() == "gone (not here)"


POROUS = (PropertyRange("pld", "Å", 2.4, 30.0), PropertyRange("co2_working_capacity", "mmol/g", 0.0, 6.0))
FRAMEWORKS = replace(CARD, name="frameworks", family="mofdiff", title="Frameworks", labels=POROUS)


def test_a_model_brings_the_funnel_of_its_family_unless_another_was_chosen(page):
    mof = replace(registry.card("mofdiff-core"), name="frameworks")
    page.set_catalogue(Catalogue(groups(), (CARD, mof), potentials=("chgnet",)))
    assert page.model.form.funnel == "quick"
    _choose(page, "frameworks")
    assert page.model.form.funnel == "mof" and page.budget.funnel.box.currentText() == "Frameworks"
    _choose(page, CARD.name)
    assert page.model.form.funnel == "quick"
    page.model.change(replace(page.model.form, funnel="none"), "x")
    _choose(page, "frameworks")
    assert page.model.form.funnel == "none"


def test_a_family_of_frameworks_is_asked_for_metals_blocks_and_pores(page, qtbot):
    page.set_catalogue(Catalogue(groups(), (CARD, FRAMEWORKS), potentials=("chgnet",)))
    page.model.change(Form(space_groups=(225,), max_atoms=20), "x")
    _choose(page, "frameworks")
    assert not page.symmetry.isVisible() and not page.chemistry.formula.isVisible()
    assert not page.budget.max_atoms.isVisible() and not page.what.bar.isTabVisible(1)
    drawn = page.made_of.options.widgets
    assert {"metals", "blocks"} <= set(drawn)
    retype(qtbot, drawn["metals"], "Zn Cu")
    assert page.model.request.options["metals"] == "Zn Cu"
    retype(qtbot, drawn["metals"], "Zn O")
    assert not page.ready and drawn["metals"].property("bad")
    retype(qtbot, drawn["metals"], "Zn")
    page.what.show_tab("targets")
    row = page.targets.rows["pld"]
    assert row.tick.text() == "Pore limiting diameter" and "largest sphere" in row.tick.toolTip()
    row.tick.click()
    assert [(t.name, t.low, t.high) for t in page.model.request.targets] == [("pld", 2.4, 30.0)]
    page.targets.rows["co2_working_capacity"].tick.click()
    assert "CO₂ working capacity 0 to 6 mmol/g" in page.launch.summary.text()
