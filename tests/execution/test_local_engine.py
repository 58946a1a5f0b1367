"""The engine of this machine: what it leaves behind when it, or the program around it, ends."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import execution_tasks as tasks
import pytest
from clusters import wait_until

from crystal_studio.errors import KnownError, RequestError
from crystal_studio.execution.engines import open_engine
from crystal_studio.execution.local import LocalEngine
from crystal_studio.execution.protocol import Died, Done, EngineFull, Task

PATIENCE = 120.0

_PROGRAM = """
import sys, time
sys.path.insert(0, {tests!r})
import execution_tasks as tasks
from crystal_studio.execution.local import LocalEngine
from crystal_studio.execution.protocol import Task
if __name__ == "__main__":
    engine = LocalEngine(2)
    engine.submit(Task(tasks.begin_with_a_process_of_its_own, ({marks!r} + "/a",)))
    engine.submit(Task(tasks.begin_and_hang, ({marks!r} + "/b",)))
    {then}
"""


def program(folder: Path, then: str) -> tuple[subprocess.Popen, dict[str, str]]:
    script = folder / "program.py"
    script.write_text(_PROGRAM.format(tests=str(Path(__file__).parent), marks=str(folder), then=then))
    root = str(Path(__file__).parents[2])
    environment = os.environ | {"PYTHONPATH": root, "CRYSTAL_STUDIO_TEST": str(folder)}
    return subprocess.Popen([sys.executable, str(script)], env=environment), environment


def family(folder: Path) -> list[int]:
    """Processes that carry this test's mark in their environment."""
    mark, found = f"CRYSTAL_STUDIO_TEST={folder}".encode(), []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (process / "environ").read_bytes().split(b"\0"):
                found.append(int(process.name))
        except OSError:
            continue
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_workers_and_what_they_started_die_with_their_parent(tmp_path: Path) -> None:
    parent, _ = program(tmp_path, "time.sleep(600)")
    assert wait_until(lambda: (tmp_path / "a").exists() and (tmp_path / "b").exists(), PATIENCE)
    assert len(family(tmp_path)) >= 4  # the program, two workers, what one of them started
    parent.kill()
    parent.wait()
    assert wait_until(lambda: not family(tmp_path), PATIENCE), family(tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_program_that_forgets_its_engine_ends(tmp_path: Path) -> None:
    then = "while not __import__('pathlib').Path({!r}).exists(): time.sleep(0.05)".format(str(tmp_path / "b"))
    forgetful, _ = program(tmp_path, then)
    assert forgetful.wait(PATIENCE) == 0
    assert wait_until(lambda: not family(tmp_path), PATIENCE), family(tmp_path)


def test_close_ends_workers_at_once_and_from_any_thread(tmp_path: Path) -> None:
    engine = LocalEngine(1)
    engine.submit(Task(tasks.begin_and_hang, (str(tmp_path / "mark"),)))
    assert wait_until((tmp_path / "mark").exists, PATIENCE)
    started = time.monotonic()
    threading.Timer(0.1, engine.close).start()
    # Empty-handed, or, where the engine was quicker than this thread, told that it has ended.
    assert all(isinstance(outcome, Died) for _, outcome in engine.completed(600.0))
    engine.close()
    assert time.monotonic() - started < PATIENCE  # nobody waits for what does not come
    assert not [p for p in multiprocessing.active_children() if p.name == "worker"]
    with pytest.raises((EngineFull, KnownError)):
        engine.submit(Task(tasks.square, (1,)))


def test_workers_that_never_start_are_an_outcome_and_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("multiprocessing.spawn._python_exe", b"/bin/false")
    engine = LocalEngine(1)
    try:
        ticket = engine.submit(Task(tasks.square, (1,)))
        [(found, outcome)] = engine.completed(PATIENCE)
        assert found == ticket and isinstance(outcome, Died) and "no worker process" in outcome.exit
        with pytest.raises(KnownError, match="doctor"):
            engine.submit(Task(tasks.square, (1,)))
    finally:
        engine.close()


def test_an_idle_worker_that_is_killed_is_replaced_without_a_word() -> None:
    engine = LocalEngine(1)
    try:
        engine.submit(Task(tasks.number_of_process))
        [(_, first)] = engine.completed(PATIENCE)
        assert isinstance(first, Done)
        os.kill(first.value, 9)
        assert wait_until(lambda: not engine._members)
        assert engine.completed(0.0) == []
        engine.submit(Task(tasks.number_of_process))
        [(_, second)] = engine.completed(PATIENCE)
        assert isinstance(second, Done) and second.value != first.value
    finally:
        engine.close()


def test_an_unknown_engine_is_named() -> None:
    with pytest.raises(RequestError, match="spark"):
        open_engine("spark")


_BAR = """
import sys
sys.path.insert(0, {tests!r})
import execution_tasks as tasks
from crystal_studio.execution.local import LocalEngine
from crystal_studio.execution.protocol import Task
if __name__ == "__main__":
    engine = LocalEngine(1)
    engine.submit(Task(tasks.draw_a_bar, ()))
    (done,) = engine.completed(100)
    print(done[1])
    engine.close()
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="semaphores are tracked on POSIX systems")
def test_a_worker_that_has_drawn_a_progress_bar_leaves_no_semaphore_behind(tmp_path):
    pytest.importorskip("tqdm")
    script = tmp_path / "bar.py"
    script.write_text(_BAR.format(tests=str(Path(__file__).parent)))
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    ended = subprocess.run([sys.executable, str(script)], env=environment, capture_output=True, text=True, check=True)
    assert "value=3" in ended.stdout and "leaked" not in ended.stderr
