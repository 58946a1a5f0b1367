"""What a run was asked for last, where words can overtake each other."""

from __future__ import annotations

import threading


class Steering:
    """The ``cancel`` and ``pause`` tokens of a run, set by words.

    Both set: the run is put down, to be carried on at another time. An end that was asked for is never taken
    back: after "cancel" no word counts, after "put down" only "cancel" does.
    """

    def __init__(self) -> None:
        self.cancel, self.pause = threading.Event(), threading.Event()
        self._lock = threading.Lock()

    def obey(self, word: str) -> None:
        """Take "pause", "resume", "cancel" or "put down"; from any thread."""
        with self._lock:
            if word == "cancel":
                self.pause.clear()
                self.cancel.set()
            elif self.cancel.is_set():
                return
            elif word == "put down":
                self.pause.set()
                self.cancel.set()
            elif word == "pause":
                self.pause.set()
            elif word == "resume":
                self.pause.clear()
            else:
                raise ValueError(f"no word for a campaign: {word!r}")
