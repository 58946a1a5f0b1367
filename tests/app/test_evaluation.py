"""The evaluation dialog: what it asks for, progress, cancel, table, text; once with the real evaluation."""

from __future__ import annotations

from pathlib import Path

import evaluation_fakes
import projects
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from crystal_studio.app.background import Background
from crystal_studio.app.evaluation.dialog import EvaluationDialog
from crystal_studio.app.evaluation.wording import MEANINGS, as_text, figures, of_metric
from crystal_studio.app.main_window import MainWindow
from crystal_studio.project.queries import ProjectReader

LONG = 60_000


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    return projects.make(tmp_path_factory.mktemp("evaluation") / "few.crystals", 10, judged=False)


@pytest.fixture
def make(qtbot, state, project):
    """A dialog on the project, with a stand-in for the evaluation."""
    background = Background()
    made: list[EvaluationDialog] = []

    def build(function) -> EvaluationDialog:
        dialog = EvaluationDialog(background, state, function=function)
        qtbot.addWidget(dialog)
        with ProjectReader(project) as reader:
            dialog.set_project(project, reader.campaigns(), reader.count())
        dialog.show()
        qtbot.waitExposed(dialog)
        made.append(dialog)
        return dialog

    yield build
    for dialog in made:
        dialog.close()
    background.close()


def press(qtbot, dialog) -> None:
    qtbot.mouseClick(dialog.go, Qt.MouseButton.LeftButton)


def test_the_table_shows_each_figure_with_its_meaning_and_is_copied(make, qtbot):
    dialog = make(evaluation_fakes.quick)
    assert dialog.empty.isVisible() and not dialog.copy.isEnabled()
    assert [dialog.form.scope.itemText(i) for i in range(2)] == ["All 10 candidates", "#1  Test crystals  (10)"]
    dialog.form.scope.setCurrentIndex(1)
    dialog.form.relax.click()
    dialog.form.sample.setValue(12)
    press(qtbot, dialog)
    assert dialog.run.running and dialog.go.text() == "Cancel" and not dialog.form.isEnabled()
    qtbot.waitUntil(lambda: dialog.document is not None, timeout=LONG)
    assert dialog.table.isVisible() and dialog.go.text() == "Evaluate" and dialog.form.isEnabled()
    assert dialog.document["notes"] == ["few.crystals", "1", "", "12"]
    first = dialog.table.topLevelItem(0)
    assert first.text(0) == "Validity" and first.child(0).text(0) == "Structural validity"
    assert first.child(0).text(1) == "90.0%  (9 of 10)" and first.child(0).text(2) == "60.0% to 98.0%"
    assert "0.5 Å" in first.child(0).text(3) and "how" in first.child(0).toolTip(0)
    qtbot.mouseClick(dialog.copy, Qt.MouseButton.LeftButton)
    text = QApplication.clipboard().text()
    assert "Structural validity\t90.0%  (9 of 10)\t60.0% to 98.0%" in text
    assert "known.parquet [train], 30 crystals" in text


def test_cancelling_keeps_what_is_done(make, qtbot):
    dialog = make(evaluation_fakes.endless)
    press(qtbot, dialog)
    qtbot.waitUntil(lambda: "left of this part" in dialog.message.text(), timeout=LONG)
    press(qtbot, dialog)
    qtbot.waitUntil(lambda: not dialog.run.running, timeout=LONG)
    assert dialog.table.isVisible() and "Cancelled during “symmetry”" in dialog.message.text()


@pytest.mark.parametrize(
    ("function", "words"),
    [(evaluation_fakes.failing, "The set is empty"), (evaluation_fakes.dying, "ended unexpectedly (exit code 7)")],
)
def test_a_failed_evaluation_says_why(make, qtbot, function, words):
    dialog = make(function)
    press(qtbot, dialog)
    qtbot.waitUntil(lambda: not dialog.run.running, timeout=LONG)
    assert words in dialog.message.text() and dialog.message.property("role") == "error"
    assert dialog.empty.isVisible() and dialog.go.isEnabled()


def test_a_closed_dialog_leaves_nothing_running(make, qtbot):
    dialog = make(evaluation_fakes.endless)
    press(qtbot, dialog)
    qtbot.waitUntil(lambda: dialog.message.text().startswith("Waiting: "), timeout=LONG)
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible() and not dialog.run.running


def test_a_file_that_is_not_there_is_marked_and_parts_are_offered(make, qtbot, tmp_path):
    dialog = make(evaluation_fakes.quick)
    assert "no set to compare with" in dialog.form.note.text()
    qtbot.keyClicks(dialog.form.train, str(tmp_path / "none.parquet"))
    press(qtbot, dialog)
    assert not dialog.run.running and dialog.form.train.property("bad")
    assert "none.parquet" in dialog.message.text()
    dialog.form.train.clear()
    (tmp_path / "set.csv").write_text("cif,split\nx,train\ny,val\n")
    dialog.form.reference.setText(str(tmp_path / "set.csv"))
    dialog.form.reference.editingFinished.emit()
    assert not dialog.go.isEnabled()
    qtbot.waitUntil(lambda: dialog.go.isEnabled(), timeout=LONG)
    assert dialog.form.split.currentText() == "val" and "no training set" in dialog.form.note.text()
    press(qtbot, dialog)
    qtbot.waitUntil(lambda: dialog.document is not None, timeout=LONG)
    assert dialog.document["notes"][2] == "val"


def test_figures_are_worded():
    found = dict(figures(evaluation_fakes.document()))
    assert [f.title for f in found["Relaxation and stability"]] == ["S.U.N. within 0.08 eV/atom"]
    assert found["Relaxation and stability"][0].value == "–"
    assert found["Distances from the reference"][0].value == "0.1235 g/cm³"
    assert found["Templates"][0].value == "3  (3,000 per 10,000)"
    assert found["Further figures"][0].title == "Of tomorrow"
    assert of_metric("symmetry_kept_0.01", {"value": 1.0, "note": ""}).title == "Group kept, 0.01 Å"
    assert as_text(evaluation_fakes.document("novel")).count("\t") == 4 * 5


def test_a_project_is_really_evaluated_from_the_window(qapp, qtbot, state, project):
    window = MainWindow(state, probe_devices=False)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    assert "Open or create" in window.actions_["explore.evaluate"].toolTip()
    with qtbot.waitSignal(window.session.opened, timeout=LONG):
        window.projects.open(project)
    qtbot.waitUntil(lambda: window.actions_["explore.evaluate"].isEnabled(), timeout=LONG)
    window.actions_["explore.evaluate"].trigger()
    dialog = window.evaluation
    press(qtbot, dialog)
    qtbot.waitUntil(lambda: not dialog.run.running, timeout=2 * LONG)
    assert dialog.document is not None, dialog.message.text()
    entries = dialog.document["metrics"]
    assert entries["structural_validity"]["of"] == 10 and entries["unique"]["value"] > 0
    unknown = [n for n in entries if not any(n == k or n.startswith(f"{k}_") for k in MEANINGS)]
    assert not unknown
    window.session.close()
    assert not dialog.isVisible() and dialog.document is None
    window.close()
