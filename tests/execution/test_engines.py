"""What every engine must do: one outcome for each ticket, and no task pays for another."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import execution_tasks as tasks
import pytest
from clusters import by_hand, wait_until

from crystal_studio.execution.engines import open_engine
from crystal_studio.execution.protocol import (
    Cancelled,
    Died,
    Done,
    Engine,
    EngineFull,
    Failed,
    Outcome,
    Resources,
    Task,
    TimedOut,
)

PATIENCE = 120.0


@pytest.fixture(scope="module", params=["local", "dask"])
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The local engine, and Dask with a scheduler and two workers that were started by hand."""
    with ExitStack() as stack:
        name = "local"
        if request.param == "dask":
            cluster = stack.enter_context(by_hand(tmp_path_factory.mktemp("cluster"), gpus=(1, 0)))
            name = cluster.address
        opened = stack.enter_context(closing(open_engine(name, 2)))
        assert wait_until(lambda: opened.slots == 2, PATIENCE)
        yield opened


@pytest.fixture(autouse=True)
def _left_empty(engine: Engine) -> Iterator[None]:
    yield
    engine.cancel_all()
    end = time.monotonic() + PATIENCE
    while engine.room < 2 * engine.slots and time.monotonic() < end:
        engine.completed(1.0)


def collect(engine: Engine, tickets: Iterable[int], seconds: float = PATIENCE) -> dict[int, Outcome]:
    wanted, found = set(tickets), {}
    end = time.monotonic() + seconds
    while wanted - found.keys() and time.monotonic() < end:
        for ticket, outcome in engine.completed(1.0):
            assert ticket not in found, "a second outcome"
            found[ticket] = outcome
    assert wanted == found.keys(), f"no outcome of {wanted - found.keys()}; others: {found.keys() - wanted}"
    return found


def one(engine: Engine, task: Task) -> Outcome:
    ticket = engine.submit(task)
    return collect(engine, [ticket])[ticket]


def appears(path: Path) -> int:
    """The number that a task wrote into a file."""
    assert wait_until(path.exists, PATIENCE)
    return int(path.read_text())


def has_ended(pid: int) -> bool:
    return wait_until(lambda: has_ended_now(pid), PATIENCE)


def has_ended_now(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_values_come_back_with_their_tickets(engine: Engine) -> None:
    found: dict[int, Outcome] = {}
    tickets: dict[int, int] = {}
    for x in range(20):
        while engine.room == 0:
            found.update(engine.completed(PATIENCE))
        tickets[engine.submit(Task(tasks.square, (x,)))] = x
    found.update(collect(engine, tickets.keys() - found.keys()))
    assert len(tickets) == 20
    for ticket, x in tickets.items():
        outcome = found[ticket]
        assert isinstance(outcome, Done) and outcome.value == x * x and 0 <= outcome.seconds < 60


def test_room_is_bounded_and_collecting_gives_it_back(engine: Engine) -> None:
    room = engine.room
    assert room == 2 * engine.slots
    tickets = [engine.submit(Task(tasks.square, (x,))) for x in range(room)]
    assert engine.room == 0
    with pytest.raises(EngineFull):
        engine.submit(Task(tasks.square, (0,)))
    collect(engine, tickets)
    assert engine.room == room


def test_waiting_for_nothing_ends_in_time(engine: Engine) -> None:
    started = time.monotonic()
    assert engine.completed(0.2) == [] and 0.15 < time.monotonic() - started < 60


def test_an_exception_is_one_line_and_a_traceback(engine: Engine) -> None:
    outcome = one(engine, Task(tasks.fail, ("no\nforces",)))
    assert isinstance(outcome, Failed)
    assert outcome.error == "ArithmeticError: no forces" and "raise ArithmeticError" in outcome.traceback
    assert not outcome.known and not outcome.out_of_memory


def test_a_known_error_is_its_sentence(engine: Engine) -> None:
    outcome = one(engine, Task(tasks.fail_known, ("The weights are gone: put them back.",)))
    assert isinstance(outcome, Failed) and outcome.known
    assert outcome.error == "The weights are gone: put them back."


def test_little_memory_is_told_apart(engine: Engine) -> None:
    outcome = one(engine, Task(tasks.run_out_of_memory))
    assert isinstance(outcome, Failed) and outcome.out_of_memory


def test_a_library_that_exits_fails_its_task_alone(engine: Engine) -> None:
    outcome = one(engine, Task(tasks.leave_politely))
    assert isinstance(outcome, Failed) and "SystemExit" in outcome.error


def test_a_value_that_cannot_travel_is_a_failure(engine: Engine) -> None:
    assert isinstance(one(engine, Task(tasks.give_what_cannot_travel)), Failed)
    assert isinstance(one(engine, Task(tasks.square, (3,))), Done)


def test_a_task_that_cannot_travel_is_refused(engine: Engine) -> None:
    with pytest.raises(Exception, match=r"pickle|local"):
        engine.submit(Task(lambda: None))
    assert engine.room == 2 * engine.slots


def test_large_arguments_and_values(engine: Engine) -> None:
    data = bytes(5 << 20)
    there = one(engine, Task(tasks.length, (data,)))
    back = one(engine, Task(tasks.megabytes, (5,)))
    assert isinstance(there, Done) and there.value == len(data)
    assert isinstance(back, Done) and back.value == data


@pytest.mark.parametrize(
    ("poison", "how"),
    [(Task(tasks.leave, (7,)), "exit code 7"), (Task(tasks.kill_itself), "killed by signal 9")],
    ids=["exits", "killed"],
)
def test_a_task_that_kills_its_worker_dies_alone(engine: Engine, poison: Task, how: str) -> None:
    neighbours = [engine.submit(Task(tasks.square, (x,))) for x in range(2)]
    deadly = engine.submit(poison)
    neighbours.append(engine.submit(Task(tasks.square, (2,))))
    found = collect(engine, [*neighbours, deadly])
    assert found[deadly] == Died(how)
    assert [found[t].value for t in neighbours] == [0, 1, 4]  # type: ignore[union-attr]


def test_many_deaths_lose_and_double_nothing(engine: Engine) -> None:
    found: dict[int, Outcome] = {}
    deadly, good = set(), {}
    for x in range(12):
        while engine.room == 0:
            found.update(engine.completed(PATIENCE))
        if x % 3 == 1:
            deadly.add(engine.submit(Task(tasks.leave, (1,))))
        else:
            good[engine.submit(Task(tasks.square, (x,)))] = x
    found.update(collect(engine, (deadly | good.keys()) - found.keys()))
    assert all(isinstance(found[t], Died) for t in deadly)
    assert {t: found[t].value for t in good} == {t: x * x for t, x in good.items()}  # type: ignore[union-attr]


def test_a_worker_killed_from_outside_costs_its_task_alone(engine: Engine, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    ticket = engine.submit(Task(tasks.begin_and_hang, (str(mark),)))
    os.kill(appears(mark), signal.SIGKILL)
    assert collect(engine, [ticket])[ticket] == Died("killed by signal 9")
    assert isinstance(one(engine, Task(tasks.square, (2,))), Done)


@pytest.mark.parametrize("hang", [tasks.begin_and_hang, tasks.hang_where_no_signal_is_handled])
def test_a_deadline_ends_its_task_alone(engine: Engine, tmp_path: Path, hang: object) -> None:
    mark = tmp_path / "mark"
    late = engine.submit(Task(hang, (str(mark),), seconds=2.0))  # type: ignore[arg-type]
    other = engine.submit(Task(tasks.square, (3,), seconds=PATIENCE))
    found = collect(engine, [late, other])
    assert found[late] == TimedOut(2.0)
    assert isinstance(found[other], Done)
    assert has_ended(appears(mark))


def test_what_a_task_started_ends_with_it(engine: Engine, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    outcome = one(engine, Task(tasks.begin_with_a_process_of_its_own, (str(mark),), seconds=3.0))
    assert outcome == TimedOut(3.0) and has_ended(appears(mark))


def test_cancelling_a_running_and_a_waiting_task(engine: Engine, tmp_path: Path) -> None:
    running = [engine.submit(Task(tasks.begin_and_hang, (str(tmp_path / str(k)),))) for k in range(engine.slots)]
    pids = [appears(tmp_path / str(k)) for k in range(engine.slots)]
    waiting = engine.submit(Task(tasks.square, (5,)))
    stays = engine.submit(Task(tasks.square, (6,)))
    engine.cancel(waiting)
    engine.cancel(running[0])
    found = collect(engine, [running[0], waiting, stays])
    assert found[running[0]] == Cancelled() and found[waiting] == Cancelled()
    assert isinstance(found[stays], Done) and has_ended(pids[0])
    assert not has_ended_now(pids[1])
    engine.cancel_all()
    assert collect(engine, running[1:]) == {t: Cancelled() for t in running[1:]}
    assert has_ended(pids[1])


def test_cancelling_what_is_done_changes_nothing(engine: Engine) -> None:
    ticket = engine.submit(Task(tasks.square, (5,)))
    found = collect(engine, [ticket])
    engine.cancel(ticket)
    assert isinstance(found[ticket], Done)
    assert isinstance(one(engine, Task(tasks.square, (6,))), Done)


def test_what_a_worker_makes_once_serves_its_later_tasks(engine: Engine) -> None:
    answers = [one(engine, Task(tasks.of_worker, ("potential",))) for _ in range(6)]
    made = {answer.value for answer in answers if isinstance(answer, Done)}
    assert all(times == 1 for _, times in made)
    assert len({pid for pid, _ in made}) <= engine.slots < len(answers)


def test_making_it_is_not_on_the_tasks_clock(engine: Engine) -> None:
    outcome = one(engine, Task(tasks.of_worker, ("slow", 2.5), seconds=2.0))
    assert isinstance(outcome, Done) and outcome.seconds < 2.0


def test_a_running_task_tells_its_share_until_it_has_an_outcome(engine: Engine) -> None:
    ticket = engine.submit(Task(tasks.tell_and_hang, (0.25,)))
    assert wait_until(lambda: engine.shares == {ticket: 0.25}, PATIENCE)
    engine.cancel(ticket)
    collect(engine, [ticket])
    assert engine.shares == {}


def test_one_thread_a_process(engine: Engine) -> None:
    outcome = one(engine, Task(tasks.threads_of_process))
    assert isinstance(outcome, Done) and outcome.value == ("1", "1", "1")


def test_tasks_that_want_the_gpu_take_turns(engine: Engine, tmp_path: Path) -> None:
    task = [Task(tasks.together, (str(tmp_path), name, 2), resources=Resources(gpus=1)) for name in "ab"]
    tickets = [engine.submit(t) for t in task]
    found = collect(engine, tickets)
    assert sorted(found[t].value for t in tickets) == [1, 2]  # type: ignore[union-attr]
