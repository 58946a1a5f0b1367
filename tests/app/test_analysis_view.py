"""What is found out of the candidate in view: plots and tables at once, what takes long when asked for."""

from __future__ import annotations

import math
import multiprocessing
from pathlib import Path

import numpy as np
import projects
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from crystal_studio.analysis import apart
from crystal_studio.analysis.powder import pattern, profile
from crystal_studio.app.analysis.analysis_view import EMPTY, AnalysisView
from crystal_studio.app.analysis.reading import WAVELENGTHS
from crystal_studio.app.analysis.wavelength import WavelengthField


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    return projects.make(tmp_path_factory.mktemp("analysis") / "some.crystals", 6)


def looking(qtbot, reader, background, what: str, candidate: int = 1) -> AnalysisView:
    view = AnalysisView(background)
    qtbot.addWidget(view)
    view.resize(560, 320)
    view.show()
    view.kind.setCurrentIndex(view.kind.findData(what))
    view.show_candidate(reader.candidate(candidate), reader)
    return view


def test_reflections_follow_the_wavelength(qtbot, reader, background):
    view = looking(qtbot, reader, background, "powder")
    qtbot.waitUntil(lambda: view.found() is not None)
    first = np.array(view.found().values["two_theta"])
    at = list(WAVELENGTHS).index("Mo Kα")
    view.wavelength.setCurrentIndex(at)
    view.wavelength.activated.emit(at)
    qtbot.waitUntil(lambda: view.found().figures[0][1] == WAVELENGTHS["Mo Kα"])
    second = np.array(view.found().values["two_theta"])
    bragg = math.sin(math.radians(first[0] / 2)) / WAVELENGTHS["Cu Kα"]
    assert math.sin(math.radians(second[0] / 2)) / WAVELENGTHS["Mo Kα"] == pytest.approx(bragg, abs=1e-6)


def test_wavelength_is_typed_and_what_makes_no_sense_is_marked(qtbot):
    field = WavelengthField()
    qtbot.addWidget(field)
    field.lineEdit().setText("0.5 Å")
    with qtbot.waitSignal(field.changed):
        qtbot.keyClick(field.lineEdit(), Qt.Key.Key_Return)
    assert field.value == 0.5
    field.lineEdit().setText("fifty")
    qtbot.keyClick(field.lineEdit(), Qt.Key.Key_Return)
    assert field.value == 0.5 and field.property("bad")


def test_measured_pattern_lies_over_it_and_goes_again(qtbot, reader, background, tmp_path):
    view = looking(qtbot, reader, background, "powder")
    qtbot.waitUntil(lambda: view.found() is not None)
    angle = np.arange(10, 80, 0.02)
    counts = 50 * profile(pattern(reader.structures([1])), angle) + 200
    file = tmp_path / "own.xy"
    file.write_text("\n".join(f"{a:.3f} {c:.2f}" for a, c in zip(angle, counts, strict=True)))
    view.compare(file)
    qtbot.waitUntil(lambda: "Agreement" in view.pages["powder"].note.text())
    assert view.pages["powder"].shown.agreement > 0.97
    assert len(view.pages["powder"].plot.listDataItems()) == 2 + 1  # measured, calculated, reflections
    view.unload.click()
    qtbot.waitUntil(lambda: "Agreement" not in view.pages["powder"].note.text())
    faults = []
    view.faulted.connect(faults.append)
    (tmp_path / "no.xy").write_text("nothing")
    view.compare(tmp_path / "no.xy")
    qtbot.waitUntil(lambda: bool(faults))
    assert "two columns" in str(faults[0])


def test_distances_and_coordination_are_taken_elsewhere(qtbot, reader, background, tmp_path):
    view = looking(qtbot, reader, background, "distances")
    qtbot.waitUntil(lambda: view.found() is not None)
    view.take.copy_table()
    assert QGuiApplication.clipboard().text().startswith("r, Å\tg(r)\t")
    view.take.save_picture(tmp_path / "rdf.png")
    assert (tmp_path / "rdf.png").read_bytes().startswith(b"\x89PNG")
    view.kind.setCurrentIndex(view.kind.findData("coordination"))
    qtbot.waitUntil(lambda: view.found() is not None and view.found().title == "Coordination")
    table = view.pages["coordination"].table
    assert table.rowCount() == len(view.found().rows) > 0
    assert table.horizontalHeaderItem(4).text() == "Mean distance, Å"


def test_without_a_candidate_the_view_says_what_to_do(qtbot, reader, background):
    view = looking(qtbot, reader, background, "powder")
    view.show_candidate(None, None)
    assert view.message.text() == EMPTY and view.found() is None and not view.load.isEnabled()


def test_long_analysis_begins_when_asked_and_is_cancelled(qtbot, reader, background):
    view = looking(qtbot, reader, background, "phonons")
    page = view.pages["phonons"]
    assert page.start.isVisible() and not background.busy("long analysis")
    page.start.click()
    qtbot.waitUntil(lambda: page.stop.isVisible() and bool(multiprocessing.active_children()))
    page.stop.click()
    assert page.start.isVisible()
    qtbot.waitUntil(lambda: not multiprocessing.active_children())
    assert view.found() is None


def test_long_analysis_shows_its_answer_and_keeps_it(qtbot, reader, background, monkeypatch):
    """The child finds the module beside this one."""
    monkeypatch.setitem(apart.LONG, "elastic", "analysis_fakes:quick")
    view = looking(qtbot, reader, background, "elastic")
    page = view.pages["elastic"]
    page.start.click()
    view.show_candidate(reader.candidate(2), reader)  # looks at another one meanwhile
    assert page.start.isVisible()
    qtbot.waitUntil(lambda: not background.busy("long analysis"))
    assert page.found is None
    view.show_candidate(reader.candidate(1), reader)
    assert page.found is not None and page.found.title == "Quick"
    monkeypatch.setitem(apart.LONG, "phonons", "analysis_fakes:refused")
    view.kind.setCurrentIndex(view.kind.findData("phonons"))
    view.pages["phonons"].start.click()
    qtbot.waitUntil(lambda: not background.busy("long analysis"))
    assert view.pages["phonons"].message.text() == "It cannot be done: try another potential."
