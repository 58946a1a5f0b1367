"""Theme, actions, palette and background tasks."""

from __future__ import annotations

import threading
import time
from dataclasses import fields

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QMainWindow, QPushButton, QToolButton, QVBoxLayout, QWidget

from crystal_studio.app import icon_paths, icons, numbers_text, theme
from crystal_studio.app.action_spec import CONDITIONS, MENUS
from crystal_studio.app.action_table import TABLE
from crystal_studio.app.actions import ActionSet
from crystal_studio.app.background import Background, left_running
from crystal_studio.app.palette.command_palette import CommandPalette, score
from crystal_studio.app.run_status import RunStatus
from crystal_studio.app.tokens import DARK, LIGHT, contrast
from crystal_studio.app.widgets import Card, LowScroll, label


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=lambda t: t.name)
def test_text_is_readable_on_every_ground(tokens):
    grounds = (tokens.window, tokens.surface, tokens.hover)
    for ground in grounds:
        for ink in (tokens.text, tokens.muted, tokens.accent, tokens.danger, tokens.warning):
            assert contrast(ink, ground) >= 4.5, (ink, ground)
    assert contrast(tokens.on_accent, tokens.accent) >= 4.5
    for soft in (tokens.allowed_soft, tokens.excluded_soft, tokens.accent_soft):
        assert contrast(tokens.text, soft) >= 4.5
    assert contrast(tokens.on_accent, tokens.required) >= 4.5
    assert {f.name for f in fields(tokens)} == {f.name for f in fields(LIGHT)}


def test_switching_the_theme_changes_palette_and_tells(qapp, qtbot):
    manager = theme.manager()
    with qtbot.waitSignal(manager.changed):
        manager.set_scheme("dark")
    assert theme.tokens() is DARK
    assert qapp.palette().window().color().name() == DARK.window
    manager.set_scheme("light")
    assert qapp.palette().window().color().name() == LIGHT.window


@pytest.mark.parametrize("name", sorted(icon_paths.PATHS))
def test_icons_are_valid_drawings_with_ink(qapp, name):
    assert QSvgRenderer(icon_paths.svg(name, "#123456")).isValid()
    image = icons.pixmap(name, "#123456", 24).toImage()
    assert any(image.pixelColor(x, y).alpha() for x in range(24) for y in range(24))


def test_the_action_table_is_consistent():
    ids = [spec.id for spec in TABLE]
    assert len(set(ids)) == len(ids)
    keys = [QKeySequence(spec.shortcut).toString() for spec in TABLE if spec.shortcut]
    assert len(set(keys)) == len(keys) and all(keys)
    for spec in TABLE:
        assert spec.menu in MENUS and spec.tip and set(spec.needs) <= set(CONDITIONS)
        assert not spec.icon or spec.icon in icon_paths.PATHS


def test_disabled_actions_say_why(qtbot):
    window = QMainWindow()
    qtbot.addWidget(window)
    actions = ActionSet(window)
    assert not actions["project.import"].isEnabled()
    assert CONDITIONS["project"] in actions["project.import"].toolTip()
    actions.set_conditions(project=True, writable=False, idle=True)
    assert actions.reason("project.import") == CONDITIONS["writable"]
    actions.set_conditions(writable=True)
    assert actions["project.import"].isEnabled() and "Not now" not in actions["project.import"].toolTip()


def test_the_palette_finds_and_does(qtbot):
    window = QMainWindow()
    qtbot.addWidget(window)
    actions = ActionSet(window)
    done = []
    actions.join({"view.explore": lambda: done.append("explore")})
    palette = CommandPalette(actions, window)
    qtbot.addWidget(palette)
    qtbot.keyClicks(palette.field, "view expl")
    assert "Explore" in palette.list.item(0).text()
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert done == ["explore"]
    palette.field.setText("generate")
    item = palette.list.item(0)
    assert "Generate" in item.text() and not item.flags() & Qt.ItemFlag.ItemIsEnabled


def test_the_palette_is_as_high_as_what_it_finds(qtbot):
    window = QMainWindow()
    qtbot.addWidget(window)
    palette = CommandPalette(ActionSet(window), window)
    qtbot.addWidget(palette)
    palette.present()
    heights = {}
    for query in ("", "start afresh", "qqqq", "project"):
        palette.field.setText(query)
        shown, bar = palette.list, palette.list.verticalScrollBar()
        qtbot.waitUntil(lambda: palette.height() == palette.sizeHint().height())
        heights[query] = palette.height()
        below = shown.viewport().height() - shown.visualItemRect(shown.item(shown.count() - 1)).bottom()
        assert bar.maximum() > 0 if shown.count() > 13 else (bar.maximum() == 0 and below <= 4), query
    assert heights["qqqq"] <= heights["start afresh"] < heights["project"] < heights[""]
    palette.hide()


def test_scores_prefer_starts_of_words():
    assert score("zz", "Generate") == 0
    assert score("exp", "Export") > score("exp", "Step xp")


def test_results_arrive_in_the_gui_thread_and_replaced_tasks_never(qtbot):
    background = Background()
    gate = threading.Event()
    got: list = []

    def slow(state):
        gate.wait(5)
        return ("old", state.cancelled)

    background.run(slow, lambda r: got.append((r, threading.current_thread())), key="same")
    background.run(lambda _: "new", lambda r: got.append((r, threading.current_thread())), key="same")
    gate.set()
    qtbot.waitUntil(lambda: bool(got))
    background.close()
    qtbot.wait(50)
    assert got == [("new", threading.main_thread())]


def test_failures_and_progress_are_delivered(qtbot):
    background = Background()
    errors, values = [], []

    def work(state):
        state.progress(1)
        state.progress(2)
        raise ValueError("no")

    background.run(work, failed=errors.append, progress=values.append)
    qtbot.waitUntil(lambda: bool(errors))
    assert values == [1, 2] and isinstance(errors[0], ValueError)
    with qtbot.waitSignal(background.failed):
        background.run(lambda _: 1 / 0)
    background.close()


def test_a_quick_question_never_waits_behind_long_jobs(qtbot):
    background = Background()
    gate = threading.Event()
    got: list = []
    for _ in range(6):
        background.run(lambda _: gate.wait(120), long=True)
    background.run(lambda _: "answer", got.append)
    qtbot.waitUntil(lambda: got == ["answer"], timeout=30_000)
    assert not gate.is_set()
    gate.set()
    background.close()


def test_closing_leaves_what_does_not_end(qtbot):
    background = Background()
    gate, begun = threading.Event(), threading.Event()

    def stubborn(_):
        begun.set()
        gate.wait(120)

    background.run(stubborn, long=True)
    assert begun.wait(60)
    started = time.monotonic()
    background.close()
    assert time.monotonic() - started < 60 and left_running()
    gate.set()
    qtbot.waitUntil(lambda: not left_running(), timeout=10_000)


def test_nothing_comes_after_closing(qtbot):
    background = Background()
    got: list = []
    background.run(lambda _: 1, got.append)
    background.close()
    background.run(lambda _: 2, got.append)
    qtbot.wait(30)
    assert got == []


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "under 1 s"), (42, "42 s"), (240, "4 min"), (7500, "2 h 05 min"), (-1, "–"), (float("nan"), "–")],
)
def test_spans_of_time(seconds, text):
    assert numbers_text.span(seconds) == text


def test_numbers_have_units_and_thousands():
    assert numbers_text.figure(-1.2345, 3, "eV/atom") == "\u22121.234 eV/atom"
    assert numbers_text.figure(None) == "–"
    assert numbers_text.rate(3.14) == "3.1 / s" and numbers_text.rate(0.4) == "24 / min"
    assert numbers_text.plural(1, "file") == "1 file" and numbers_text.plural(1200, "file") == "1,200 files"


def test_qt_cannot_use_up_none_and_true(qapp):
    """PySide6 6.12 takes references to None and True away; on Python 3.11 that ends in an abort."""
    from PySide6.QtCore import QObject

    thing = QObject()
    for _ in range(20_000):
        assert thing.parent() is None


def test_texts_of_the_palette_stand_under_each_other(qtbot):
    window = QMainWindow()
    qtbot.addWidget(window)
    palette = CommandPalette(ActionSet(window), window)
    shown = palette.list
    sizes = {shown.item(i).icon().actualSize(shown.iconSize()).toTuple() for i in range(shown.count())}
    assert len(sizes) == 1


def test_a_low_scroll_shows_its_words_whole_at_every_width(qtbot):
    words = label("", wrap=True)
    words.setTextFormat(Qt.TextFormat.RichText)
    words.setText(
        "<b>96</b> candidates. Crystals that hold Li, Mn, O and nothing else. Space groups as in nature."
        " At most 16 atoms in the primitive cell."
    )
    card = Card("Ready to generate")
    area = LowScroll(words, 90)
    card.body.addWidget(area)
    card.body.addWidget(QPushButton("Generate"))
    page = QWidget()
    column = QVBoxLayout(page)
    column.addStretch(1)
    column.addWidget(card)
    qtbot.addWidget(page)
    page.resize(520, 600)
    page.show()
    qtbot.waitExposed(page)
    for width in (830, 640, 830, 460, 830, 300):
        page.resize(width, 600)
        qtbot.waitUntil(lambda: words.geometry() == area.viewport().rect() == area.rect())
        assert words.height() >= words.heightForWidth(words.width())


def test_unread_messages_have_one_button_while_there_are_any(qtbot):
    bar = RunStatus([], QAction("Messages"))
    qtbot.addWidget(bar)
    bar.show()
    assert not [b for b in bar.findChildren(QToolButton) if b.isVisible()]
    bar.show_unread(2)
    assert [b.text() for b in bar.findChildren(QToolButton) if b.isVisible()] == ["2 messages"]
