"""The hull of a candidate's chemical system: drawn by number of elements, clicked to choose, read as a table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import projects
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication

from crystal_studio.app.hull.hull_view import EMPTY, HullView
from crystal_studio.app.hull.reading import NO_ENERGY, read
from crystal_studio.candidates.batch import Candidates
from crystal_studio.candidates.verdicts import Finding, rejecting
from crystal_studio.crystal import composition
from crystal_studio.crystal.batches import Structures
from crystal_studio.data import gathering, reference_sets
from crystal_studio.data.hull import ReferenceHull
from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.store import ProjectWriter


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    return projects.make(tmp_path_factory.mktemp("hull") / "some.crystals", 60)


def judged(reader, elements: int, place: int = 0):
    rows = [c for c in reader.candidates("e_hull is not None") if c.chemsys.count("-") + 1 == elements]
    return rows[place]


def looking(qtbot, reader, background, row) -> HullView:
    view = HullView(background)
    qtbot.addWidget(view)
    view.resize(700, 500)
    view.show()
    view.show_candidate(row, reader)
    qtbot.waitUntil(lambda: view.facts is not None)
    return view


@pytest.mark.parametrize("elements", [2, 3])
def test_candidate_is_drawn_among_the_phases_of_its_system(qtbot, reader, background, elements):
    row = judged(reader, elements)
    view = looking(qtbot, reader, background, row)
    phases = view.facts.phases
    assert set(phases.symbols) == set(row.chemsys.split("-"))
    at = view.facts.row_of(row.id)
    assert at >= phases.known and view.facts.candidate_at(at) == row.id
    assert f"candidate {row.id}" in view.note.text() and "eV/atom above the hull" in view.note.text()
    assert "±" in view.note.text() and "CHGNet" in view.note.toolTip()
    # Subsystems belong to the system.
    inside = [c for c in reader.candidates("e_hull is not None") if set(c.chemsys.split("-")) <= set(phases.symbols)]
    assert sorted(view.facts.ids.tolist()) == sorted(c.id for c in inside)


def test_click_on_a_point_chooses_the_candidate_or_names_the_phase(qtbot, reader, background):
    row = judged(reader, 2)
    view = looking(qtbot, reader, background, row)
    said = []
    view.picked.connect(said.append)
    at = view.facts.row_of(row.id)
    phases = view.facts.phases
    qtbot.waitExposed(view)

    def click(index: int, aside: float) -> None:  # two clicks at one place would be a double click
        x, y = phases.composition[index, 1], phases.formation_energy[index]
        view.plot.getViewBox().setRange(
            xRange=(x - 0.05 - aside, x + 0.05 - aside), yRange=(y - 0.05, y + 0.05), padding=0
        )
        qtbot.wait(50)
        spot = view.plot.getViewBox().mapViewToScene(QPointF(float(x), float(y)))
        place = view.plot.mapFromScene(spot)
        qtbot.mouseClick(view.plot.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(place.x(), place.y()))

    click(at, 0.0)
    qtbot.waitUntil(lambda: bool(said))
    assert said[0] in view.facts.ids
    pure = next(i for i in range(phases.known) if phases.composition[i, 1] == 0)
    click(pure, 0.03)
    qtbot.waitUntil(lambda: f"known as {phases.ids[pure]}" in view.note.text())
    assert len(said) == 1


def test_table_holds_every_row_and_chooses_too(qtbot, reader, background):
    row = judged(reader, 3)
    view = looking(qtbot, reader, background, row)
    view.ways.buttons["table"].click()
    assert view.table.rowCount() == len(view.facts.phases.ids)
    assert {i.row() for i in view.table.selectedIndexes()} == {view.facts.row_of(row.id)}
    other = next(int(i) for i in view.facts.ids if i != row.id) if len(view.facts.ids) > 1 else row.id
    with qtbot.waitSignal(view.picked) as told:
        view.table.clearSelection()
        view.table.selectRow(view.facts.row_of(other))
    assert told.args == [other]
    view.take.copy_table()
    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines[0].startswith("Formula\tKnown as\t") and len(lines) == 1 + len(view.facts.phases.ids)


def test_picture_and_table_are_written(qtbot, reader, background, tmp_path):
    view = looking(qtbot, reader, background, judged(reader, 3))
    faults = []
    view.faulted.connect(faults.append)
    view.take.save_picture(tmp_path / "hull.png")
    view.take.save_table(tmp_path / "hull.csv")
    assert (tmp_path / "hull.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "hull.csv").read_text().splitlines()[0].startswith("Formula,Known as")
    assert not faults
    view.take.save_table(tmp_path / "nowhere" / "hull.csv")
    view.take.save_picture(tmp_path / "nowhere" / "hull.png")
    assert len(faults) == 2


def test_empty_states_say_what_to_do(qtbot, tmp_path, background):
    path = projects.make(tmp_path / "unjudged.crystals", 3, judged=False)
    with ProjectReader(path) as reader:
        view = looking(qtbot, reader, background, reader.candidate(1))
        assert view.message.text() == NO_ENERGY and "Ctrl+J" in NO_ENERGY
        view.show_candidate(None, None)
        assert view.message.text() == EMPTY


def test_candidate_without_energy_is_told_from_its_neighbours(reader):
    row = judged(reader, 3)
    other = reader.candidate(row.id).changed(id=99_999)
    facts = read(reader, other)
    assert facts.row_of(99_999) == -1 and facts.row_of(row.id) >= 0


def test_tetrahedron_turns_with_the_mouse(qtbot, background):
    from crystal_studio.analysis.phase_diagram import phases
    from crystal_studio.app.hull.hull_plot import HullPlot
    from crystal_studio.app.hull.reading import HullFacts

    found = phases(ReferenceHull.load("chgnet"), np.array([3, 26, 15, 8]), np.zeros((0, 119)), np.zeros(0))
    facts = HullFacts(0, "Fe-Li-O-P", (("chgnet", "CHGNet"),), "chgnet", found, np.zeros(0, int), np.zeros(0, bool))
    plot = HullPlot()
    qtbot.addWidget(plot)
    plot.resize(500, 400)
    plot.show()
    qtbot.waitExposed(plot)
    plot.show_facts(facts, -1)
    before = plot._flat(np.eye(3))
    view = plot.viewport()
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=QPoint(200, 200))
    for x in (220, 250, 290):
        qtbot.mouseMove(view, QPoint(x, 200))
        qtbot.wait(10)
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=QPoint(290, 200))
    plot._box.turned.emit(0.3, 0.0)
    assert not np.allclose(plot._flat(np.eye(3)), before)
    assert np.allclose(np.linalg.norm(plot._flat(np.array([[0, 0, 1.0]]))), np.cos(plot._angles[1]))


def test_phases_of_an_own_set_stand_in_the_hull_of_the_campaign_that_was_judged_by_it(tmp_path, monkeypatch):
    """A lower phase of magnesium oxide, known to the user alone, lifts the candidate of that composition."""
    monkeypatch.setenv("CRYSTAL_STUDIO_REFERENCES", str(tmp_path / "references"))
    numbers = np.array([12, 8])
    cell = Structures.from_lists([np.eye(3) * 4], [numbers], [np.array([[0, 0, 0], [0.5, 0.5, 0.5]])])
    gathering.add_structures("own", cell, ["own-1"], [])
    lower = ReferenceHull(composition.counts(cell), np.array([-9.0]), np.array(["own-1"]), "chgnet")
    reference_sets.add_energies("own", lower)
    path = tmp_path / "own.crystals"
    with ProjectWriter.create(path) as writer:
        for provenance in ({}, {"reference_sets": reference_sets.checksums()}):
            campaign = writer.add_campaign("some", {"funnel": "quick"}, provenance, 1)
            ids = writer.add_candidates(campaign, np.arange(1), Candidates.of_structures(cell))
            values = {"energy_per_atom": -6.0, "e_hull": 0.0}
            found = [Finding(name, projects.POTENTIAL, np.array([value])) for name, value in values.items()]
            writer.record(campaign, "stability", ids, rejecting([None], found))
    with ProjectReader(path) as reader:
        without, within = (read(reader, reader.candidate(i)) for i in (1, 2))
    assert "own-1" not in without.phases.ids and "own-1" in within.phases.ids
    assert within.phases.e_hull[within.row_of(2)] == pytest.approx(3.0, abs=1e-4)
    assert without.phases.e_hull[without.row_of(1)] < 1.0
