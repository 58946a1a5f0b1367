"""A campaign in a process of its own, for a window that must never wait."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from crystal_studio.campaign.dft_request import BUNDLE, DftRequest
from crystal_studio.campaign.events import Event, Finished, Message
from crystal_studio.campaign.judge_request import JudgeRequest
from crystal_studio.campaign.steering import Steering
from crystal_studio.design.request import DesignRequest
from crystal_studio.execution.child import Child, Parent
from crystal_studio.execution.settling import end

if TYPE_CHECKING:
    from crystal_studio.campaign.parts import RunParts

GRACE = 3.0
"""Seconds that a child is given to put its work down before it is ended."""


class CampaignProcess:
    """Starts, watches and steers one campaign; every method returns at once but ``join``.

    Give ``request`` to begin a new campaign, judging or run of DFT in an existing project (its id comes
    with the first ``Progress`` and with ``Finished``) or ``campaign_id`` to carry
    one on. The child ends by itself, as paused, when its parent dies.
    """

    def __init__(
        self,
        project: Path | str,
        campaign_id: int = 0,
        *,
        request: DesignRequest | JudgeRequest | DftRequest | None = None,
        name: str = "",
        workers: int = 0,
        engine: str = "local",
        parts: RunParts | None = None,
    ) -> None:
        if (request is None) == (campaign_id == 0):
            raise ValueError("give either a campaign to carry on or a request for a new one")
        self.campaign_id = campaign_id
        self._child = Child(_run, (str(project), campaign_id, request, name, workers, engine, parts), name="campaign")
        self._finished: Finished | None = None

    @property
    def pid(self) -> int:
        """Of the child."""
        return self._child.pid

    def start(self) -> None:
        """Start the child."""
        self._child.start()

    def poll(self) -> list[Event]:
        """The events that came since the last call; the last one ever is ``Finished``."""
        events: list[Event] = [] if self._finished else self._child.poll()
        for event in events:
            self._take(event)
        if self._finished is None and self._child.ended is not None:
            events.append(self._died(self._child.ended))
            self._take(events[-1])
        return events

    @property
    def finished(self) -> Finished | None:
        """The last event once it was polled."""
        return self._finished

    def pause(self) -> None:
        """Hold still; ``resume`` goes on."""
        self._child.send("pause")

    def resume(self) -> None:
        """Go on after ``pause``."""
        self._child.send("resume")

    def cancel(self) -> None:
        """End the campaign within a second; what it has made is kept. No later word takes that back."""
        self._child.send("cancel")

    def put_down(self) -> None:
        """End the process as paused, to be carried on at another time (the window closes)."""
        self._child.send("put down")

    def let_go(self) -> None:
        """Stop watching: a child that is still at work ends by itself, as paused, within ``GRACE`` seconds."""
        self._child.let_go()

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the child to end; true if it has."""
        return self._child.join(timeout)

    def _take(self, event: Event) -> None:
        if isinstance(event, Finished):
            self._finished = event
        self.campaign_id = getattr(event, "campaign_id", 0) or self.campaign_id

    def _died(self, how: str) -> Finished:
        return Finished(
            self.campaign_id,
            "failed",
            f"The campaign's process ended unexpectedly ({how}). "
            "Everything up to then is kept: resume the campaign to carry on.",
        )


def _run(
    parent: Parent,
    project: str,
    campaign_id: int,
    request: DesignRequest | JudgeRequest | DftRequest | None,
    name: str,
    workers: int,
    engine: str,
    parts: RunParts | None,
) -> None:
    """The child: everything that happens is told, the last word is ``Finished``."""
    steering = Steering()

    def lost() -> None:
        steering.obey("put down")
        threading.Timer(GRACE, end).start()

    parent.listen(steering.obey, lost)

    from crystal_studio.campaign import dft_start, judging, runner
    from crystal_studio.errors import KnownError

    try:
        if isinstance(request, JudgeRequest):
            campaign_id = judging.start(project, request, name, parts)
        elif isinstance(request, DftRequest):
            started = dft_start.start(project, request, name)
            campaign_id = started.campaign_id
            for candidate, problem in started.problems:
                parent.tell(Message("warning", f"Candidate {candidate} was left out: {problem}"))
            if request.submit == BUNDLE:
                parent.tell(Finished(campaign_id, "finished", f"The bundle is in {started.root}: it waits to be run."))
                return
        elif request is not None:
            campaign_id = runner.start(project, request, name, parts)
        cancel, pause = steering.cancel, steering.pause
        runner.run(project, campaign_id, parent.tell, cancel, pause, workers=workers, engine=engine, parts=parts)
    except KnownError as error:
        parent.tell(Message("error", str(error)))
        parent.tell(Finished(campaign_id, "failed", str(error)))
    except Exception as error:  # a bug: the window shows it whole, for this process has no terminal
        import traceback

        parent.tell(Message("error", traceback.format_exc()))
        parent.tell(Finished(campaign_id, "failed", f"{type(error).__name__}: {error}"))
