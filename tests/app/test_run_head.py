"""The head of the Run page while a campaign runs."""

from __future__ import annotations

import projects
import pytest
from design_pages import CARD, groups, shown_page
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QTextDocumentFragment
from PySide6.QtWidgets import QPushButton

from crystal_studio.app.background import Background
from crystal_studio.app.catalogue import Catalogue
from crystal_studio.app.cutoff import Cutoff
from crystal_studio.app.run.run_head import RunHead
from crystal_studio.app.run.run_page import RunPage
from crystal_studio.campaign.events import Progress
from crystal_studio.design.request import ChemicalSystem, DesignRequest
from crystal_studio.design.targets import PropertyTarget
from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.store import ProjectWriter


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
    with ProjectWriter.open(page._reader.path) as writer:
        judging = writer.add_campaign("Judge", {"ids": [1, 2], "stages": ["geometry"]}, {}, 2, kind="judge")
    page.set_catalogue(Catalogue(groups(), (CARD,)))
    page.choose(judging)
    assert not page.head.generated.isVisible()
    assert page.head.request.text().startswith("2 stored candidates")


SPINELS = DesignRequest(
    chemical_system=ChemicalSystem(("Li", "Mn", "O"), "exact"),
    space_groups=(227, 166),
    max_atoms=28,
    targets=(PropertyTarget("formation_energy_per_atom", -2.5, -1.5), PropertyTarget("band_gap", 1, 3.25)),
    count=640,
    seed=11,
    model="aiming",
    options={"guidance": 3.5, "sampler": "published"},
)


def add(path, request: DesignRequest | dict) -> int:
    asked = request if isinstance(request, dict) else request.to_dict()
    with ProjectWriter.open(path) as writer:
        return writer.add_campaign("Spinels", asked, {}, 640)


def test_what_a_campaign_was_asked_for_is_said_as_it_was_on_the_design_page(page, qtbot):
    page.set_catalogue(Catalogue(groups(), (CARD,)))
    page.choose(add(page._reader.path, SPINELS))
    text = QTextDocumentFragment.fromHtml(page.head.request.text()).toPlainText()
    for words in (
        "640 candidates",
        "hold Li, Mn, O and nothing else",
        "R3m, Fd3m",
        "28 atoms",
        "formation energy −2.5 to −1.5 eV/atom, band gap 1 to 3.25 eV (strength 3.5)",
        "Sampler: Published (SymmCD).",
        "Model: Aiming. Seed: 11.",
    ):
        assert words in text, text
    design = shown_page(qtbot)
    design.model.set_request(SPINELS)
    assert design.launch.summary.text() == page.head.request.text()


def test_what_is_about_to_begin_says_at_once_what_was_asked_for(page):
    page.set_catalogue(Catalogue(groups(), (CARD,)))
    page.start(request=SPINELS)
    assert "640" in page.head.request.text()
    page.choose(1)
    assert "640" not in page.head.request.text()
    page.choose(0)
    assert "640" in page.head.request.text()


@pytest.mark.parametrize("change", [{"version": 99}, {"options": {"no": "such"}}, {"count": "many"}])
def test_a_request_that_cannot_be_read_leaves_the_page_as_it_is_otherwise(page, change):
    page.set_catalogue(Catalogue(groups(), (CARD,)))
    page.choose(add(page._reader.path, SPINELS.to_dict() | change))
    assert "640 candidates" in page.head.request.text() and "cannot read" in page.head.request.text()


def test_a_model_that_is_not_installed_is_named_and_nothing_is_said_of_its_options(page):
    page.set_catalogue(Catalogue(groups()))
    page.choose(add(page._reader.path, SPINELS.with_(model="gone")))
    assert "Model: gone. Seed: 11." in page.head.request.text() and "strength" not in page.head.request.text()


def test_beside_another_campaign_than_runs_there_is_nothing_to_pause(page, qtbot):
    page.start()
    assert page.head.buttons.isVisible()
    page.choose(1)
    assert page.campaign == 1 and not page.head.buttons.isVisible()
    page.choose(0)
    assert page.head.buttons.isVisible()


def test_nothing_beside_the_buttons_moves_when_a_campaign_is_paused(page, qtbot):
    pause, resume, stop = (QAction(text, page) for text in ("Pause", "Resume", "Stop and keep"))
    resume.setEnabled(False)
    page.head.add_actions([pause, resume, stop])
    page.start()
    qtbot.wait(20)
    before = [figure.geometry() for figure in figures(page)]
    pause.setEnabled(False)
    resume.setEnabled(True)
    qtbot.wait(20)
    assert [figure.geometry() for figure in figures(page)] == before


def test_the_time_of_a_pause_does_not_count(page):
    page.start()
    page._live.started -= 42
    page.hold(True)
    page._live.paused_at -= 30  # as if it had been paused for half a minute
    page._timer.timeout.emit()
    assert page.head.seconds.text() == "12 s"
    page.hold(False)
    page._timer.timeout.emit()
    assert page.head.seconds.text() == "12 s"
    page.hold(False)  # said once more
    lines = page.log.toPlainText().splitlines()
    assert [line.split()[-1] for line in lines] == ["Paused", "Resumed"]


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
