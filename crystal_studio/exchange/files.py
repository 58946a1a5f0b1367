"""Files that appear whole or not at all, with errors in plain words."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from crystal_studio.errors import FileError


def write_text(path: Path, text: str) -> Path:
    """Write a text file in one step; returns its path, raises ``FileError``."""
    with replacing(path) as draft:
        draft.write_text(text, encoding="utf-8", newline="\n")
    return path


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A draft beside ``path`` that takes its place when the block ends well, and is removed otherwise.

    It may be made a folder; where one is there already, its files take the place of those of their names.
    """
    draft = path.with_name(f".{path.stem}.{os.getpid()}.new{path.suffix}")
    try:
        yield draft
        if draft.is_dir() and path.is_dir():
            for file in draft.iterdir():
                file.replace(path / file.name)
        else:
            draft.replace(path)
    except OSError as error:
        raise explained(path, error) from error
    finally:
        if draft.is_dir():
            shutil.rmtree(draft, ignore_errors=True)
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)


def make_folder(folder: Path) -> None:
    """Make a folder where there is none; raises ``FileError`` where it cannot be written to."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise FileError(f"{folder} is a file, not a folder: choose another place.") from None
    except OSError as error:
        raise explained(folder, error) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise FileError(f"The folder {folder} is read-only: choose one where you may write.")


def explained(path: Path, error: OSError) -> FileError:
    """An operating-system error as one sentence with a remedy."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return FileError(f"There is no space left for {path}: free some space and export again.")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return FileError(f"{path} cannot be written: choose a folder where you may write.")
    return FileError(f"{path} cannot be written ({error.strerror or error}): choose another place.")
