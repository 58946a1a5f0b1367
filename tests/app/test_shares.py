"""Stable, unique and novel candidates in the window: counted at the user's cutoff, off the GUI thread."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import projects
import pytest
from PySide6.QtGui import QGuiApplication

from crystal_studio.app.cutoff import Cutoff, CutoffField
from crystal_studio.app.explore.arrangement import arrangement
from crystal_studio.app.shares.reading import SCALES, Found, read
from crystal_studio.app.shares.shares_view import NO_ENERGY, NOBODY, WAITING, SharesView
from crystal_studio.candidates.quantities import Method
from crystal_studio.candidates.verdicts import Finding
from crystal_studio.project.accounting import accounts
from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.store import ProjectWriter


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    return projects.make(tmp_path_factory.mktemp("shares") / "some.crystals", 80)


def shown(qtbot, reader, background, cutoff=None, where="") -> SharesView:
    view = SharesView(background, cutoff or Cutoff(), "shares")
    qtbot.addWidget(view)
    view.resize(500, 160)
    view.show()
    view.watch(reader, lambda _: where)
    qtbot.waitUntil(lambda: view.found is not None)
    return view


def test_table_says_what_the_accounting_counts(qtbot, reader, background):
    view = shown(qtbot, reader, background)
    lines = view.table.as_text().splitlines()
    (expected,) = accounts(reader, [Method("chgnet", "potential")], "", 0.1)
    assert expected.sun.count > 0
    assert lines[0] == "By\tStable\tStable, novel\tS.U.N."
    told = [expected.stable.text, expected.stable_novel.text, expected.sun.text]
    assert lines[1:] == ["\t".join(["CHGNet 0.3.0", *told])]
    assert view.found.scale in SCALES and view.found.scale >= expected.stable.interval[1]
    view.table.setFocus()
    view.table.selectAll()
    qtbot.keySequence(view.table, "Ctrl+C")
    assert QGuiApplication.clipboard().text() == "\n".join(lines)


def test_after_a_triage_both_rates_are_told(qtbot, reader, background, tmp_path):
    view = shown(qtbot, reader, background)
    assert not view.rates.isVisible() and view.found.rates == ""
    path = reader.copy_to(tmp_path / "triaged.crystals")
    lot = Method("triage", "geometry")
    with ProjectWriter.open(path) as writer:
        ids = list(range(1, 81))
        flags = [Finding(name, lot, np.arange(80) % n == 0.0) for name, n in (("random_share", 4), ("among_best", 2))]
        writer.add_findings(ids, [replace(flag, values=flag.values.astype(float)) for flag in flags])
    with ProjectReader(path) as other:
        view = shown(qtbot, other, background)
        qtbot.waitUntil(view.rates.isVisible)
        assert "S.U.N. of the model" in view.rates.text() and "by 20 taken at random" in view.rates.text()
        assert "of those chosen" in view.rates.text()
        background.cancel("shares")


def test_cutoff_is_one_for_all_views_and_remembered(qtbot, reader, background, state):
    cutoff = Cutoff(state)
    view, field, other = shown(qtbot, reader, background, cutoff), CutoffField(cutoff), CutoffField(cutoff)
    for widget in (field, other):
        qtbot.addWidget(widget)
    before = view.found.lines[0].shares
    field.box.setValue(20)
    assert other.box.value() == 20
    qtbot.waitUntil(lambda: view.found.cutoff == 0.02)
    (expected,) = accounts(reader, [Method("chgnet", "potential")], "", 0.02)
    assert view.found.lines[0].shares == expected != before
    assert Cutoff(state).value == 0.02


def test_filter_is_what_is_counted(qtbot, reader, background):
    where = "space_group == 225"
    view = shown(qtbot, reader, background, where=where)
    assert view.found == read(reader, lambda _: where, 0.1)
    assert view.found.total == reader.count(where) < reader.count()


def test_empty_view_says_what_to_do(qtbot, tmp_path, background):
    path = projects.make(tmp_path / "unjudged.crystals", 6, judged=False)
    with ProjectReader(path) as reader:
        view = shown(qtbot, reader, background)
        assert view.message.text() == NO_ENERGY and "Ctrl+J" in NO_ENERGY
        view.set_expected(True)
        assert view.message.text() == WAITING
        view.watch(reader, lambda _: "id == 99")
        qtbot.waitUntil(lambda: view.found == Found((), 0, 0.1))
        assert view.message.text() == NOBODY


def test_of_frameworks_the_empty_view_says_what_to_look_at_instead(qtbot, tmp_path, background):
    path = projects.make(tmp_path / "unjudged.crystals", 3, judged=False)
    with ProjectReader(path) as reader:
        view = SharesView(background, Cutoff(), "shares")
        view.arrange(arrangement({"pld", "linkers"}))
        qtbot.addWidget(view)
        view.show()
        view.watch(reader, lambda _: "")
        qtbot.waitUntil(lambda: "New and open to CO₂" in view.message.text())
        view.arrange(arrangement({"pld", "linkers", "e_hull"}))
        assert view.message.text() == NO_ENERGY
        view.arrange(arrangement({"pld"}))
        view.watch(reader, lambda _: "id < 0")
        qtbot.waitUntil(lambda: view.message.text() == NOBODY)


def test_what_came_during_a_count_is_counted_after_it(qtbot, tmp_path, background):
    path = projects.make(tmp_path / "grows.crystals", 10, judged=False)
    with ProjectReader(path) as reader:
        view = shown(qtbot, reader, background)
        assert not view.found.lines
        projects.make(path, 60, seed=4)
        view.refresh()
        qtbot.waitUntil(lambda: view.found.total == 70)
        assert view.found.lines


def test_nothing_is_counted_out_of_sight(qtbot, reader, background):
    view = SharesView(background, Cutoff(), "shares")
    qtbot.addWidget(view)
    view.watch(reader, lambda _: "")
    assert not background.busy("shares") and view.found is None
    view.show()
    qtbot.waitUntil(lambda: view.found is not None)


def test_run_page_and_filter_share_the_choice(qtbot, window, project):
    window.show()
    window.session.open(project)
    qtbot.waitUntil(lambda: window.session.reader is not None)
    window.show_page("run")
    qtbot.waitUntil(lambda: window.run_page.shares.found is not None)
    window.cutoff.set(30)
    qtbot.waitUntil(lambda: window.run_page.shares.found.cutoff == 0.03)
    window.show_page("explore")
    window.show_dock("shares")
    window.explore.docks["shares"].raise_()
    window.show_filter("novel")
    reader = window.session.reader
    shares = window.explore.shares
    qtbot.waitUntil(lambda: shares.found is not None and shares.found.total == reader.count("novel"))
    assert shares.found.cutoff == 0.03
