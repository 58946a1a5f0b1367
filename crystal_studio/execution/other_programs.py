"""What a program that is not ours finds in its environment."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_LIBRARIES = "LD_LIBRARY_PATH"
_KEPT = f"{_LIBRARIES}_ORIG"
"""Where PyInstaller keeps what the user has set."""

_OURS = (_LIBRARIES, "QT_PLUGIN_PATH", "QML2_IMPORT_PATH", "MPLCONFIGDIR")
"""What a bundle sets for itself; another program would load its libraries and plugins in place of its own."""


def environment() -> dict[str, str]:
    """The variables of our own process, in a bundle without those that it has set for itself."""
    if not getattr(sys, "frozen", False):
        return dict(os.environ)
    variables = {name: value for name, value in os.environ.items() if name not in _OURS}
    if theirs := os.environ.get(_KEPT):
        variables[_LIBRARIES] = theirs
    return variables


@contextmanager
def environment_of_others() -> Iterator[None]:
    """``environment`` as that of this process, for libraries that start programs by themselves; not to be entered by
    two threads at once."""
    before = {name: os.environ.get(name) for name in _OURS}
    wanted = environment()
    _set({name: wanted.get(name) for name in _OURS})
    try:
        yield
    finally:
        _set(before)


def _set(values: dict[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
