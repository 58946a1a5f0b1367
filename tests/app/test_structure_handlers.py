"""From a candidate on the Explore page to a request that completes it or takes its Wyckoff positions."""

from __future__ import annotations

from pathlib import Path

import projects
import pytest

from crystal_studio.app.design.form import Form
from crystal_studio.app.main_window import MainWindow
from crystal_studio.generators.symmcd.options import SymmCDOptions

LONG = 60_000


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    return projects.make(tmp_path_factory.mktemp("handlers") / "few.crystals", 10, judged=False)


@pytest.fixture
def window(qapp, qtbot, state, project):
    made = MainWindow(state, probe_devices=False)
    qtbot.addWidget(made)
    made.resize(1300, 850)
    made.show()
    qtbot.waitExposed(made)
    qtbot.waitUntil(lambda: not made.background.busy("catalogue"), timeout=LONG)
    with qtbot.waitSignal(made.session.opened, timeout=LONG):
        made.projects.open(project)
    qtbot.waitUntil(lambda: made.explore.listed() == 10, timeout=LONG)
    yield made
    made.close()


def test_a_candidate_is_completed(window, qtbot):
    window.explore.show_candidate(3)  # a perovskite
    assert window.actions_["explore.complete"] in window.explore.table._actions
    window.actions_["explore.complete"].trigger()
    qtbot.waitUntil(lambda: window.design.model.form.seed_structure is not None, timeout=LONG)
    assert window.page == "design" and window.design.what.current == "sites"
    request = window.design.model.request
    assert request.space_groups == (221,)
    assert [o.wyckoff for o in SymmCDOptions.of(request).keep.orbits] == ["1a", "1b", "3c"]
    assert window.design.model.form.seed_structure.name.startswith("candidate 3 (")
    units = window.session.reader.units([3])
    assert window.design.model.form.seed_structure.cell[0] == pytest.approx(units.lattice[0, 0, 0], abs=1e-4)


def test_a_candidate_lends_its_wyckoff_positions(window, qtbot):
    window.explore.show_candidate(4)  # a spinel
    window.actions_["explore.template"].trigger()
    qtbot.waitUntil(lambda: window.design.model.form.sites == "template", timeout=LONG)
    request = window.design.model.request
    assert (request.space_groups, SymmCDOptions.of(request).template) == ((227,), ("8a", "16d", "32e"))


def test_without_a_selection_the_reason_is_said(window):
    window.explore.table.clearSelection()
    assert "Select candidates" in window.actions_["explore.complete"].toolTip()


def test_tabs_of_the_request_are_actions_with_keys_of_their_own(window):
    for key, tab in (("Alt+2", "sites"), ("Alt+3", "targets"), ("Alt+1", "chemistry")):
        window.show_page("explore")
        action = window.actions_[f"design.{tab}"]
        assert action.shortcut().toString() == key
        action.trigger()
        assert window.design.what.current == tab and window.page == "design"


def test_a_structure_file_is_completed_from_the_menu(window, qtbot, tmp_path):
    from ase.build import bulk

    path = tmp_path / "POSCAR"
    bulk("NaCl", "rocksalt", a=5.64).write(str(path), format="vasp")
    window.design.sites._choose_file = lambda: str(path)
    window.actions_["design.complete_file"].trigger()
    qtbot.waitUntil(lambda: window.design.model.form.seed_structure is not None, timeout=LONG)
    assert window.design.model.request.space_groups == (225,)


def test_tab_and_advanced_fields_are_remembered(window, state, qtbot):
    window.actions_["design.targets"].trigger()
    window.design.budget.more.click()
    window.close()
    again = MainWindow(state, probe_devices=False)
    qtbot.addWidget(again)
    assert again.design.what.current == "targets" and again.design.budget.more.isChecked()
    again.close()


def test_a_candidate_lends_its_cell(window, qtbot):
    """To a model that completes structures as its lattice, to one that takes a known cell as that."""
    window.explore.show_candidate(4)  # a spinel
    window.actions_["explore.cell"].trigger()
    qtbot.waitUntil(lambda: window.design.model.form.keep_cell, timeout=LONG)
    request = window.design.model.request
    keep = SymmCDOptions.of(request).keep
    assert request.space_groups == (227,) and keep.orbits == () and keep.cell[0] == pytest.approx(keep.cell[2])
    window.design.model.change(Form(model="adaptive-cell-mp20-like"), "x")
    window.actions_["explore.cell"].trigger()
    qtbot.waitUntil(lambda: window.design.model.form.composition != "", timeout=LONG)
    assert window.design.model.request.options["cell"] == list(keep.cell)
