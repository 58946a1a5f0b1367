"""Keeps None, True and False alive under PySide6 6.12 on Python 3.11.

PySide6 6.12 treats these objects as immortal, which they are from Python 3.12
on: ``QWidget.parentWidget()`` that returns None, or a signal that carries an
object, takes a reference away without having one. On Python 3.11 the count
sinks to zero after some tens of thousands of calls and the interpreter aborts
("none_dealloc: deallocating None"). A count that can never sink that far is
what immortality amounts to.
"""

from __future__ import annotations

import ctypes
import sys

LARGE = 1 << 40


def keep() -> None:
    """Give the three objects a reference count that outlasts any run; does nothing where they are immortal."""
    if sys.version_info >= (3, 12) or sys.implementation.name != "cpython":
        return
    for thing in (None, True, False):
        if sys.getrefcount(thing) < LARGE // 2:
            ctypes.c_ssize_t.from_address(id(thing)).value += LARGE
