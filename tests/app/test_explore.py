"""The candidate table on real project files: paging, sorting, filters, selection, copying, export."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import projects
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QMenu, QMessageBox, QTabBar

from crystal_studio.app.explore.candidate_model import PAGE, CandidateModel
from crystal_studio.app.explore.candidate_table import CandidateTable
from crystal_studio.app.explore.columns import columns
from crystal_studio.app.explore.export_dialog import ExportDialog
from crystal_studio.app.explore.filter_bar import FilterBar
from crystal_studio.app.explore.points import axes, front_line
from crystal_studio.app.rich_text import HTML_ROLE
from crystal_studio.candidates.quantities import Method
from crystal_studio.candidates.verdicts import Finding, rejecting
from crystal_studio.crystal.space_groups import tables
from crystal_studio.exchange.exporters import exporters
from crystal_studio.exchange.readers import read_files
from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.rows import CandidateRow
from crystal_studio.project.store import ProjectWriter


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    return projects.make(tmp_path_factory.mktemp("explore") / "many.crystals", 700)


@pytest.fixture
def model(qapp, qtbot, reader, background) -> CandidateModel:
    made = CandidateModel(background, columns(tables().symbol))
    with qtbot.waitSignal(made.loaded):
        made.set_reader(reader)
    yield made
    made.set_reader(None)


@pytest.fixture
def table(qtbot, model) -> CandidateTable:
    made = CandidateTable(model, columns(tables().symbol))
    qtbot.addWidget(made)
    made.resize(1000, 500)
    made.show()
    qtbot.waitExposed(made)
    return made


def column(model: CandidateModel, key: str) -> int:
    return next(i for i, c in enumerate(columns(())) if c.key == key)


def test_other_texts_of_the_columns_leave_the_selection(table, model):
    table.select_ids([3, 7])
    current = table.currentIndex().row()
    model.set_columns(columns(()))
    assert sorted(table.selected_ids()) == [3, 7] and table.currentIndex().row() == current


def test_the_first_row_that_the_keyboard_comes_to_is_selected(qtbot, table):
    assert not table.currentIndex().isValid() and not len(table.selected_ids())
    with qtbot.waitActive(table):
        table.activateWindow()
    table.clearFocus()
    table.setFocus()
    assert table.currentIndex().row() == 0 and len(table.selected_ids()) == 1


def test_tabs_carry_the_titles_and_are_taken_out(qtbot, window, project):
    window.resize(1366, 768)
    window.show()
    window.session.open(project)
    qtbot.waitUntil(lambda: window.session.reader is not None)
    window.show_page("explore")
    docks = window.explore.docks
    qtbot.waitUntil(lambda: docks["hull"].titleBarWidget() is not None)
    assert docks["structure"].titleBarWidget() is None  # not behind a tab
    bars = window.explore.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly)
    bar, at = next((b, i) for b in bars for i in range(b.count()) if b.tabText(i) == "Convex hull")
    bar.setCurrentIndex(at)
    qtbot.mouseDClick(bar, Qt.MouseButton.LeftButton, pos=bar.tabRect(at).center())
    qtbot.waitUntil(lambda: docks["hull"].isFloating() and docks["hull"].titleBarWidget() is None)
    docks["hull"].setFloating(False)
    qtbot.waitUntil(lambda: not docks["hull"].isFloating())


def switch(table: CandidateTable, title: str) -> None:
    """Switch a column on or off as the user does."""
    table.choose_columns(QPoint(0, 0))
    menu = table.findChildren(QMenu)[-1]
    next(action for action in menu.actions() if action.text() == title).trigger()
    menu.close()


def test_every_row_shows_the_candidate_of_its_id(model, reader):
    assert model.rowCount() == 700
    formula = column(model, "formula")
    for row in (0, PAGE - 1, PAGE, 699, 3):
        candidate = reader.candidate(int(model.ids[row]))
        assert model.candidate(row) == candidate
        assert (
            model.index(row, formula).data().translate(str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")) == candidate.formula
        )
    assert "<sub>" in model.index(3, formula).data(HTML_ROLE) or model.candidate(3).formula.isalpha()


def test_the_choice_of_columns_is_in_words(qtbot, table):
    table.choose_columns(QPoint(0, 0))
    menu = table.findChild(QMenu)
    offered = {action.text(): action for action in menu.actions()}
    assert {"Energy above hull", "Energy above hull, predicted", "Density", "Shortest distance"} <= set(offered)
    at = column(table.candidates, "min_distance")
    assert table.isColumnHidden(at)
    offered["Shortest distance"].trigger()
    assert not table.isColumnHidden(at)
    menu.close()


def test_a_heading_has_its_subscript_or_none(model, table):
    at = column(model, "e_hull")
    assert model.headerData(at, Qt.Orientation.Horizontal) == "Ehull"
    assert model.headerData(at, Qt.Orientation.Horizontal, HTML_ROLE) == "E<sub>hull</sub>"
    assert model.headerData(column(model, "formula"), Qt.Orientation.Horizontal, HTML_ROLE) is None
    drawn = []
    for heading in ("E<sub>hull</sub>", "<sub></sub>", ""):  # typeset, nothing, the plain title
        model.set_columns([replace(c, heading=heading) if c.key == "e_hull" else c for c in columns(())])
        drawn.append(table.horizontalHeader().grab().toImage())
    assert drawn[0] != drawn[1] and drawn[0] != drawn[2] and drawn[1] != drawn[2]


def test_an_upper_bound_is_said_and_why(tmp_path, qtbot, background):
    path = projects.make(tmp_path / "stopped.crystals", 3, judged=False)
    with ProjectWriter.open(path) as writer:
        found = [
            Finding("e_hull", projects.POTENTIAL, np.array([0.312, 0.1])),
            Finding("stopped", projects.POTENTIAL, np.array([1.0, 0.0])),
        ]
        writer.record(1, "stability", np.array([1, 2]), rejecting([None, None], found), last=True)
    with ProjectReader(path) as reader:
        model = CandidateModel(background, columns(tables().symbol))
        with qtbot.waitSignal(model.loaded):
            model.set_reader(reader)
        cells = [model.index(row, column(model, "e_hull")) for row in (0, 1)]
        tips = [model.data(cell, Qt.ItemDataRole.ToolTipRole) for cell in cells]
        assert [model.data(cell) for cell in cells] == ["≤ 0.312", "0.100"]
        assert tips[0].endswith("≤ 0.312. At most: the relaxation was left, far above the hull.")
        assert "At most" not in tips[1]
        model.set_reader(None)


def test_looking_at_a_page_reads_that_page_once(model, reader, monkeypatch):
    calls = []
    by_ids = reader.by_ids
    monkeypatch.setattr(reader, "by_ids", lambda ids: calls.append(len(ids)) or by_ids(ids))
    for row in range(40):
        for c in range(model.columnCount()):
            model.index(row, c).data()
    assert calls == [PAGE]


def test_sorting_puts_missing_values_last(model, qtbot, reader):
    with qtbot.waitSignal(model.loaded):
        model.sort(column(model, "e_hull"), Qt.SortOrder.DescendingOrder)
    values = [model.candidate(r).value("e_hull") for r in range(model.rowCount())]
    known = [v for v in values if v is not None]
    assert known == sorted(known, reverse=True) and len(known) < 700
    assert all(v is None for v in values[len(known) :])


def test_filter_and_back(model, qtbot, reader):
    with qtbot.waitSignal(model.loaded):
        model.set_filter("space_group == 227 and status == 'passed'")
    assert model.rowCount() == reader.count("space_group == 227 and status == 'passed'") > 0
    assert all(model.candidate(r).space_group == 227 for r in range(model.rowCount()))
    with qtbot.waitSignal(model.loaded):
        model.set_filter("")
    assert model.rowCount() == 700


def test_the_selection_outlives_a_new_order(table, model, qtbot):
    table.select_ids([5, 8, 300])
    assert table.selected_ids().tolist() == [5, 8, 300]
    with qtbot.waitSignal(model.loaded):
        table.horizontalHeader().setSortIndicator(column(model, "density"), Qt.SortOrder.DescendingOrder)
    assert sorted(table.selected_ids().tolist()) == [5, 8, 300]
    assert model.ids.tolist() != sorted(model.ids.tolist())


def test_rows_that_come_at_the_end_are_inserted(tmp_path, qtbot, background):
    path = projects.make(tmp_path / "grows.crystals", 10, judged=False)
    with ProjectReader(path) as reader:
        model = CandidateModel(background, columns(()))
        with qtbot.waitSignal(model.loaded):
            model.set_reader(reader)
        resets = []
        model.modelReset.connect(lambda: resets.append(1))
        projects.make(path, 5, seed=3, judged=False)
        with qtbot.waitSignals([model.rowsInserted, model.loaded]):
            model.refresh()
        assert model.rowCount() == 15 and not resets
        model.set_reader(None)


def test_copied_rows_are_a_table_for_a_spreadsheet(table, model):
    table.select_ids([2, 3])
    assert table.copy() == 2
    lines = QApplication.clipboard().text().split("\n")
    titles, first = lines[0].split("\t"), lines[1].split("\t")
    assert titles[:3] == ["id", "formula", "space_group"] and len(lines) == 3
    row = model.candidate(1)
    assert first[:3] == [str(row.id), row.formula, str(row.space_group)]
    assert float(first[titles.index("density")]) == pytest.approx(row.density)


def test_columns_are_chosen_and_remembered(table, model, state, qtbot):
    hidden = column(model, "reason")
    switch(table, "Reason")
    table.save_state(state)
    other = CandidateTable(model, columns(tables().symbol))
    qtbot.addWidget(other)
    assert not other.isColumnHidden(hidden)
    other.restore_state(state)
    assert other.isColumnHidden(hidden)


def test_a_wrong_filter_says_so_in_place_and_tells_nobody(qtbot):
    bar = FilterBar()
    qtbot.addWidget(bar)
    bar.show()
    told = []
    bar.changed.connect(told.append)
    bar.set_text("energy_of_hull < 1")
    assert bar.error.isVisible() and "energy_of_hull" in bar.error.text() and not told
    qtbot.keyClicks(bar.field, "x")
    bar.set_text("e_hull < 0.1")
    assert not bar.error.isVisible() and told == ["e_hull < 0.1"]
    bar.set_text("'Li' in elements and formula == 'LiMnO2'")
    assert told[-1].startswith("'Li'")


def test_typing_waits_for_a_pause(qtbot):
    bar = FilterBar()
    qtbot.addWidget(bar)
    told = []
    bar.changed.connect(told.append)
    qtbot.keyClicks(bar.field, "n_atoms < 9")
    assert told == []
    qtbot.waitUntil(lambda: told == ["n_atoms < 9"], timeout=30_000)


def test_pareto_front_is_what_nothing_beats():
    rng = np.random.default_rng(4)
    x, y = rng.random(200), rng.random(200)
    front = set(front_line(x, y).tolist())
    for i in range(200):
        beaten = np.any((x <= x[i]) & (y <= y[i]) & ((x < x[i]) | (y < y[i])))
        assert (i in front) == (not beaten)


@pytest.mark.parametrize("key", exporters.names())
def test_every_format_is_written_from_the_dialog(qtbot, reader, background, state, tmp_path, key):
    dialog = ExportDialog(reader, [2, 6], [1, 2, 3], background, state)
    qtbot.addWidget(dialog)
    dialog.folder.setText(str(tmp_path / "out"))
    dialog.format.setCurrentIndex(dialog.format.findData(key))
    dialog.show()
    with qtbot.waitSignal(dialog.written, timeout=60_000) as told:
        qtbot.mouseClick(dialog.go, Qt.MouseButton.LeftButton)
    paths = told.args[0]
    assert paths and all(p.stat().st_size for p in paths)
    assert "Wrote" in dialog.message.text() and dialog.show_folder.isVisible()
    if key not in ("csv", "parquet", "vasp", "qe"):
        read, _, problems = read_files(paths)
        assert len(read) == 2 and not problems
        stored = reader.structures([2, 6])
        assert sorted(np.bincount(read.numbers).tolist()) == sorted(np.bincount(stored.numbers).tolist())


def test_a_folder_that_cannot_be_written_is_said_in_the_dialog(qtbot, reader, background, state, tmp_path):
    (tmp_path / "file").write_text("")
    dialog = ExportDialog(reader, [], [1], background, state)
    qtbot.addWidget(dialog)
    dialog.folder.setText(str(tmp_path / "file" / "below"))
    dialog.show()
    dialog.go.click()
    qtbot.waitUntil(lambda: dialog.message.text() != "" and dialog.go.isEnabled(), timeout=20_000)
    assert dialog.message.property("role") == "error"


def questions(dialog: ExportDialog) -> list[QMessageBox]:
    """The message boxes of the dialog that are on screen."""
    return [box for box in dialog.findChildren(QMessageBox) if box.isVisible()]


def export(dialog: ExportDialog, key: str, qtbot, answer: str = "") -> list[Path]:
    """Press Export; with an ``answer``, a question comes up and is answered. Returns the files written."""
    dialog.format.setCurrentIndex(dialog.format.findData(key))
    with qtbot.waitSignal(dialog.written, timeout=60_000) as told:
        qtbot.mouseClick(dialog.go, Qt.MouseButton.LeftButton)
        if answer:
            qtbot.waitUntil(lambda: bool(questions(dialog)), timeout=20_000)
            box = questions(dialog)[0]
            assert "there already" in box.text()
            qtbot.mouseClick(next(b for b in box.buttons() if b.text() == answer), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not questions(dialog), timeout=20_000)
    return [Path(p) for p in told.args[0]]


@pytest.mark.parametrize(("first", "second"), [("cif", "cif-p1"), ("csv", "csv")])
def test_files_of_the_same_name_are_overwritten_only_when_asked(
    qtbot, reader, background, state, tmp_path, first, second
):
    dialog = ExportDialog(reader, [2], [1, 2, 3], background, state)
    qtbot.addWidget(dialog)
    dialog.folder.setText(str(tmp_path / "out"))
    dialog.show()
    (path,) = export(dialog, first, qtbot)
    before = path.read_bytes()
    (other,) = export(dialog, second, qtbot, "Keep both")
    assert other != path and path.read_bytes() == before and other.exists()
    path.write_bytes(b"changed")
    (again,) = export(dialog, second, qtbot, "Overwrite")
    assert again == path and path.read_bytes() != b"changed"
    dialog.format.setCurrentIndex(dialog.format.findData(first))
    written = path.read_bytes()
    qtbot.mouseClick(dialog.go, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(questions(dialog)), timeout=20_000)
    qtbot.keyClick(questions(dialog)[0], Qt.Key.Key_Escape)
    assert path.read_bytes() == written and dialog.go.isEnabled()


def test_predictions_are_written_with_their_uncertainty():
    known = {column.key: column for column in columns(())}
    row = CandidateRow(
        **{f.name: None for f in fields(CandidateRow)}  # type: ignore[arg-type]
        | {"values": {}, "uncertainties": {}, "predicted": {"band_gap": (1.26, 0.31), "in_domain": (True, None)}}
    )
    gap = known["predicted_band_gap"]
    assert gap.text(row) == "1.26 ± 0.31"
    assert gap.text(replace(row, predicted=row.predicted | {"in_domain": (False, None)})) == "1.26 ± 0.31 ?"
    assert known["predicted_e_hull"].text(row) == "–"


def test_a_quantity_of_another_package_has_its_column_axis_and_tooltip(boxes, tmp_path, qtbot, background):
    path = projects.make(tmp_path / "more.crystals", 20)
    measured = Finding("longest_bond", Method("ruler", "geometry"), np.linspace(1.0, 2.9, 20))
    with ProjectWriter.open(path) as writer:
        writer.record(1, "bonds", range(1, 21), rejecting([None] * 20, [measured]))
    with ProjectReader(path) as opened:
        shown = columns(())
        found = next(c for c in shown if c.key == "longest_bond")
        assert "Å" in found.tip and found.number
        model = CandidateModel(background, shown)
        with qtbot.waitSignal(model.loaded):
            model.set_reader(opened)
        with qtbot.waitSignal(model.loaded):
            model.set_filter("longest_bond > 2")
        at = model.index(0, [c.key for c in shown].index("longest_bond"))
        assert 0 < model.rowCount() < 20 and float(at.data()) > 2
        assert "Longest bond" in at.data(Qt.ItemDataRole.ToolTipRole) or found.tip in at.data(
            Qt.ItemDataRole.ToolTipRole
        )
    assert axes()["longest_bond"] == "Longest bond, Å"
