"""Python's cyclic garbage is collected in the GUI thread, and in no other.

Left to itself the interpreter collects in whatever thread happens to allocate. What it finds there may be a plot, a
canvas or a timer of a dialog that was closed, and Qt crashes where such a thing is destroyed outside its own thread.
"""

from __future__ import annotations

import ctypes
import gc
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QObject, Qt, QTimerEvent
from PySide6.QtGui import QGuiApplication

INTERVAL_MS = 100
THRESHOLDS = (10_000, 3, 10)
"""New objects before the youngest are looked at, such looks before the next generation is looked at, and before all."""
FULL_SHARE = 0.01
"""Part of the time that looking at all objects may take: it is followed by a rest."""
BACKLOG = 1_000_000
"""New objects at which the GUI thread is interrupted in what it does."""
WATCH_SECONDS = 0.5


class Collector(QObject):
    """Collects while the thread that made it, the main one, handles events.

    Where that thread is busy with Python for so long that a backlog comes about, it is interrupted between two
    instructions, as by automatic collection.
    """

    def __init__(self) -> None:
        super().__init__()
        self._rest_until = 0.0
        self._was_enabled = gc.isenabled()
        self._over = threading.Event()
        self._watch = threading.Thread(target=self._look_for_backlog, name="garbage watch", daemon=True)
        gc.disable()
        self._timer = self.startTimer(INTERVAL_MS)
        self._watch.start()

    def stop(self) -> None:
        """Leave it to the interpreter again, where it was so before."""
        self.killTimer(self._timer)
        self._over.set()
        self._watch.join()
        if self._was_enabled:
            gc.enable()

    def timerEvent(self, event: QTimerEvent) -> None:
        """Collect the oldest generation that is due; all objects not while something is dragged."""
        due = [count > most for count, most in zip(gc.get_count(), THRESHOLDS, strict=True)]
        begun = time.perf_counter()
        dragged = QGuiApplication.mouseButtons() != Qt.MouseButton.NoButton
        if due[2] and begun >= self._rest_until and not dragged:
            gc.collect()
            ended = time.perf_counter()
            self._rest_until = ended + (ended - begun) / FULL_SHARE
        elif due[1]:
            gc.collect(1)
        elif due[0]:
            gc.collect(0)

    def _look_for_backlog(self) -> None:
        while not self._over.wait(WATCH_SECONDS):
            if gc.get_count()[0] > BACKLOG:
                ctypes.pythonapi.Py_AddPendingCall(_INTERRUPTION, None)


def _collect_backlog(_: int | None) -> int:
    if gc.get_count()[0] > BACKLOG:
        gc.collect(1)
    return 0


# Kept for good: the interpreter calls it in the main thread some time after it was asked to.
_INTERRUPTION = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(_collect_backlog)


@contextmanager
def collected_here() -> Iterator[None]:
    """Within it, garbage is collected in this thread alone: that of the application, and the main one."""
    collector = Collector()
    try:
        yield
    finally:
        collector.stop()
