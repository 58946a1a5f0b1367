"""An improvement in a process of its own, for a window that must never wait."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crystal_studio.campaign.improving.events import ImproveFinished
from crystal_studio.campaign.improving.plan import ImproveOptions
from crystal_studio.campaign.steering import Steering
from crystal_studio.design.request import DesignRequest
from crystal_studio.execution.child import Child, Parent
from crystal_studio.execution.settling import end

GRACE = 3.0
"""Seconds that a child is given to put its work down before it is ended."""


@dataclass(frozen=True)
class Asked:
    """What is to be improved: ``request`` None carries the project's last improvement on."""

    request: DesignRequest | None
    options: ImproveOptions
    data: str = ""


class ImproveProcess:
    """Starts, watches and ends one improvement; every method returns at once but ``join``.

    The child ends by itself, as paused, when its parent dies.
    """

    def __init__(self, project: Path, asked: Asked, made: Any = None) -> None:
        """``made.tools`` replaces what an improvement works with (tests)."""
        self._child = Child(_run, (str(project), asked, made), name="improvement")
        self.finished: ImproveFinished | None = None

    def start(self) -> None:
        """Start the child."""
        self._child.start()

    def poll(self) -> list[Any]:
        """The events that came since the last call; the last one ever is ``ImproveFinished``."""
        events = [] if self.finished else self._child.poll()
        if self._child.ended is not None and not any(isinstance(e, ImproveFinished) for e in events):
            text = f"The improvement ended unexpectedly ({self._child.ended}): carry it on."
            events += [] if self.finished else [ImproveFinished(0, "failed", text)]
        self.finished = self.finished or next((e for e in events if isinstance(e, ImproveFinished)), None)
        return events

    def put_down(self) -> None:
        """End it as paused, to be carried on."""
        self._child.send("put down")

    def let_go(self) -> None:
        """Stop watching: a child that is still at work ends by itself, as paused, within ``GRACE`` seconds."""
        self._child.let_go()

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the child to end; true if it has."""
        return self._child.join(timeout)


def _run(parent: Parent, project: str, asked: Asked, made: Any) -> None:
    """The child: everything that happens is told, the last word is ``ImproveFinished``."""
    steering = Steering()

    def lost() -> None:
        steering.obey("put down")
        threading.Timer(GRACE, end).start()

    parent.listen(steering.obey, lost)
    from crystal_studio.campaign.improving import improve, starting
    from crystal_studio.errors import KnownError

    tools = made.tools if made is not None else None
    try:
        if asked.request is None:
            number = starting.last(project).improvement
        else:
            number = starting.start(project, starting.plan_of(asked.request, asked.options, asked.data, tools=tools))
        improve.run(project, number, parent.tell, steering.cancel, steering.pause, tools=tools)
    except KnownError as error:
        parent.tell(ImproveFinished(0, "failed", str(error)))
    except Exception as error:  # where it was under way, its last word was told
        parent.tell(ImproveFinished(0, "failed", f"{type(error).__name__}: {error}"))
