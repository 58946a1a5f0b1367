"""The dialog of improvements: rounds come in, are shown again when it is opened anew, and can be carried on."""

from __future__ import annotations

from pathlib import Path

import pytest
from improve_fakes import BEST, Made, write_model
from PySide6.QtCore import Qt

from crystal_studio.app.improve.dialog import ImproveDialog
from crystal_studio.app.improve.rounds_view import RoundsView
from crystal_studio.campaign.improving.figures import share
from crystal_studio.design.request import DesignRequest, PropertyTarget
from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.rows import RoundRow
from crystal_studio.project.store import ProjectWriter

LONG = 600_000


@pytest.fixture
def dialog(qtbot, tmp_path: Path):
    write_model("first", BEST - 0.3)
    project = tmp_path / "salt.crystals"
    ProjectWriter.create(project).close()
    made = ImproveDialog(made=Made(takes=0.001))
    qtbot.addWidget(made)
    request = DesignRequest(model="first", count=40, seed=3, device="cpu", potential="spring")
    made.options.values |= {"rounds": 1, "minutes": 1.0, "rehearse": 40, "check": 5, "mix": 0.5}
    made.set_project(project, request)
    made.show()
    yield made
    made.close()


def press(qtbot, button) -> None:
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_stopped_it_is_carried_on_and_its_rounds_are_there_when_it_is_opened_again(qtbot, dialog) -> None:
    assert not dialog.resume.isVisible() and dialog.go.text() == "Improve"
    press(qtbot, dialog.go)
    assert dialog.running and dialog.go.text() == "Stop" and not dialog.fields.isEnabled()
    qtbot.waitUntil(lambda: dialog.message.text().startswith("Round 0") or not dialog.running, timeout=LONG)
    press(qtbot, dialog.go)
    qtbot.waitUntil(lambda: not dialog.running, timeout=LONG)
    assert dialog.message.text().startswith("Stopped") and dialog.resume.isVisible()
    press(qtbot, dialog.resume)
    qtbot.waitUntil(lambda: not dialog.running, timeout=LONG)
    table = dialog.rounds.table
    assert table.topLevelItemCount() == 2, dialog.message.text()
    assert [table.topLevelItem(i).text(2) for i in range(2)] == ["Yes", "Yes"]
    assert "%" in table.topLevelItem(1).text(4) and table.topLevelItem(1).text(8) == "1.000"
    assert "1 round;" in dialog.message.text() and not dialog.resume.isVisible()
    curves = dialog.rounds.place.plot.listDataItems()
    assert len(curves) == 3 and [len(curve.getData()[0]) for curve in curves] == [2, 2, 2]
    again = ImproveDialog()
    qtbot.addWidget(again)
    again.set_project(dialog._project, None)
    assert again.rounds.table.topLevelItemCount() == 2 and not again.go.isEnabled()
    with ProjectReader(dialog._project) as reader:
        assert reader.count() == 80


def test_rounds_are_shown_by_what_they_are_compared_by(qtbot) -> None:
    figures = {
        "alone_0": share(30, 100), "alone_near": share(60, 100), "sun_0": share(10, 100), "sun_near": share(20, 100)
    }  # fmt: skip
    rows = [
        RoundRow(number, 1, number, "", {}, "finished", "", "first", figures=figures, kept=True) for number in range(2)
    ]
    view = RoundsView()
    qtbot.addWidget(view)
    view.show()
    view.show_rounds(rows)
    line = view.table.topLevelItem(1)
    assert line.text(3).startswith("30.0%") and line.toolTip(3).startswith("S.U.N. 0: 10.0%")
    assert line.text(4).startswith("60.0%") and line.toolTip(4).startswith("S.U.N. near: 20.0%")
    qtbot.waitUntil(lambda: view.place.made and len(view.place.plot.listDataItems()) == 2)
    assert [curve.getData()[1].tolist() for curve in view.place.plot.listDataItems()] == [[60, 60], [30, 30]]


def test_it_says_what_aiming_at_the_hull_brings(dialog) -> None:
    assert "Aimed at 0 to 0 eV/atom" in dialog.about.text()
    at_the_hull = dialog._request.with_(targets=(PropertyTarget("e_above_hull", 0.0, 0.0),))
    dialog.set_project(dialog._project, at_the_hull)
    assert "Aimed" not in dialog.about.text() and "lead away from" in dialog.about.text()


def test_what_cannot_be_improved_is_said(qtbot, dialog) -> None:
    dialog.options.values["near"] = 7.0
    press(qtbot, dialog.go)
    assert "Near the hull" in dialog.message.text() and not dialog.running
    dialog.options.values["near"] = 0.1
    dialog.data.setText("nowhere.parquet")
    press(qtbot, dialog.go)
    qtbot.waitUntil(lambda: not dialog.running, timeout=LONG)
    assert "There is no file nowhere.parquet" in dialog.message.text()
