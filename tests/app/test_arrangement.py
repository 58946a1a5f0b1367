"""Columns, order, axes and filters follow what a project holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import projects
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMenu

from crystal_studio.app.explore.arrangement import CRYSTALS, arrangement
from crystal_studio.app.explore.columns import columns
from crystal_studio.app.explore.points import has_front
from crystal_studio.candidates.quantities import Method
from crystal_studio.candidates.registry import quantities
from crystal_studio.candidates.verdicts import Finding, rejecting
from crystal_studio.project.filters import parse
from crystal_studio.project.holdings import BLOCKS, holdings
from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.store import ProjectWriter

ZEO = Method("zeo++", "geometry", "Zeo++")


def with_pores(path: Path) -> Path:
    """Two candidates with pores, one of them wide."""
    projects.make(path, 2, judged=False)
    with ProjectWriter.open(path) as writer:
        campaign = writer.add_campaign("Pores", {}, {}, 2, kind="judge")
        found = [Finding("pld", ZEO, np.array([3.0, 8.0])), Finding("surface_area", ZEO, np.array([100.0, 900.0]))]
        writer.record(campaign, "pores", np.array([1, 2]), rejecting([None, None], found), last=True)
        writer.set_campaign(campaign, "finished")
    return path


def shown(held: set[str]) -> set[str]:
    found = arrangement(held)
    return {column.key for column in columns(()) if found.shows(column)}


def test_a_project_without_figures_is_arranged_for_crystals():
    assert arrangement(()) == CRYSTALS
    assert "e_hull" in shown(set()) and not shown(set()) & {"nodes", "linkers", "pld", "co2_working_capacity"}


def test_frameworks_lead_with_what_they_are_made_of_and_their_pores():
    held = {BLOCKS, "nodes", "linkers", "pld", "lcd", "surface_area", "void_fraction"}
    found = arrangement(held)
    assert held - {BLOCKS} <= shown(held)
    assert not shown(held) & {"e_hull", "predicted_e_hull", "formation_energy", "band_gap", "space_group", "novel"}
    keys = [column.key for column in columns(()) if found.shows(column)]
    assert keys[:7] == ["id", "formula", "nodes", "linkers", "pld", "lcd", "surface_area"]
    assert (found.order, found.descending, found.x, found.y) == ("surface_area", True, "pld", "surface_area")
    assert arrangement(held | {"co2_working_capacity"}).order == "co2_working_capacity"
    assert "novel" in shown(held | {"novel"})


def test_blocks_that_nobody_has_judged_show_no_empty_energies():
    found = arrangement({BLOCKS})
    assert "e_hull" not in shown({BLOCKS}) and (found.order, found.descending) == ("id", False)


def test_a_project_with_both_keeps_both():
    held = {"pld", "e_hull", "space_group"}
    assert held <= shown(held) and arrangement(held).order == "e_hull"
    assert {"Near the hull", "Open to CO₂"} <= {title for title, *_ in arrangement(held).filters}


@pytest.mark.parametrize("held", [(), ("pld", "novel", "co2_working_capacity"), ("pld", "novel", "e_hull")])
def test_every_filter_that_is_offered_can_be_read(held):
    found = arrangement(held)
    for _, where, _ in found.filters:
        parse(where)
    parse(found.example)
    assert {found.x, found.y} <= set(quantities())


def test_compromises_are_drawn_where_one_of_the_two_is_better_low_or_high():
    assert has_front(("density", "e_hull")) and has_front(("pld", "co2_working_capacity"))
    assert not has_front(("pld", "surface_area"))


def test_holdings_are_what_has_a_value(tmp_path):
    with ProjectReader(with_pores(tmp_path / "pores.crystals")) as reader:
        assert holdings(reader) == {"pld", "surface_area", "space_group"}
    with ProjectReader(projects.make(tmp_path / "crystals.crystals", 40)) as reader:
        assert {"e_hull", "predicted_e_hull", "novel"} <= holdings(reader)


def test_the_page_follows_the_project_and_keeps_what_the_user_has_chosen(qtbot, window, tmp_path):
    page, table = window.explore, window.explore.table
    at = {column.key: i for i, column in enumerate(columns(()))}
    table.choose_columns(QPoint(0, 0))
    menu = table.findChild(QMenu)
    for title in ("Energy above hull", "Void fraction", "Density"):  # off and on again; on; off
        next(action for action in menu.actions() if action.text() == title).trigger()
    next(action for action in menu.actions() if action.text() == "Energy above hull").trigger()
    menu.close()
    window.session.open(with_pores(tmp_path / "pores.crystals"))
    qtbot.waitUntil(lambda: page.listed() == 2)
    hidden = {key for key, i in at.items() if table.isColumnHidden(i)}
    assert not hidden & {"pld", "surface_area", "e_hull", "void_fraction"}
    assert {"density", "formation_energy"} <= hidden
    assert page.model.ids.tolist() == [2, 1]  # the larger surface first
    table.sortByColumn(at["id"], Qt.SortOrder.AscendingOrder)
    qtbot.waitUntil(lambda: page.model.ids.tolist() == [1, 2])
    page.changed()
    qtbot.waitUntil(lambda: not window.background.busy())
    assert page.model.ids.tolist() == [1, 2]
    assert table.horizontalHeader().sortIndicatorSection() == at["id"]
