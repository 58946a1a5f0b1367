"""The head of the Run page while a campaign runs."""

from __future__ import annotations

import projects
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QPushButton

from crystal_studio.app.background import Background
from crystal_studio.app.cutoff import Cutoff
from crystal_studio.app.run.run_head import RunHead
from crystal_studio.app.run.run_page import RunPage
from crystal_studio.campaign.events import Progress
from crystal_studio.project.queries import ProjectReader


@pytest.fixture
def page(qapp, qtbot, state, tmp_path):
    background = Background()
    shown = RunPage(background, Cutoff(state))
    qtbot.addWidget(shown)
    shown.resize(1366, 700)
    shown.show()
    qtbot.waitExposed(shown)
    with ProjectReader(projects.make(tmp_path / "run.crystals", 5)) as reader:
        shown.set_reader(reader)
        yield shown
        shown.set_reader(None)
    background.close()


def figures(page: RunPage):
    head = page.head
    return [head.done, head.generated, head.rate, head.left, head.seconds]


def test_the_figures_stand_still_while_their_digits_change(page, qtbot):
    page.start()
    places = set()
    for done, made, rate, left in ((0, 0, 0.0, 41.0), (9, 11, 0.4, 9.0), (10, 87, 3.1, 0.4), (111, 128, 0.15, 1200.0)):
        page.progress(Progress(1, 128, made, done, 0.1, rate, left, "generating", (), left_at_least=left > 100))
        qtbot.wait(20)
        places.add(tuple(figure.geometry().left() for figure in figures(page)))
    assert len(places) == 1
    assert page.head.done.text() == "111 of 128" and page.head.left.text() == "over 20 min"


def test_a_campaign_that_starts_says_for_how_long(page, qtbot):
    page.start()
    assert page.head.phase.text() == "Starting" and page.head.seconds.text() == "under 1 s"
    page._live.started -= 42  # as if it had been asked for then
    page._timer.timeout.emit()
    assert page.head.seconds.text().endswith(" s") and int(page.head.seconds.text().removesuffix(" s")) >= 42


def test_a_judging_has_generated_nothing(page):
    assert page.head.generated.isVisible()
    row = page._reader.campaign(1)
    page.head.show_request(type(row)(**{**vars(row), "kind": "judge"}), ())
    assert not page.head.generated.isVisible()


def test_beside_another_campaign_than_runs_there_is_nothing_to_pause(page, qtbot):
    page.start()
    assert page.head.buttons.isVisible()
    page.choose(1)
    assert page.campaign == 1 and not page.head.buttons.isVisible()
    page.choose(0)
    assert page.head.buttons.isVisible()


def test_who_pauses_by_the_keyboard_goes_on_from_resume_not_from_stop(qtbot):
    head = RunHead()
    qtbot.addWidget(head)
    pause, resume, stop = (QAction(text, head) for text in ("Pause", "Resume", "Stop"))
    resume.setEnabled(False)
    for action, other in ((pause, resume), (resume, pause)):
        action.triggered.connect(lambda _=False, off=action, on=other: (off.setEnabled(False), on.setEnabled(True)))
    head.add_actions([pause, resume, stop])
    head.show()
    qtbot.waitActive(head)
    buttons = {button.text(): button for button in head.findChildren(QPushButton)}
    for pressed, then in (("Pause", "Resume"), ("Resume", "Pause")):
        buttons[pressed].setFocus()
        qtbot.keyClick(buttons[pressed], Qt.Key.Key_Space)
        assert head.focusWidget() is buttons[then]
