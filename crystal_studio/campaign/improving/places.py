"""Where an improvement keeps what is no part of the project file."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

from crystal_studio import paths
from crystal_studio.errors import FileError, RoomError

_FULL = ("no space left", "disk quota exceeded", "file too large", "os error 28", "os error 27", "os error 122")
"""What the system says, through whatever library."""


def folder(project: Path, improvement: int) -> Path:
    """Base data, training data and checkpoints, beside the project: ``battery.improve/1``."""
    return project.with_name(f"{project.stem}.improve") / str(improvement)


def model_name(project: Path, improvement: int, number: int) -> str:
    """A name that no model has yet: "battery-i1-r2", with a number behind it where that is taken."""
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", project.stem).strip("-.") or "model"
    name = wanted = f"{stem}-i{improvement}-r{number}"
    more = 1
    while paths.model(name).exists():
        more += 1
        name = f"{wanted}-{more}"
    return name


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Around what writes files to a folder: a disk that takes no more is told as ``RoomError``, else ``FileError``."""
    try:
        yield
    except Exception as error:  # a full disk has other names in safetensors and pyarrow than OSError
        text = str(error).lower()
        if not isinstance(error, RoomError) and any(word in text for word in _FULL):
            raise RoomError(
                f"There is no space left for {path}: free some space and run it again; it goes on where it stopped."
            ) from error
        if isinstance(error, OSError):
            raise FileError(f"{path} cannot be written ({error.strerror or error}): check its permissions.") from error
        raise
