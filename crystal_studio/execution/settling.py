"""How a process of ours begins: one thread, no Ctrl-C of its own, and no life beyond its parent's."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress

from crystal_studio.execution.threads import one_thread

NICE = 5
"""Workers give way to the window by so much."""


def settle(*, nice: int = 0, group: bool = False, orphaned: Callable[[], None] | None = None) -> None:
    """Make this process a child that behaves.

    nice : how much it gives way to other programs.
    group : lead a process group, so that what it starts ends with it (see ``end``).
    orphaned : called when the parent has died, instead of ending at once.
    """
    one_thread()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal is the parent's to handle
    if group and hasattr(os, "setpgid"):
        os.setpgid(0, 0)
    if nice and hasattr(os, "nice"):
        os.nice(nice)
    parent = multiprocessing.parent_process()
    if parent is not None:
        watch = threading.Thread(target=_outlive, args=(parent, orphaned or end), name="parent watch", daemon=True)
        watch.start()


def end(code: int = 1) -> None:
    """End this process at once, and with it its group where it leads one."""
    if hasattr(os, "killpg") and os.getpgid(0) == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(code)


def end_other(process: multiprocessing.process.BaseProcess) -> None:
    """End a process that was started by us, and with it its group where it leads one; waits for its end."""
    pid = process.pid
    if pid is None:
        return
    if process.exitcode is None:  # else the number may belong to another process by now
        with suppress(OSError):
            if hasattr(os, "killpg") and os.getpgid(pid) == pid:
                os.killpg(pid, signal.SIGKILL)
        process.kill()
    process.join()


def how_it_ended(process: multiprocessing.process.BaseProcess, patience: float = 1.0) -> str:
    """Like "killed by signal 9" or "exit code 1"."""
    process.join(patience)
    code = process.exitcode
    if code is None:
        return "worker lost"
    return f"killed by signal {-code}" if code < 0 else f"exit code {code}"


def _outlive(parent: multiprocessing.process.BaseProcess, then: Callable[[], None]) -> None:
    parent.join()
    then()
