"""A screen to draw on, also on a machine that has none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from crystal_studio.errors import KnownError
from crystal_studio.execution.other_programs import environment


def present() -> bool:
    """Whether a window can be opened here."""
    if sys.platform != "linux":
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


@contextmanager
def screen(width: int = 1920, height: int = 1200) -> Iterator[None]:
    """Draw on the display that is there, else on a virtual one (Xvfb) that ends with this block."""
    if present():
        yield
        return
    program = shutil.which("Xvfb")
    if program is None:
        raise KnownError(
            "There is no display and no virtual one: install Xvfb (Debian, Ubuntu: apt install xvfb), or set DISPLAY."
        )
    reading, writing = os.pipe()
    server = subprocess.Popen(
        [program, "-displayfd", str(writing), "-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp"],
        pass_fds=(writing,),
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=_end_with_parent,
    )
    os.close(writing)
    with os.fdopen(reading) as said:
        number = said.readline().strip()
    if not number:
        raise KnownError(f"The virtual display did not start (Xvfb exit code {server.wait()}): set DISPLAY instead.")
    os.environ["DISPLAY"] = f":{number}"
    try:
        yield
    finally:
        del os.environ["DISPLAY"]
        server.terminate()
        server.wait()


def _end_with_parent() -> None:
    """Asks Linux to end this process (the screen) when the program dies, even by kill -9."""
    import ctypes
    import signal

    set_parent_death_signal = 1  # PR_SET_PDEATHSIG of prctl(2)
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGTERM)
