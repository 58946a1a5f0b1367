"""Errors that a user can act on, told apart from mistakes of the program."""

from __future__ import annotations


class KnownError(Exception):
    """Something outside the program is wrong; the message says what and what to do.

    The command line prints it in one line and exits with 1; the window shows it
    in a dialog. Anything that is not a ``KnownError`` is a bug and is shown with
    its traceback.
    """


class RequestError(KnownError):
    """What was asked for cannot be made; ``field`` names the part of the request to change."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class FileError(KnownError):
    """A file is missing, damaged, of another kind, or cannot be written."""


class RoomError(FileError):
    """The disk takes no more of a file: it is full, or a quota or the largest size of a file is reached."""


class ModelError(KnownError):
    """Weights are missing, damaged or made for another version."""


class MissingError(KnownError):
    """A program that is no part of this one, and that something optional needs, is not installed."""
