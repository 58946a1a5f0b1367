"""Candidates side by side."""

from __future__ import annotations

from pathlib import Path

import projects
import pytest
from PySide6.QtWidgets import QLabel
from windows import LONG, opened

from crystal_studio.app.comparison.dialog import MOST
from crystal_studio.app.comparison.lines import lines, only_different
from crystal_studio.app.inspector.facts import gather
from crystal_studio.app.main_window import MainWindow
from crystal_studio.app.numbers_text import MISSING
from crystal_studio.project.queries import ProjectReader


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    return projects.make(tmp_path_factory.mktemp("side by side") / "some.crystals", 20)


@pytest.fixture(scope="module")
def candidates(project):
    with ProjectReader(project) as reader:
        passed = reader.ids("status == 'passed'").tolist()[:2]
        rejected = reader.ids("status == 'rejected'").tolist()[:1]
        return [gather(reader.candidate(i), reader) for i in (*passed, *rejected)]


@pytest.fixture
def window(qapp, qtbot, state, project):
    made = MainWindow(state, probe_devices=False)
    qtbot.addWidget(made)
    made.show()
    opened(made, project, qtbot)
    qtbot.waitUntil(lambda: made.explore.listed() == 20, timeout=LONG)
    yield made
    made.close()


def test_each_line_has_a_value_of_each_candidate_and_a_dash_where_nothing_is_known(candidates) -> None:
    table = {line.name: line for line in lines(candidates)}
    assert all(len(line.values) in (0, 3) for line in table.values())
    first = candidates[0]
    assert table["Density"].values[0] == f"{first.row.density:.3f}" and table["Density"].unit == "g/cm³"
    assert table["Wyckoff positions"].values[0].startswith(f"{first.symmetry.orbits[0].symbol} 4a")
    energy = next(line for line in lines(candidates) if line.name == "Energy above hull")
    assert energy.values[2] == MISSING and MISSING not in energy.values[:2] and energy.unit == "eV/atom"


def test_values_of_models_stand_apart_with_their_uncertainty(candidates) -> None:
    table = lines(candidates)
    names = [line.name for line in table]
    start = names.index("Predicted before relaxation")
    predicted = next(line for line in table[start:] if line.name == "Band gap")
    assert "±" in predicted.values[0] and "Property model" in predicted.tip
    assert "Band gap" not in names[:start]


def test_what_is_alike_can_be_left_out(candidates) -> None:
    twice = [candidates[0], candidates[0]]
    assert only_different(lines(twice)) == []
    left = only_different(lines(candidates[:2]))
    assert left and all(line.differs or not line.values for line in left)
    headings = [i for i, line in enumerate(left) if not line.values]
    assert all(i + 1 < len(left) and left[i + 1].values for i in headings), "no heading without lines"


def test_the_selected_are_shown_and_one_of_them_is_looked_at(window, qtbot) -> None:
    window.explore.table.select_ids([2, 5, 7])
    window.actions_["explore.beside"].trigger()
    qtbot.waitUntil(lambda: window.comparison is not None and window.comparison.isVisible(), timeout=LONG)
    dialog = window.comparison
    titles = [dialog.table.horizontalHeaderItem(k).text() for k in range(dialog.table.columnCount())]
    assert [title.rsplit("#", 1)[1] for title in titles[2:]] == ["2", "5", "7"] and titles[1] == "Unit"
    rows = dialog.table.rowCount()
    dialog.only_different.click()
    assert 0 < dialog.table.rowCount() < rows
    assert "#5" in dialog.table.as_text().splitlines()[0]
    dialog.table.horizontalHeader().sectionDoubleClicked.emit(3)
    qtbot.waitUntil(lambda: window.explore.selected_ids() == [5], timeout=LONG)
    window.session.close()
    assert not dialog.isVisible(), "its candidates are gone with the project"


def test_one_is_not_enough_and_many_are_too_many(window, qtbot) -> None:
    window.explore.table.select_ids([2])
    window.actions_["explore.beside"].trigger()
    assert window.comparison is None
    assert any("two or more" in shown.text() for shown in window.status.findChildren(QLabel))
    window.explore.table.selectAll()
    window.actions_["explore.beside"].trigger()
    qtbot.waitUntil(lambda: window.comparison is not None and window.comparison.isVisible(), timeout=LONG)
    assert window.comparison.table.columnCount() == MOST + 2
