"""Many tasks through an engine: bounded, complete, and a bad item alone pays."""

from __future__ import annotations

from collections.abc import Iterator

import execution_tasks as tasks
import pytest

from crystal_studio.execution.apart import run_apart
from crystal_studio.execution.local import LocalEngine
from crystal_studio.execution.mapping import each, outcomes
from crystal_studio.execution.protocol import Cancelled, Died, Done, Failed, Task, TimedOut


@pytest.fixture(scope="module")
def engine() -> Iterator[LocalEngine]:
    opened = LocalEngine(2)
    yield opened
    opened.close()


def test_tasks_are_made_as_there_is_room(engine: LocalEngine) -> None:
    made = []

    def endless() -> Iterator[Task]:
        for x in range(1000):
            made.append(x)
            yield Task(tasks.square, (x,))

    some = dict(next(loop) for loop in [outcomes(engine, endless())] for _ in range(1))
    assert all(isinstance(o, Done) and o.value == x * x for x, o in some.items())
    assert len(made) <= 2 * engine.slots + 1
    all_of_them = dict(outcomes(engine, (Task(tasks.square, (x,)) for x in range(30))))
    assert {x: o.value for x, o in all_of_them.items()} == {x: x * x for x in range(30)}  # type: ignore[union-attr]


def test_a_bad_item_of_a_block_pays_alone(engine: LocalEngine) -> None:
    found = dict(each(engine, tasks.squares_or_worse, list(range(12)), block=5, seconds=2.5))
    assert sorted(found) == list(range(12))
    assert found[3] == Died("exit code 3") and found[5] == TimedOut(2.5)
    assert isinstance(found[7], Failed) and found[7].error == "ValueError: seven"
    good = {i: o.value for i, o in found.items() if isinstance(o, Done)}
    assert good == {i: i * i for i in range(12) if i not in (3, 5, 7)}


def test_an_item_whose_process_was_killed_once_is_tried_again(engine: LocalEngine, tmp_path) -> None:
    mark = tmp_path / "killed"
    found = dict(each(engine, tasks.killed_the_first_time, [str(mark)]))
    assert found[0] == Done("survived", pytest.approx(0, abs=60))


def test_nothing_to_do(engine: LocalEngine) -> None:
    assert list(each(engine, tasks.squares_or_worse, [])) == [] and list(outcomes(engine, [])) == []


def test_a_task_apart() -> None:
    assert run_apart(Task(tasks.square, (3,))) == Done(9, pytest.approx(0, abs=60))
    assert run_apart(Task(tasks.leave, (4,))) == Died("exit code 4")
    assert isinstance(run_apart(Task(tasks.fail, ("x",))), Failed)


def test_a_task_apart_that_is_late_or_no_longer_wanted(tmp_path) -> None:
    mark = tmp_path / "mark"
    assert run_apart(Task(tasks.begin_and_hang, (str(mark),), seconds=2.0)) == TimedOut(2.0)
    mark.unlink()
    assert run_apart(Task(tasks.begin_and_hang, (str(mark),)), stop=mark.exists) == Cancelled()
