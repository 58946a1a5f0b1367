"""Where and when Python's cyclic garbage is collected while a window is open."""

from __future__ import annotations

import gc
import threading
import time
import weakref

import pytest
from PySide6.QtCore import QObject, Qt

from crystal_studio.app import garbage


class Ring(QObject):
    """A Qt object with a timer that only the collector can find, and where it was destroyed."""

    def __init__(self, destroyed_in: list[int]) -> None:
        super().__init__()
        self.itself = self
        self.startTimer(1000)
        self.destroyed.connect(lambda: destroyed_in.append(threading.get_ident()), Qt.ConnectionType.DirectConnection)


def litter(number: int) -> None:
    for _ in range(number):
        ring: list[object] = []
        ring.append(ring)


def test_what_was_closed_is_destroyed_in_the_gui_thread_while_another_allocates(qtbot):
    destroyed_in: list[int] = []
    over = threading.Event()

    def allocate() -> None:
        while not over.is_set():
            litter(2000)

    worker = threading.Thread(target=allocate)
    Ring(destroyed_in)
    worker.start()
    try:
        qtbot.waitUntil(lambda: bool(destroyed_in))
    finally:
        over.set()
        worker.join()
    assert destroyed_in == [threading.get_ident()]


def test_garbage_is_collected_though_the_gui_thread_handles_no_events(qapp, monkeypatch):
    monkeypatch.setattr(garbage, "BACKLOG", 20_000)
    destroyed_in: list[int] = []
    Ring(destroyed_in)
    end = time.monotonic() + 60
    while not destroyed_in and time.monotonic() < end:
        litter(1000)
        time.sleep(0.001)
    assert destroyed_in == [threading.get_ident()]


@pytest.mark.parametrize("enabled", [True, False])
def test_afterwards_collection_is_as_it_was_before(qapp, enabled):
    before = gc.isenabled()
    try:
        (gc.enable if enabled else gc.disable)()
        with garbage.collected_here():
            assert not gc.isenabled()
        assert gc.isenabled() == enabled
    finally:
        (gc.enable if before else gc.disable)()


@pytest.mark.parametrize("fails", [False, True], ids=["with a result", "with an error"])
def test_what_a_task_holds_is_let_go_of_in_the_gui_thread(background, qtbot, fails):
    let_go_in: list[int] = []
    ended: list[object] = []

    class Held:
        pass

    def handler() -> object:
        held = Held()
        weakref.finalize(held, lambda: let_go_in.append(threading.get_ident()))

        def work(_: object) -> None:
            if fails:
                raise ValueError(str(held))
            assert held

        return work

    for _ in range(20):
        background.run(handler(), ended.append, lambda error: ended.append(None))
    qtbot.waitUntil(lambda: len(ended) == 20)
    gc.collect()  # an error and its traceback are a ring
    qtbot.waitUntil(lambda: len(let_go_in) == 20)
    assert set(let_go_in) == {threading.get_ident()}
