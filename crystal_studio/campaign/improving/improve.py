"""An improvement from its plan to its last round, as the command line and the window run it."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from pathlib import Path

from crystal_studio.campaign.devices import out_of_memory
from crystal_studio.campaign.events import Message
from crystal_studio.campaign.improving.events import ImproveFinished
from crystal_studio.campaign.improving.rounds import Halted, Rounds, Told
from crystal_studio.campaign.improving.tools import Tools
from crystal_studio.errors import KnownError, RoomError


def run(
    project: Path | str,
    improvement: int,
    emit: Callable[[Told], None],
    cancel: threading.Event,
    pause: threading.Event,
    *,
    workers: int = 0,
    engine: str = "local",
    tools: Tools | None = None,
) -> ImproveFinished:
    """Carry an improvement on to its end and return the last event, which is also emitted.

    ``pause`` and ``cancel`` as in ``campaign.runner.run``; a disk that takes no more ends it as "paused", what else a
    user can act on as "failed", each with the remedy as its text. Any other exception is raised.
    """
    state, text = "finished", ""
    try:
        rounds = Rounds(Path(project), improvement, emit, cancel, pause, workers=workers, engine=engine, tools=tools)
        text = rounds.run()
    except Halted:
        state = "paused" if pause.is_set() else "cancelled"
        text = "Stopped; everything so far is kept."
    except RoomError as full:
        state, text = "paused", str(full)
    except KnownError as error:
        state, text = "failed", str(error)
    except Exception as error:  # a bug, or no memory: whoever watches is told before it is raised
        known = out_of_memory(error)
        if known is None:
            emit(Message("error", traceback.format_exc()))
            emit(ImproveFinished(improvement, "failed", f"{type(error).__name__}: {error}"))
            raise
        state, text = "failed", str(known)
    finished = ImproveFinished(improvement, state, text)
    emit(finished)
    return finished
