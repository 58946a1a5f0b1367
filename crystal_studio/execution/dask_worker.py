"""What runs inside a Dask worker: each task in a child process that is kept for the next one."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable
from multiprocessing.util import Finalize

from crystal_studio.execution.protocol import Outcome
from crystal_studio.execution.worker import Worker

_lock = threading.Lock()
_idle: list[Worker] = []
_all: set[Worker] = set()


def run(payload: bytes, seconds: float | None, topic: str, ticket: int) -> bytes | Outcome:
    """One task to its outcome; ended when nobody wants it any more (cancelled, or its client is gone).

    What it says is done of it is an event (ticket, share) of that topic.
    """
    worker = _take()
    try:
        return worker.run(payload, seconds, _unwanted(), _teller(topic, ticket))
    finally:
        _give(worker)


def _unwanted() -> Callable[[], bool]:
    """Asks whether the scheduler has taken the task that this thread runs back."""
    from distributed import get_worker

    here = get_worker()
    key = here.get_current_task()

    def unwanted() -> bool:
        task = here.state.tasks.get(key)
        return task is None or task.state in ("cancelled", "released", "forgotten")

    return unwanted


def _teller(topic: str, ticket: int) -> Callable[[float], None]:
    from distributed import get_worker

    here = get_worker()
    return lambda share: here.log_event(topic, (ticket, share))


def _take() -> Worker:
    with _lock:
        while _idle:
            worker = _idle.pop()
            worker.look()  # it may have died meanwhile
            if not worker.lost:
                return worker
            _all.discard(worker)
        if not _all:
            # A worker under a nanny is daemonic, which forbids children because they would be left behind: ours
            # end with their parent by themselves, and here where it ends in peace.
            multiprocessing.current_process()._config["daemon"] = False  # type: ignore[attr-defined]
            Finalize(None, _end_all, exitpriority=20)
        worker = Worker()
        _all.add(worker)
        return worker


def _give(worker: Worker) -> None:
    with _lock:
        if worker.lost:
            _all.discard(worker)
        else:
            _idle.append(worker)


def _end_all() -> None:
    with _lock:
        for worker in _all:
            worker.end()
        _all.clear()
        _idle.clear()
