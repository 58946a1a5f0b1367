"""A campaign in a process of its own, for a window that must never wait."""

from __future__ import annotations

import multiprocessing
import threading
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any

from crystal_studio.campaign.events import Event, Finished, Message
from crystal_studio.design.request import DesignRequest

GRACE = 3.0
"""Seconds that a child is given to put its work down before it is ended."""


class CampaignProcess:
    """Starts, watches and steers one campaign; every method returns at once but ``join``.

    Give ``request`` to begin a new campaign in an existing project (its id comes
    with the first ``Progress`` and with ``Finished``) or ``campaign_id`` to carry
    one on. The child ends by itself, as paused, when its parent dies.
    """

    def __init__(
        self,
        project: Path | str,
        campaign_id: int = 0,
        *,
        request: DesignRequest | None = None,
        name: str = "",
        workers: int = 0,
        plan: Any = None,
    ) -> None:
        if (request is None) == (campaign_id == 0):
            raise ValueError("give either a campaign to carry on or a request for a new one")
        spawn = multiprocessing.get_context("spawn")
        self.campaign_id = campaign_id
        self._connection, self._childs_end = spawn.Pipe()
        self._process = spawn.Process(
            target=_child,
            args=(self._childs_end, str(project), campaign_id, request, name, workers, plan),
            name="campaign",
        )
        self._finished: Finished | None = None
        # Letting go of the pipe ends the child, so neither a forgotten object nor the end of the program waits for it.
        Finalize(self, self._connection.close, exitpriority=10)

    def start(self) -> None:
        """Start the child."""
        self._process.start()
        self._childs_end.close()  # so that the child's death is seen as the end of the pipe

    def poll(self) -> list[Event]:
        """The events that came since the last call; the last one ever is ``Finished``."""
        events: list[Event] = []
        try:
            while self._finished is None and self._connection.poll():
                events.append(self._take(self._connection.recv()))
        except (EOFError, OSError):
            if self._finished is None:
                self._process.join(GRACE)
                events.append(self._take(self._died()))
        return events

    @property
    def finished(self) -> Finished | None:
        """The last event once it was polled."""
        return self._finished

    def pause(self) -> None:
        """Hold still; ``resume`` goes on."""
        self._send("pause")

    def resume(self) -> None:
        """Go on after ``pause``."""
        self._send("resume")

    def cancel(self) -> None:
        """End the campaign within a second; what it has made is kept."""
        self._send("cancel")

    def put_down(self) -> None:
        """End the process as paused, to be carried on at another time (the window closes)."""
        self._send("put down")

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the child to end; true if it has."""
        self._process.join(timeout)
        return self._process.exitcode is not None

    def _take(self, event: Event) -> Event:
        if isinstance(event, Finished):
            self._finished = event
        self.campaign_id = getattr(event, "campaign_id", 0) or self.campaign_id
        return event

    def _send(self, word: str) -> None:
        with suppress(OSError):  # the child may have ended; poll() says how
            self._connection.send(word)

    def _died(self) -> Finished:
        return Finished(
            self.campaign_id,
            "failed",
            f"The campaign's process ended unexpectedly (exit code {self._process.exitcode}). "
            "Everything up to then is kept: resume the campaign to carry on.",
        )


def _child(
    connection: Connection,
    project: str,
    campaign_id: int,
    request: DesignRequest | None,
    name: str,
    workers: int,
    plan: Any,
) -> None:
    import os
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal is the parent's to handle
    cancel, pause = threading.Event(), threading.Event()
    threading.Thread(target=_obey, args=(connection, cancel, pause), daemon=True).start()

    def emit(event: Event) -> None:
        with suppress(OSError):  # the parent may be gone; _obey ends the run
            connection.send(event)

    _work(emit, cancel, pause, project, campaign_id, request, name, workers, plan)
    connection.close()
    os._exit(0)  # a generator in the middle of a step must not keep the process


def _work(emit, cancel, pause, project, campaign_id, request, name, workers, plan) -> None:
    from crystal_studio.campaign import runner
    from crystal_studio.errors import KnownError

    try:
        if request is not None:
            campaign_id = runner.start(project, request, name, plan)
        runner.run(project, campaign_id, emit, cancel, pause, workers=workers, plan=plan)
    except KnownError as error:
        emit(Message("error", str(error)))
        emit(Finished(campaign_id, "failed", str(error)))
    except Exception as error:
        import traceback

        emit(Message("error", traceback.format_exc()))
        emit(Finished(campaign_id, "failed", f"{type(error).__name__}: {error}"))


def _obey(connection: Connection, cancel: threading.Event, pause: threading.Event) -> None:
    import os

    while True:
        try:
            word = connection.recv()
        except (EOFError, OSError):  # the parent has died or let go
            pause.set()
            cancel.set()
            threading.Timer(GRACE, os._exit, (1,)).start()
            return
        if word == "pause":
            pause.set()
        elif word == "resume":
            pause.clear()
        elif word == "cancel":
            pause.clear()
            cancel.set()
        elif word == "put down":
            pause.set()
            cancel.set()
