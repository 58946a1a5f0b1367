"""What a worker process makes once and keeps for the tasks that follow, such as a potential with its weights, and what
a task says of its progress."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

MOST = 4
"""Objects that a worker keeps; the one that was not used for longest is given up."""

TELL_EVERY = 0.1
"""Seconds between two words of a task on its progress."""

T = TypeVar("T")

_lock = threading.RLock()
_kept: dict[Hashable, Any] = {}
_depth = 0
_seconds = 0.0
_watcher: Callable[[bool], None] | None = None
_listener: Callable[[float], None] | None = None
_told = 0.0


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


def tell(share: float) -> None:
    """Say inside a task's function what share of it is done, 0..1; see ``Engine.shares``."""
    global _told
    now = time.monotonic()
    if _listener and now - _told >= TELL_EVERY:
        _told = now
        _listener(share)


def listen(listener: Callable[[float], None] | None) -> None:
    """Hand on what tasks ``tell``, not too often."""
    global _listener
    _listener = listener


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
