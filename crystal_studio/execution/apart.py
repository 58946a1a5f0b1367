"""One task in a process of its own that nothing else shares."""

from __future__ import annotations

from collections.abc import Callable

from crystal_studio.execution.calling import packed, unpacked
from crystal_studio.execution.protocol import Outcome, Task
from crystal_studio.execution.worker import Worker


def run_apart(task: Task, stop: Callable[[], bool] = lambda: False) -> Outcome:
    """Start a process, run the task, end the process; waits for the outcome.

    ``stop()`` is asked a few times a second: where it says so, the outcome is ``Cancelled``.
    """
    payload = packed(task)
    worker = Worker()
    try:
        answer = worker.run(payload, task.seconds, stop)
    finally:
        worker.end()
    return unpacked(answer) if isinstance(answer, bytes) else answer
