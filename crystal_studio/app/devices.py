"""Which devices this machine offers, asked in a child process so that torch never loads beside the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crystal_studio.app.background import TaskState
from crystal_studio.errors import KnownError

if TYPE_CHECKING:
    from crystal_studio.campaign.devices import Device


def probe(state: TaskState) -> tuple[Device, ...]:
    """The devices, the fastest first; takes as long as importing torch. Empty when cancelled.

    Raises ``KnownError`` where the process that asks does not survive it, as with a broken driver.
    """
    from crystal_studio.campaign.devices import available
    from crystal_studio.execution.apart import run_apart
    from crystal_studio.execution.protocol import Cancelled, Done, Task

    match run_apart(Task(available), state.is_set):
        case Done(devices):
            return devices
        case Cancelled():
            return ()
        case other:
            raise KnownError(f"The devices of this machine could not be asked ({other}): run crystal-studio doctor.")
