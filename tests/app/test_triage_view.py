"""Triage in the window: what a limit keeps, loses and saves of what is listed."""

from __future__ import annotations

from pathlib import Path

import projects
import pytest

from crystal_studio.analysis.triage import Rule, outcome
from crystal_studio.app.cutoff import Cutoff
from crystal_studio.app.triage.triage_view import EMPTY, TriageView
from crystal_studio.campaign.triage import evidence
from crystal_studio.project.queries import ProjectReader


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    return projects.make(tmp_path_factory.mktemp("triage") / "some.crystals", 80)


def shown(qtbot, reader, background, cutoff=None) -> TriageView:
    view = TriageView(background, cutoff or Cutoff())
    qtbot.addWidget(view)
    view.resize(620, 260)
    view.show()
    view.watch(reader, "")
    qtbot.waitUntil(lambda: view.known is not None)
    return view


def test_note_says_what_the_rule_does(qtbot, reader, background):
    cutoff = Cutoff()
    view = shown(qtbot, reader, background, cutoff)
    view.level.setCurrentIndex(0)
    view.limit.setValue(0.3)
    expected = outcome(Rule(0.3), evidence(reader), 0.1)
    assert expected.lost.count > 0 and expected.saved.count > 0
    assert f"keeps {expected.kept.text}" in view.note.text() and f"loses {expected.lost.count}," in view.note.text()
    assert f"saves {expected.saved.text}" in view.note.text()
    cutoff.set(300)
    other = outcome(Rule(0.3), evidence(reader), 0.3)
    assert f"keeps {other.kept.text}" in view.note.text() and other.kept != expected.kept


def test_line_in_the_plot_moves_the_limit(qtbot, reader, background):
    import pyqtgraph

    view = shown(qtbot, reader, background)
    line = next(item for item in view.place.plot.items() if isinstance(item, pyqtgraph.InfiniteLine))
    line.setValue(1.25)
    line.sigPositionChangeFinished.emit(line)
    assert view.limit.value() == 1.25


def test_filter_and_empty_state(qtbot, reader, background, tmp_path):
    view = shown(qtbot, reader, background)
    assert len(view.known.evidence) == reader.count("e_hull is not None")
    view.watch(reader, "space_group == 225")
    qtbot.waitUntil(lambda: view.known is not None)
    assert len(view.known.evidence) == reader.count("e_hull is not None and space_group == 225")
    with ProjectReader(projects.make(tmp_path / "none.crystals", 3, judged=False)) as other:
        view.watch(other, "")
        qtbot.waitUntil(lambda: view.known is not None)
        assert view.message.isVisible() and view.message.text() == EMPTY and view._analysis() is None


def test_table_is_written(qtbot, reader, background, tmp_path):
    view = shown(qtbot, reader, background)
    view.take.save_table(tmp_path / "triage.csv")
    lines = (tmp_path / "triage.csv").read_text().splitlines()
    assert lines[0].startswith('"Limit, eV/atom",Stable ones kept') and len(lines) == 1 + len(view.outcomes)
