"""What a worker process makes once and keeps for the tasks that follow, such as a potential with its weights."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

MOST = 4
"""Objects that a worker keeps; the one that was not used for longest is given up."""

T = TypeVar("T")

_lock = threading.RLock()
_kept: dict[Hashable, Any] = {}
_depth = 0
_seconds = 0.0
_watcher: Callable[[bool], None] | None = None


def once(key: Hashable, make: Callable[[], T]) -> T:
    """What ``make`` returned under this key in this process; made when first asked for.

    Call it inside a task's function. Its time is not on the task's clock. Where ``make`` raises, the next
    task tries again.
    """
    with _lock:
        kept = _kept.pop(key) if key in _kept else _made(make)
        _kept[key] = kept  # the last of the dictionary is the last used
        while len(_kept) > MOST:
            del _kept[next(iter(_kept))]
        return kept


def seconds() -> float:
    """Time that this process has spent on making things."""
    return _seconds


def watch(watcher: Callable[[bool], None] | None) -> None:
    """Tell ``watcher(True)`` when something begins to be made, ``watcher(False)`` when it is."""
    global _watcher
    _watcher = watcher


def _made(make: Callable[[], T]) -> T:
    global _depth, _seconds
    started = time.monotonic()
    _depth += 1
    try:
        if _depth == 1 and _watcher:
            _watcher(True)
        return make()
    finally:
        _depth -= 1
        if _depth == 0:
            _seconds += time.monotonic() - started
            if _watcher:
                _watcher(False)
