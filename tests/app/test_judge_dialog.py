"""The question by what stored candidates are judged."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from crystal_studio.app.explore.judge_dialog import JudgeDialog
from crystal_studio.design.funnel import ChosenStage, Funnel

OWN = Funnel(stages=(ChosenStage(stage="geometry"), ChosenStage(stage="symmetry", options={"symprec": 0.01})))


@pytest.fixture
def dialog(qtbot, state) -> JudgeDialog:
    made = JudgeDialog([3, 1], [1, 2, 3, 4], state)
    qtbot.addWidget(made)
    made.show()
    return made


def judged(dialog: JudgeDialog, qtbot):
    with qtbot.waitSignal(dialog.asked) as told:
        qtbot.mouseClick(dialog.go, Qt.MouseButton.LeftButton)
    return told.args[0]


def test_the_quick_funnel_for_the_selected_candidates_is_what_is_asked_first(dialog, qtbot):
    request = judged(dialog, qtbot)
    assert (request.ids, request.funnel, request.potential) == ((1, 3), "quick", "chgnet")


def test_stages_of_ones_own_are_judged_and_remembered(dialog, qtbot, state):
    dialog.scope.setCurrentIndex(dialog.scope.findData("listed"))
    dialog.funnel.open()
    editor = dialog.funnel.dialog
    for row in range(editor.list.count()):
        editor.list.item(row).setCheckState(Qt.CheckState.Unchecked)
    assert not editor.use.isEnabled() and "tick one" in editor.problem.text()
    for stage in ("geometry", "symmetry"):
        editor.list.item(editor.list.order.index(stage)).setCheckState(Qt.CheckState.Checked)
    editor.list.look_at("symmetry")
    editor.panel.options.widgets["symprec"].setValue(0.01)
    qtbot.mouseClick(editor.use, Qt.MouseButton.LeftButton)
    assert "Space group (tolerance 0.01 Å)" in dialog.note.text()
    request = judged(dialog, qtbot)
    assert (request.ids, request.funnel) == ((1, 2, 3, 4), OWN)
    again = JudgeDialog([3, 1], [1, 2, 3, 4], state)
    qtbot.addWidget(again)
    assert again.funnel.value == OWN


def test_what_the_candidates_have_already_makes_up_for_a_stage(qtbot, state):
    stability = Funnel(stages=(ChosenStage(stage="stability"),))
    for found, possible in (((), False), (("energy_per_atom",), True)):
        dialog = JudgeDialog([1], [1], state, found)
        qtbot.addWidget(dialog)
        dialog.funnel.chosen.emit(stability)
        dialog.funnel.show_value(stability)
        dialog.funnel.chosen.emit(stability)
        assert dialog.go.isEnabled() is possible
        assert possible or "put relaxation before it" in dialog.problem.text()
