"""Which devices this machine offers, asked in a child process so that torch never loads beside the window."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor, TimeoutError

from crystal_studio.app.background import TaskState
from crystal_studio.campaign.devices import Device, available


def probe(state: TaskState) -> tuple[Device, ...]:
    """The devices, the fastest first; takes as long as importing torch. Empty when cancelled."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        asked = pool.submit(available)
        while not state.cancelled:
            try:
                return asked.result(timeout=0.1)
            except TimeoutError:
                continue
        for process in (pool._processes or {}).values():
            process.terminate()
        return ()
