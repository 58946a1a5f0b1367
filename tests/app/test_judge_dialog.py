"""The question by what stored candidates are judged."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from crystal_studio.app.explore.judge_dialog import KEY_ROLE, JudgeDialog
from crystal_studio.funnel.stages import for_funnel


@pytest.fixture
def dialog(qtbot, state) -> JudgeDialog:
    made = JudgeDialog([3, 1], [1, 2, 3, 4], state)
    qtbot.addWidget(made)
    made.show()
    return made


def test_the_quick_funnel_for_the_selected_candidates_is_what_is_asked_first(dialog, qtbot):
    with qtbot.waitSignal(dialog.asked) as told:
        qtbot.mouseClick(dialog.go, Qt.MouseButton.LeftButton)
    request = told.args[0]
    assert (request.ids, request.funnel, request.potential) == ((1, 3), "quick", "chgnet")


def test_single_stages_are_judged_in_their_order_and_none_is_no_judging(dialog, qtbot):
    dialog.scope.setCurrentIndex(dialog.scope.findData("listed"))
    dialog.funnel.setCurrentIndex(dialog.funnel.findData(""))
    assert not dialog.go.isEnabled() and "stage" in dialog.problem.text()
    for row in reversed(range(dialog.stages.count())):
        item = dialog.stages.item(row)
        if item.data(KEY_ROLE) in ("geometry", "symmetry"):
            item.setCheckState(Qt.CheckState.Checked)
    with qtbot.waitSignal(dialog.asked) as told:
        qtbot.mouseClick(dialog.go, Qt.MouseButton.LeftButton)
    assert (told.args[0].ids, told.args[0].funnel) == ((1, 2, 3, 4), "geometry,symmetry")


def test_the_stages_of_a_funnel_are_shown_and_own_ones_remembered(dialog):
    def ticked() -> list[str]:
        items = [dialog.stages.item(i) for i in range(dialog.stages.count())]
        return [i.data(KEY_ROLE) for i in items if i.checkState() == Qt.CheckState.Checked]

    assert not dialog.stages.isEnabled()
    assert set(ticked()) == {stage.name for stage in for_funnel("quick")}
    dialog.funnel.setCurrentIndex(dialog.funnel.findData(""))
    assert dialog.stages.isEnabled() and ticked() == []
    dialog.stages.item(1).setCheckState(Qt.CheckState.Checked)
    own = ticked()
    dialog.funnel.setCurrentIndex(dialog.funnel.findData("full"))
    assert set(ticked()) == {stage.name for stage in for_funnel("full")} and dialog.chosen == "full"
    dialog.funnel.setCurrentIndex(dialog.funnel.findData(""))
    assert ticked() == own and dialog.chosen == own[0]
