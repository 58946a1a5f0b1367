"""The Explore page beside a project file that changes under it."""

from __future__ import annotations

import numpy as np
import projects
from windows import opened

from crystal_studio.app.main_window import MainWindow
from crystal_studio.candidates.objectives import parse
from crystal_studio.candidates.verdicts import Reason, rejecting
from crystal_studio.project.store import ProjectWriter


def test_the_inspector_follows_what_becomes_of_the_candidate_that_is_looked_at(qapp, qtbot, state, tmp_path):
    path = projects.make(tmp_path / "unjudged.crystals", 3, judged=False)
    window = MainWindow(state, probe_devices=False)
    qtbot.addWidget(window)
    window.show_page("explore")
    window.show()
    opened(window, path, qtbot)
    page = window.explore
    page.show_candidate(2)
    qtbot.waitUntil(lambda: page.inspector.facts is not None and page.inspector.facts.row.id == 2)
    page.view.look_along("c")
    seen = page.view.canvas.camera
    with ProjectWriter.open(path) as writer:
        reasons = [None, Reason("overlap", {"atoms": "Li and O", "distance": 0.5, "limit": 1.1}), None]
        writer.record(1, "geometry", np.array([1, 2, 3]), rejecting(reasons, []), last=True)
    page.changed()
    qtbot.waitUntil(lambda: page.inspector.facts.row.status == "rejected")
    assert page.inspector.facts.verdicts and page.inspector.facts.row == page.model.candidate(page.model.row_of(2))
    assert page.view.canvas.camera is seen  # its atoms have not moved: neither has the view
    window.close()


def test_what_is_selected_stays_told_while_the_list_is_read_anew(window, project, qtbot):
    opened(window, project, qtbot)
    page = window.explore
    page.table.select_ids([1, 2, 3])
    assert page.filter.count.text().endswith(" listed, 3 selected")
    with qtbot.waitSignal(page.model.loaded):
        page.pareto.changed.emit(parse("e_hull:low density:low"), False)
    assert page.selected_ids() and page.filter.count.text().endswith(" listed, 3 selected")
