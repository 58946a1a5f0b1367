"""Many tasks through an engine, with no more on the way than it has room for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from crystal_studio.execution.protocol import Died, Done, Engine, Outcome, Task

_WAIT = 1.0


def outcomes(engine: Engine, tasks: Iterable[Task]) -> Iterator[tuple[int, Outcome]]:
    """(position of the task, outcome) as they come.

    Tasks are taken one by one when there is room, so they may be made as they go. Nobody else may use the
    engine meanwhile. What is on its way when the loop is left is cancelled.
    """
    waiting = enumerate(tasks)
    on_the_way: dict[int, int] = {}
    more = True
    try:
        while more or on_the_way:
            while more and engine.room:
                following = next(waiting, None)
                more = following is not None
                if following is not None:
                    on_the_way[engine.submit(following[1])] = following[0]
            for ticket, outcome in engine.completed(_WAIT) if on_the_way else ():
                if ticket in on_the_way:
                    yield on_the_way.pop(ticket), outcome
    finally:
        for ticket in on_the_way:
            engine.cancel(ticket)


def each(
    engine: Engine,
    function: Callable[[list[Any]], Sequence[Any]],
    items: Sequence[Any],
    *,
    block: int = 1,
    seconds: float | None = None,
) -> Iterator[tuple[int, Outcome]]:
    """(row, outcome) of every item as they come, with ``block`` items in a task.

    ``function`` takes a list of items and gives as many values. The items of a task that does not end well are
    tried once more, each in a task of its own, so that the guilty one pays alone and one whose process was
    killed from outside is not condemned. ``seconds`` limit a task, whatever its size.
    """
    again: list[int] = []
    blocks = [range(k, min(k + block, len(items))) for k in range(0, len(items), block)]
    tasks = (Task(function, ([items[i] for i in part],), seconds) for part in blocks)
    for k, outcome in outcomes(engine, tasks):
        if isinstance(outcome, Done):
            yield from _of_items(blocks[k], outcome)
        elif len(blocks[k]) == 1 and not isinstance(outcome, Died):
            yield blocks[k][0], outcome
        else:
            again += blocks[k]
    for k, outcome in outcomes(engine, (Task(function, ([items[i]],), seconds) for i in again)):
        if isinstance(outcome, Done):
            yield from _of_items(range(again[k], again[k] + 1), outcome)
        else:
            yield again[k], outcome


def _of_items(rows: range, outcome: Done) -> Iterator[tuple[int, Done]]:
    for i, value in zip(rows, outcome.value, strict=True):
        yield i, Done(value, outcome.seconds / len(rows))
