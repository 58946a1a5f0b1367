"""A child that tells and listens: its words, its ends, and what becomes of it without its parent."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import execution_tasks as tasks
import pytest
from clusters import wait_until

from crystal_studio.execution.child import Child


def told(child: Child, count: int, seconds: float = 120.0) -> list[Any]:
    """The next ``count`` events, or all until it ends."""
    events: list[Any] = []
    end = time.monotonic() + seconds
    while len(events) < count and child.ended is None and time.monotonic() < end:
        events += child.poll()
        time.sleep(0.01)
    return events


def ended(child: Child) -> str | None:
    told(child, sys.maxsize)
    return child.ended


def test_words_and_events() -> None:
    child = Child(tasks.echo)
    child.start()
    child.send("a")
    child.send("b")
    assert told(child, 2) == ["a!", "b!"]
    child.send("end")
    assert ended(child) == "exit code 0" and child.join(120)


@pytest.mark.parametrize(("how", "said"), [("exit", "exit code 7"), ("kill", "killed by signal 9")])
def test_an_unexpected_end_is_said_after_all_that_was_told(how: str, said: str) -> None:
    child = Child(tasks.tell_and_die, (how,))
    child.start()
    assert told(child, sys.maxsize) == [0, 1, 2] and child.ended == said
    child.send("too late")
    assert child.poll() == []


def test_an_error_of_the_function_is_an_exit_code(capfd: pytest.CaptureFixture) -> None:
    child = Child(tasks.raise_in_child)
    child.start()
    assert ended(child) == "exit code 1"
    assert "ArithmeticError: no child of mine" in capfd.readouterr().err


def test_drop_ends_it_at_once() -> None:
    child = Child(tasks.echo)
    child.start()
    child.send("a")
    told(child, 1)
    child.drop()
    assert ended(child) == "killed by signal 9"


def test_a_forgotten_child_ends() -> None:
    child = Child(tasks.echo)
    child.start()
    child.send("a")
    told(child, 1)
    process = child._process
    del child
    process.join(120)
    assert process.exitcode is not None


def test_control_c_is_the_parents_to_handle_and_it_has_one_thread() -> None:
    child = Child(tasks.tell_about_itself)
    child.start()
    assert told(child, 1) == [(True, "1", 1)]
    os.kill(child.pid, signal.SIGINT)
    child.send("still there?")
    assert told(child, 1) == ["yes"]
    child.drop()
    child.join(120)


def test_it_ends_with_its_parent(tmp_path: Path) -> None:
    """A grandchild is told by the end of its parent's pipe."""
    child = Child(tasks.have_a_child, (str(tmp_path / "lost"),))
    child.start()
    [pid] = told(child, 1)
    child.drop()
    assert wait_until((tmp_path / "lost").exists)
    assert (tmp_path / "lost").read_text() == str(pid)
