"""Work off the GUI thread."""

from __future__ import annotations


def test_what_is_held_back_is_under_way_and_starts_when_it_may(background, qtbot):
    ran: list[str] = []
    background.hold()
    background.run(lambda _: "a result", ran.append, key="held")
    assert background.busy("held")
    assert not background._quick.activeThreadCount() and not ran
    background.begin()
    qtbot.waitUntil(lambda: ran == ["a result"], timeout=60_000)
    background.run(lambda _: "another", ran.append)
    qtbot.waitUntil(lambda: ran == ["a result", "another"], timeout=60_000)


def test_what_is_held_back_and_cancelled_never_runs(background, qtbot):
    ran: list[str] = []
    background.hold()
    background.run(lambda _: ran.append("first"), key="held")
    background.cancel("held")
    background.run(lambda _: "second", ran.append, key="held")
    background.begin()
    qtbot.waitUntil(lambda: not background.busy() and bool(ran), timeout=60_000)
    assert ran == ["second"]
