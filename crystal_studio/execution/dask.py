"""Tasks on a cluster through Dask: a scheduler that a user started, or one that Slurm jobs work for.

What a worker runs it runs in a child process of its own (``dask_worker.py``), one task at a time, as the local
engine does. So a death or a missed deadline belongs to its task alone, the Dask worker itself survives it, and
nothing depends on how often the scheduler forgives. Where a Dask worker as a whole is lost (its machine, its job),
the scheduler hands its tasks to others; only what outlives several losses comes back as ``Died``.
"""

from __future__ import annotations

import logging
import queue
import time
from concurrent.futures import CancelledError
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from crystal_studio.errors import KnownError
from crystal_studio.execution import dask_worker
from crystal_studio.execution.addresses import check_address, check_listener, security_of
from crystal_studio.execution.calling import failure, packed, unpacked
from crystal_studio.execution.protocol import Cancelled, Died, EngineFull, Outcome, Task

if TYPE_CHECKING:
    from distributed import Client, Future

WINDOW = 2
"""Tasks on their way or not yet collected, for each slot."""

CONNECT_SECONDS = 15.0
_REFRESH = 2.0
"""Seconds between two looks at how many workers there are."""

_TICK = 0.2
_SCHEDULER_LOST = "scheduler lost"


class DaskEngine:
    """An engine whose workers are those of a Dask scheduler.

    A task that wants GPUs goes to workers that declare the resource "GPU" (``crystal-studio worker --gpus``) and
    waits where there is none; cores and memory are up to the workers. A scheduler that is lost stays lost for this
    engine: what was on its way has the outcome ``Died("scheduler lost")`` and ``submit`` raises ``KnownError``.
    """

    def __init__(self, target: Any) -> None:
        """``target`` is the address of a scheduler, or a Dask cluster that ``close`` ends too.

        Raises ``KnownError`` for an address that is neither loopback nor TLS, and where nobody answers.
        """
        distributed = imported()
        self.name = target if isinstance(target, str) else target.scheduler_address
        self._cluster = None if isinstance(target, str) else target
        if isinstance(target, str):
            check_address(target)
        security = security_of(target) if isinstance(target, str) else None
        # It retries for ever and says so; we say it once.
        logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
        try:
            self._client: Client = distributed.Client(
                target, timeout=CONNECT_SECONDS, set_as_default=False, security=security, name="crystal-studio"
            )
        except (OSError, TimeoutError) as error:
            raise KnownError(self._no_answer()) from error
        try:
            if isinstance(target, str):
                check_listener(target, self._client.scheduler_info(n_workers=0)["address"])
        except KnownError:
            self._client.close()
            raise
        # Not a SimpleQueue: its get waits for ever when a signal is handled for longer than the timeout.
        self._ended: queue.Queue[int] = queue.Queue()
        self._futures: dict[int, Future] = {}
        self._again: set[int] = set()  # tickets that ended, but whose value is being made again
        self._known: dict[int, Outcome] = {}  # outcomes that need no look at the future
        self._shares: dict[int, float] = {}
        self._topic = f"crystal-studio {self._client.id}"
        self._client.subscribe_topic(self._topic, self._hear)
        self._last_ticket = 0
        self._lost = False
        self._closed = False
        self._slots, self._looked = 0, 0.0

    @property
    def slots(self) -> int:
        """Threads of all workers that are there now."""
        if time.monotonic() - self._looked > _REFRESH and self._answers():
            self._looked = time.monotonic()
            with suppress(OSError, TimeoutError):  # where it is lost, the client's state says so
                self._slots = sum(self._client.nthreads().values())
        return self._slots

    @property
    def room(self) -> int:
        """See ``Engine``; before the first worker comes there is room for a few tasks."""
        if self._closed:
            return 0
        return max(0, WINDOW * max(self.slots, 1) - len(self._futures))

    @property
    def shares(self) -> dict[int, float]:
        """See ``Engine``."""
        return {ticket: share for ticket, share in self._shares.copy().items() if ticket in self._futures}

    def submit(self, task: Task) -> int:
        """See ``Engine``."""
        payload = packed(task)
        if not self._answers():
            raise KnownError(self._no_answer())
        if self.room == 0:
            raise EngineFull(f"{len(self._futures)} tasks are on their way: collect with completed() first")
        self._last_ticket += 1
        ticket = self._last_ticket
        wants = {"GPU": task.resources.gpus} if task.resources.gpus else None
        future = self._client.submit(
            dask_worker.run,
            payload,
            task.seconds,
            self._topic,
            ticket,
            pure=False,
            resources=wants,
            retries=0,
            fifo_timeout="0 ms",
        )
        self._futures[ticket] = future
        future.add_done_callback(lambda _: self._ended.put(ticket))
        return ticket

    def completed(self, wait: float = 0.0) -> list[tuple[int, Outcome]]:
        """See ``Engine``."""
        end = time.monotonic() + wait
        while True:
            left = max(0.0, end - time.monotonic())
            found = self._collected(min(left, _TICK) if self._again else left)
            if found or time.monotonic() >= end:
                return found

    def cancel(self, ticket: int) -> None:
        """See ``Engine``; a running task is ended by its worker within a moment."""
        self._cancel([ticket])

    def cancel_all(self) -> None:
        """See ``Engine``."""
        self._cancel(list(self._futures))

    def close(self) -> None:
        """See ``Engine``; the workers stay, for others, unless the cluster was given to this engine."""
        if self._closed:
            return
        self._closed = True
        if self._answers():
            self.cancel_all()
        self._futures.clear()
        self._client.close(timeout=2)
        if self._cluster is not None:
            self._cluster.close()

    def _cancel(self, tickets: list[int]) -> None:
        futures = []
        for ticket in tickets:
            future = self._futures.get(ticket)
            if future is not None and not future.done():
                self._known[ticket] = Cancelled()
                futures.append(future)
        if futures and self._answers():
            self._client.cancel(futures, force=True)

    def _hear(self, event: tuple[float, tuple[int, float]]) -> None:
        """What a task has told; called by the client's own thread."""
        ticket, share = event[1]
        self._shares[ticket] = share

    def _answers(self) -> bool:
        """Whether the scheduler is there, as far as is known without asking."""
        self._lost = self._lost or self._client.status != "running"
        return not self._lost

    def _collected(self, wait: float) -> list[tuple[int, Outcome]]:
        ended = [ticket for ticket in self._again if self._futures[ticket].done()]
        self._again.difference_update(ended)
        try:
            ended.append(self._ended.get(timeout=wait) if wait and not ended else self._ended.get_nowait())
            while True:
                ended.append(self._ended.get_nowait())
        except queue.Empty:
            pass
        found = []
        for ticket in dict.fromkeys(ended):
            outcome = self._outcome(ticket) if ticket in self._futures else None
            if outcome is not None:
                self._again.discard(ticket)
                del self._futures[ticket]
                self._shares.pop(ticket, None)
                found.append((ticket, outcome))
        return found

    def _outcome(self, ticket: int) -> Outcome | None:
        """What a future that has ended says; None where the worker that kept its value is lost: it runs again."""
        from distributed import KilledWorker

        future = self._futures[ticket]
        if ticket in self._known:
            return self._known.pop(ticket)
        try:
            if future.status == "finished":
                return _unpacked(future.result(timeout=CONNECT_SECONDS))
            if future.status == "error":
                raised = future.exception(timeout=CONNECT_SECONDS)
                return Died("worker lost") if isinstance(raised, KilledWorker) else failure(raised)
        except (OSError, TimeoutError, CancelledError):
            pass
        if not self._answers():
            return Died(_SCHEDULER_LOST)
        if future.status == "cancelled":
            return Died("cancelled by the scheduler")
        self._again.add(ticket)
        return None

    def _no_answer(self) -> str:
        return f"The scheduler at {self.name} does not answer: start it again, then resume."


def imported() -> Any:
    """The package ``distributed``; raises ``KnownError`` where it is not installed."""
    try:
        import distributed
    except ImportError as error:
        raise KnownError(
            "Dask is not installed: pip install 'crystal-studio[cluster]', or use --engine local."
        ) from error
    return distributed


def _unpacked(answer: bytes | Outcome) -> Outcome:
    return unpacked(answer) if isinstance(answer, bytes) else answer
