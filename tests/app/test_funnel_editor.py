"""The editor of a funnel: order, options, what only marks, presets, undo; and its field on the Design page."""

from __future__ import annotations

from dataclasses import replace

import pytest
from design_pages import click, retype, shown_page
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QInputDialog, QMessageBox

from crystal_studio.app.funnel.editing import Editing, about, recalled, remembered
from crystal_studio.app.funnel.funnel_dialog import FunnelDialog
from crystal_studio.app.funnel.funnel_field import FunnelField
from crystal_studio.app.settings import WindowState
from crystal_studio.design.funnel import ChosenStage, Funnel
from crystal_studio.funnel import presets
from crystal_studio.funnel.stage_registry import STAGES
from crystal_studio.funnel.stages import FUNNELS, QUICK

ALT, CONTROL = Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.ControlModifier
OWN = Funnel(stages=(ChosenStage(stage="geometry"), ChosenStage(stage="relaxation", options={"fmax": 0.05})))


@pytest.fixture
def dialog(qtbot) -> FunnelDialog:
    made = FunnelDialog(FUNNELS["quick"])
    qtbot.addWidget(made)
    with qtbot.waitActive(made):
        made.show()
        made.activateWindow()
    return made


def used(dialog: FunnelDialog, qtbot):
    with qtbot.waitSignal(dialog.chosen) as told:
        qtbot.mouseClick(dialog.use, Qt.MouseButton.LeftButton)
    return told.args[0]


def options(dialog: FunnelDialog, stage: str) -> dict:
    return dialog.model.editing.row(stage).options


def test_a_preset_that_is_left_as_it_is_stays_a_name(dialog, qtbot):
    assert dialog.list.order == list(STAGES.all())
    assert dialog.presets.box.currentText() == "Quick" and not dialog.undo.isEnabled()
    assert used(dialog, qtbot) == "quick"


def test_stages_are_moved_by_keys_and_buttons_and_the_order_that_does_not_work_is_said(dialog, qtbot):
    dialog.list.look_at("symmetry")
    qtbot.keyClick(dialog.list, Qt.Key.Key_Up, ALT)
    assert dialog.list.order[:3] == ["geometry", "symmetry", "composition"] and dialog.list.stage == "symmetry"
    click(qtbot, dialog.buttons[1])
    assert dialog.list.order[:3] == ["geometry", "composition", "symmetry"]
    dialog.list.look_at("stability")
    qtbot.keyClick(dialog.list, Qt.Key.Key_Up, ALT)
    assert "put relaxation before it" in dialog.problem.text() and not dialog.use.isEnabled()
    assert "stability" in dialog.list.item(dialog.list.currentRow()).toolTip()
    qtbot.keyClick(dialog.list, Qt.Key.Key_Return)
    assert dialog.isVisible()
    qtbot.keyClick(dialog, Qt.Key.Key_Z, CONTROL)
    assert dialog.use.isEnabled() and not dialog.problem.isVisible()
    qtbot.keyClick(dialog.list, Qt.Key.Key_Down)
    assert dialog.list.stage != "stability" and [s for s in dialog.list.order if s in QUICK] == list(QUICK)


def test_a_stage_is_dragged_to_another_place(dialog):
    stages = dialog.list
    stages.look_at("symmetry")
    order = ["symmetry", *(stage for stage in stages.order if stage != "symmetry")]
    stages.insertItem(0, stages.takeItem(stages.order.index("symmetry")))  # as the view does when it drops
    stages.dropped("symmetry")
    assert stages.order == order == [row.stage for row in dialog.model.editing.rows]
    assert stages.stage == "symmetry"
    dialog.model.undo_stack.undo()
    assert stages.order[:3] == ["geometry", "composition", "symmetry"]


def test_a_stage_is_switched_off_and_keeps_its_options(dialog, qtbot):
    dialog.list.look_at("relaxation")
    retype(qtbot, dialog.panel.options.widgets["fmax"], "0.05")
    assert options(dialog, "relaxation") == {"fmax": 0.05}
    dialog.list.setFocus()
    for stage in ("relaxation", "stability"):
        dialog.list.look_at(stage)
        qtbot.keyClick(dialog.list, Qt.Key.Key_Space)
    dialog.list.look_at("relaxation")
    assert not dialog.panel.options.isEnabled()
    assert used(dialog, qtbot) == Funnel(stages=tuple(ChosenStage(stage=s) for s in QUICK[:6]))
    assert options(dialog, "relaxation") == {"fmax": 0.05}


def test_what_rejects_can_be_made_to_mark_only(dialog, qtbot):
    dialog.list.look_at("composition")
    click(qtbot, dialog.panel.kind.buttons["mark"])
    dialog.list.look_at("novelty")
    click(qtbot, dialog.panel.kind.buttons["reject"])
    dialog.list.look_at("properties")
    assert not dialog.panel.kind.isVisible() and dialog.panel.no_reasons.isVisible()
    kept = {s.stage: s.rejects for s in used(dialog, qtbot).stages}
    assert kept["composition"] is False and kept["novelty"] is True and kept["geometry"] is None


def test_options_are_checked_in_place(dialog, qtbot):
    dialog.list.look_at("relaxation")
    fmax = dialog.panel.options.widgets["fmax"]
    retype(qtbot, fmax, "a lot")
    assert "number" in dialog.problem.text() and not dialog.use.isEnabled() and fmax.property("bad")
    dialog.list.look_at("geometry")
    assert dialog.use.isEnabled() and options(dialog, "relaxation") == {}
    retype(qtbot, dialog.panel.options.widgets["least_volume"], "200")
    assert "no cell would pass" in dialog.problem.text() and not dialog.use.isEnabled()
    assert dialog.panel.options.widgets["least_volume"].property("bad")
    click(qtbot, dialog.panel.usual)
    assert dialog.use.isEnabled() and options(dialog, "geometry") == {}
    dialog.list.look_at("consensus")
    dialog.list.currentItem().setCheckState(Qt.CheckState.Checked)
    retype(qtbot, dialog.panel.options.widgets["potentials"], "sevennet, mace")
    assert options(dialog, "consensus") == {"potentials": ["sevennet", "mace"]}
    retype(qtbot, dialog.panel.options.widgets["potentials"], " ")
    assert options(dialog, "consensus") == {}


def test_undo_takes_back_the_last_change_from_within_a_field_too(dialog, qtbot):
    dialog.list.look_at("relaxation")
    dialog.panel.options.widgets["cautious"].setChecked(False)
    dialog.panel.options.widgets["max_steps"].setValue(7)
    dialog.list.setFocus()
    qtbot.keyClick(dialog.list, Qt.Key.Key_Z, CONTROL)
    assert options(dialog, "relaxation") == {"cautious": False}
    click(qtbot, dialog.undo)
    assert options(dialog, "relaxation") == {} and not dialog.undo.isEnabled()
    qtbot.keyClick(dialog.list, Qt.Key.Key_Z, CONTROL | Qt.KeyboardModifier.ShiftModifier)
    assert options(dialog, "relaxation") == {"cautious": False}


def test_presets_are_saved_changed_reset_renamed_and_deleted(dialog, qtbot, monkeypatch):
    monkeypatch.setattr(QInputDialog, "getText", lambda *a, **k: ("gentle", True))
    monkeypatch.setattr(QMessageBox, "question", lambda *a, **k: QMessageBox.StandardButton.Yes)
    row = dialog.presets
    dialog.list.look_at("relaxation")
    dialog.panel.options.widgets["fmax"].setValue(0.2)
    assert row.box.currentText() == "Quick, changed"
    click(qtbot, row.save)
    assert row.box.currentText() == "gentle" and not row.reset.isEnabled()
    kept = presets.find("gentle")
    dialog.panel.options.widgets["fmax"].setValue(0.3)
    assert row.box.currentText() == "gentle, changed" and presets.find("gentle") == kept
    click(qtbot, row.reset)
    assert options(dialog, "relaxation") == {"fmax": 0.2} and row.box.currentText() == "gentle"
    monkeypatch.setattr(QInputDialog, "getText", lambda *a, **k: ("softer", True))
    row.rename()
    assert row.box.currentText() == "softer"
    row.box.setCurrentIndex(row.box.findData("full"))
    row.box.activated.emit(row.box.currentIndex())
    assert options(dialog, "relaxation")["fmax"] == 0.03 and not row._delete.isEnabled()
    dialog.model.undo_stack.undo()
    assert row.box.currentText() == "softer"
    assert used(dialog, qtbot) == Funnel(name="softer", stages=kept.stages)
    row.delete()
    assert [p.name for p in presets.presets() if p.own] == [] and row.box.currentText() == "Own stages"
    assert options(dialog, "relaxation") == {"fmax": 0.2}


def test_files_go_out_and_come_in_and_damaged_ones_are_said(dialog, qtbot, monkeypatch, tmp_path):
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a, **k: (str(tmp_path / "theirs"), ""))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *a, **k: (str(tmp_path / "theirs.toml"), ""))
    row = dialog.presets
    dialog.list.look_at("composition")
    click(qtbot, dialog.panel.kind.buttons["mark"])
    row.export()
    dialog.model.undo_stack.undo()
    row.import_()
    assert row.box.currentText() == "theirs" and not dialog.model.editing.row("composition").rejects
    (tmp_path / "theirs.toml").write_text("stages = [")
    row.import_()
    assert "not a funnel in TOML" in dialog.fault.text() and dialog.fault.isVisible()
    (presets.folder() / "broken.toml").write_text("version = 9\nstages = [{stage = 'geometry'}]")
    row.read()
    assert "broken (cannot be used)" in [row.box.itemText(i) for i in range(row.box.count())]
    assert row.box.currentText() == "theirs"


def test_a_name_that_is_no_good_is_said_and_nothing_is_kept(dialog, qtbot, monkeypatch):
    monkeypatch.setattr(QInputDialog, "getText", lambda *a, **k: ("quick", True))
    click(qtbot, dialog.presets.save)
    assert "taken by the program" in dialog.fault.text()
    assert [p.name for p in presets.presets() if p.own] == []


@pytest.fixture
def page(qtbot):
    return shown_page(qtbot)


def test_the_field_of_the_design_page_opens_the_editor_and_takes_its_funnel(page, qtbot):
    field = page.budget.funnel
    click(qtbot, field.edit)
    editor = field.dialog
    editor.list.look_at("composition")
    click(qtbot, editor.panel.kind.buttons["mark"])
    qtbot.mouseClick(editor.use, Qt.MouseButton.LeftButton)
    funnel = page.model.request.funnel
    assert isinstance(funnel, Funnel) and funnel.stages[1] == ChosenStage(stage="composition", rejects=False)
    assert (
        field.box.currentText() == "Own stages (8)" and "Charge balance (only marks)" in page.budget.funnel_note.text()
    )
    page.model.undo_stack.undo()
    assert page.model.request.funnel == "quick" and field.box.currentText() == "Quick"


def test_a_request_with_a_funnel_that_cannot_be_is_not_generated(page):
    bad = Funnel(stages=(ChosenStage(stage="stability"),))
    page.model.change(replace(page.model.form, funnel=bad), "funnel")
    assert not page.ready and not page.launch.button.isEnabled()
    place = page.budget.errors["funnel"][1]
    assert place.isVisible() and "put relaxation before it" in place.text()
    page.model.change(replace(page.model.form, funnel="quick,consensus"), "funnel")
    assert page.ready and page.budget.funnel.box.currentText() == "quick, consensus"


def test_presets_of_the_user_are_offered_on_the_page(page, qtbot):
    kept = presets.save(OWN, "gentle")
    box = page.budget.funnel.box
    box.showPopup()
    box.hidePopup()
    box.setCurrentIndex(box.findData("gentle"))
    box.activated.emit(box.currentIndex())
    assert page.model.request.funnel == kept and box.currentText() == "gentle"


def test_the_funnel_asked_for_last_is_remembered(page, qtbot, state: WindowState):
    page.budget.funnel.chosen.emit(OWN)
    page.save_state(state)
    again = shown_page(qtbot)
    again.restore_state(state)
    assert again.model.request.funnel == OWN and again.model.undo_stack.count() == 0
    state.set("design/funnel", '{"stages": [{"stage": "astrology"}]}')
    third = shown_page(qtbot)
    third.restore_state(state)
    assert third.model.request.funnel == "quick"


def test_a_damaged_memory_is_the_quick_funnel():
    for text in ("", "{", "3", '{"stages": 3}', '"nowhere"'):
        assert recalled(text) == "quick"
    for funnel in (OWN, "full", "quick,consensus"):
        assert recalled(remembered(funnel)) == funnel


def test_a_funnel_is_told_by_what_is_unusual():
    assert about(OWN) == "Distances and cell, Relaxation (largest force 0.05 eV/Å)"
    assert "no stage" in about(Funnel(stages=(ChosenStage(stage="astrology"),)))


def test_moving_ends_at_the_ends():
    editing = Editing.of(FUNNELS["quick"])
    assert editing.moved("geometry", -3) == editing
    assert editing.moved("geometry", 99).rows[-1].stage == "geometry"


def test_stages_that_are_off_stand_behind_those_of_frameworks_until_they_are_switched_on():
    editing = Editing.of(FUNNELS["mof"])
    asked = [chosen.stage for chosen in FUNNELS["mof"].stages]
    assert [row.stage for row in editing.rows[: len(asked)]] == asked
    assert editing.rows[len(asked)].stage == "co2_estimate" and not any(row.on for row in editing.rows[len(asked) :])
    on = editing.switched("symmetry", True)
    assert [chosen.stage for chosen in on.funnel.stages] == [asked[0], "symmetry", *asked[1:]] and not on.problem()
    assert on.switched("symmetry", False).funnel == editing.funnel


def test_a_stage_that_is_switched_on_keeps_the_place_that_it_was_given():
    editing = Editing.of(FUNNELS["quick"])
    first = editing.moved("phonons", -99)
    assert first.switched("phonons", True).funnel.stages[0].stage == "phonons"
    assert [c.stage for c in editing.switched("triage", True).funnel.stages].index("triage") == 6
    last = editing.switched("phonons", True)
    assert last.funnel.stages[-1].stage == "phonons" and not last.problem()


@pytest.mark.usefixtures("boxes")
def test_a_stage_of_another_package_is_edited_like_any_other(qtbot):
    dialog = FunnelDialog(FUNNELS["quick"])
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.list.look_at("bonds")
    dialog.list.currentItem().setCheckState(Qt.CheckState.Checked)
    dialog.panel.options.widgets["longest"].setValue(1.5)
    assert used(dialog, qtbot).stages[-1] == ChosenStage(stage="bonds", options={"longest": 1.5})


def test_a_funnel_whose_stage_is_gone_is_begun_afresh(qtbot):
    field = FunnelField()
    qtbot.addWidget(field)
    field.show_value(Funnel(stages=(ChosenStage(stage="astrology"),)))
    field.open()
    assert field.dialog is not None and field.dialog.asked == "quick"
    field.dialog.reject()


def test_a_measured_pattern_is_asked_for_until_its_file_is_there(dialog, qtbot, tmp_path, monkeypatch):
    from crystal_studio.app.design.option_fields import OptionFields

    dialog.list.look_at("powder")
    dialog.model.change_row(replace(dialog.model.editing.row("powder"), on=True), "powder on")
    field = dialog.panel.options.widgets["file"]
    assert "No measured pattern is named" in dialog.problem.text() and not dialog.use.isEnabled()
    assert field.property("bad")
    retype(qtbot, field, str(tmp_path / "gone.xy"))
    assert "is not there" in dialog.problem.text() and not dialog.use.isEnabled()
    path = tmp_path / "sample.xy"
    path.write_text("\n".join(f"{10 + i} {i % 7}" for i in range(20)))
    monkeypatch.setattr(OptionFields, "ask_file", lambda self, title, where: str(path))
    (choose,) = [a for a in field.actions() if "measured pattern" in a.text()]
    choose.trigger()
    assert field.text() == str(path) and not field.property("bad")
    funnel = used(dialog, qtbot)
    assert next(s for s in funnel.stages if s.stage == "powder").options == {"file": str(path)}
    assert "measured pattern" in about(funnel)
