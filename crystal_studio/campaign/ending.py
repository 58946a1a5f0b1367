"""The end of a run: what the project keeps of it and what those who watch are told."""

from __future__ import annotations

import traceback
from collections.abc import Callable

from crystal_studio.campaign.events import Event, Finished, Message
from crystal_studio.errors import RoomError
from crystal_studio.generators.protocol import CancelToken
from crystal_studio.project.store import ProjectWriter


def keep_end(writer: ProjectWriter, campaign_id: int, state: str, text: str, seconds: float | None) -> tuple[str, str]:
    """Note the state of a run that ended in the project; returns state and text, others where the disk is full."""
    try:
        writer.set_campaign(campaign_id, state, seconds=seconds)
    except RoomError as full:  # the project goes on calling it running, and that can be carried on
        return ("paused", str(full)) if state == "finished" else (state, text)
    return state, text


def tell_end(
    campaign_id: int,
    state: str,
    text: str,
    emit: Callable[[Event], None],
    pause: CancelToken,
    error: BaseException | None,
) -> Finished:
    """Emit and return the last event, behind the reason where nobody asked for this end; raises ``error``, if any."""
    if state == "failed" or (state == "paused" and not pause.is_set()):
        emit(Message("error", text))
    finished = Finished(campaign_id, state, text)
    emit(finished)
    if error is not None:
        emit(Message("error", "".join(traceback.format_exception(error))))
        raise error
    return finished
