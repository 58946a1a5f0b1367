"""Progress bars that other packages draw."""

from __future__ import annotations

import threading


def keep_in_process() -> None:
    """Let the bars of tqdm take turns within this process alone; call it before a package that draws some.

    Its own lock is a semaphore of the system as well, which a worker that is ended leaves behind, with a warning at the
    end of the program.
    """
    try:
        from tqdm.std import tqdm
    except ImportError:
        return
    tqdm.set_lock(threading.RLock())
