"""The scatter plot: what it draws, where it writes, and how lost points come back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import projects
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QStyle, QStyleOptionComboBox, QToolButton

from crystal_studio.app.explore.points import axes, described, narrow_axis
from crystal_studio.app.explore.scatter import ScatterView
from crystal_studio.candidates.objectives import Ranking, parse


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    return projects.make(tmp_path_factory.mktemp("scatter") / "some.crystals", 60)


def scatter(qtbot, reader, background) -> ScatterView:
    view = ScatterView(background)
    qtbot.addWidget(view)
    view.resize(600, 400)
    view.show()
    qtbot.waitExposed(view)
    view.show_candidates(reader, "")
    qtbot.waitUntil(lambda: len(view._points.ids) > 0, timeout=20_000)
    return view


def in_view(view: ScatterView) -> bool:
    (left, right), (low, high) = view.plot.getViewBox().viewRange()
    x, y = view._points.x, view._points.y
    return bool((x >= left).all() and (x <= right).all() and (y >= low).all() and (y <= high).all())


@pytest.mark.parametrize("way", ["button", "double click", "key"])
def test_lost_points_come_back(qtbot, reader, background, way):
    view = scatter(qtbot, reader, background)
    assert in_view(view)
    view.plot.getViewBox().setRange(xRange=(500, 600), yRange=(50, 60))
    view.set_current(int(view._points.ids[0]))
    assert not in_view(view)  # looking at a candidate does not undo what the user has zoomed to
    if way == "button":
        qtbot.mouseClick(view.findChild(QToolButton), Qt.MouseButton.LeftButton)
    elif way == "key":
        assert view.frame_action.shortcut().toString() == "F" and view.frame_action in view.actions()
        view.frame_action.trigger()
    else:
        middle = view.plot.viewport().rect().center()
        qtbot.mouseDClick(view.plot.viewport(), Qt.MouseButton.LeftButton, pos=middle)
    assert in_view(view)


def test_values_that_differ_less_than_can_be_shown_do_not_fill_the_axis(qtbot, reader, background):
    view = scatter(qtbot, reader, background)
    across, up = view._points.x, view._points.y
    (left, right), _ = view.plot.getViewBox().viewRange()
    assert across.min() - left < 0.2 * np.ptp(across) > right - across.max()
    near = 1e-5 * np.arange(len(up), dtype=float) / len(up)
    view._take(replace(view._points, y=near))
    _, (low, high) = view.plot.getViewBox().viewRange()
    assert low < -0.01 < 0.01 < high and in_view(view)


def test_a_point_names_its_candidate_and_both_values(qtbot, reader, background):
    view = scatter(qtbot, reader, background)
    text = described(view._points, 3)
    row = reader.candidate(int(view._points.ids[3]))
    assert f"candidate {row.id}" in text and "data=" not in text
    assert f"Density: {row.density:.2f} g/cm³" in text and "eV/atom" in text


def test_where_candidates_are_compared_a_point_tells_its_rank(qtbot, reader, background):
    points = scatter(qtbot, reader, background)._points
    compared = np.sort(points.ids)[:-1]
    ranking = Ranking(compared, np.arange(1, len(compared) + 1), parse("e_hull:low density:low"))

    def said(candidate: int) -> str:
        at = int(np.flatnonzero(points.ids == candidate)[0])
        return described(points, at, None, ranking).splitlines()[-1]

    assert said(compared[0]) == "Pareto rank: 1" and said(compared[7]) == "Pareto rank: over 5"
    assert said(points.ids.max()) == "Pareto rank: –"
    assert "Pareto" not in described(points, 3, None, Ranking())


def test_a_point_whose_relaxation_was_left_says_so(qtbot, reader, background):
    view = scatter(qtbot, reader, background)
    assert "At most" not in described(view._points, 3, {"stopped": False})
    lines = described(view._points, 3, {"stopped": True}).splitlines()
    assert lines[1].startswith("Energy above hull: ≤ ") or lines[2].startswith("Energy above hull: ≤ ")
    assert lines.count("At most: the relaxation was left, far above the hull") == 1
    assert view._beside(int(view._points.ids[3]))["e_hull"] == pytest.approx(float(view._points.y[3]))


def test_small_axes_are_named_by_symbol_and_unit(qtbot, reader, background):
    view = scatter(qtbot, reader, background)
    left, room = view.plot.getAxis("left"), view.plot.getViewBox()

    def written() -> str:
        return str(left.label.toPlainText()).strip()

    qtbot.waitUntil(lambda: written() == "Energy above hull, eV/atom")
    view.resize(600, 210)
    qtbot.waitUntil(lambda: written() != "Energy above hull, eV/atom")
    assert "eV/atom" in written() and left.label.boundingRect().width() <= room.sceneBoundingRect().height()
    view.resize(600, 400)
    qtbot.waitUntil(lambda: written() == "Energy above hull, eV/atom")


def test_the_narrow_name_of_every_axis_keeps_its_unit():
    for name, title in axes().items():
        assert ("pred." in narrow_axis(name)) == name.startswith("predicted_")
        assert narrow_axis(name).split(", ")[1:] == title.split(", ")[1:]


@pytest.mark.parametrize("name", ["density", "e_hull", "predicted_e_form"])
def test_the_boxes_show_the_whole_of_what_is_chosen(qtbot, reader, background, name):
    view = scatter(qtbot, reader, background)
    view.resize(700, 240)
    view.y_axis.setCurrentIndex(view.y_axis.findData(name))
    for box in (view.x_axis, view.y_axis):
        option = QStyleOptionComboBox()
        box.initStyleOption(option)

        def fits(box=box, option=option) -> bool:
            option.rect = box.rect()
            field = QStyle.SubControl.SC_ComboBoxEditField
            place = box.style().subControlRect(QStyle.ComplexControl.CC_ComboBox, option, field, box)
            return bool(place.width() >= box.fontMetrics().horizontalAdvance(box.currentText()))

        qtbot.waitUntil(fits)


def test_of_many_points_the_note_says_the_number_alone_where_no_more_fits(qtbot, reader, background):
    view = scatter(qtbot, reader, background)
    view.resize(480, 300)
    few, times = view._points, 400
    x, y, ids = (np.tile(column, times) for column in (few.x, few.y, few.ids))
    view._take(replace(few, x=x, y=y, ids=ids, formulas=few.formulas * times, total=10 * len(ids)))
    qtbot.waitUntil(lambda: view.note.text() == f"{len(ids):,}")
    assert view.note.sizeHint().width() <= view.note.width() and "drawn" in view.note.toolTip()


def test_the_note_says_less_where_there_is_less_room(qtbot, reader, background):
    view = scatter(qtbot, reader, background)
    view.resize(1100, 400)
    qtbot.waitUntil(lambda: "dashed" in view.note.text())
    view.resize(560, 400)
    qtbot.waitUntil(lambda: "dashed" not in view.note.text())
    assert "candidates" in view.note.text() and "dashed" in view.note.toolTip()
    assert view.note.sizeHint().width() <= view.note.width()
    view.show_candidates(reader, "id < 0")
    qtbot.waitUntil(lambda: len(view._points.ids) == 0 and "values" in view.note.text())
    view.resize(540, 400)
    qtbot.waitUntil(lambda: "listed" not in view.note.text())
    assert view.note.sizeHint().width() <= view.note.width() and "No listed candidate" in view.note.toolTip()
