"""One step of undo of an observed value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtGui import QUndoCommand


class Change(QUndoCommand):
    """Puts ``new`` in place of ``old`` by ``show``; neighbours with the same ``merge``, not empty, become one step."""

    def __init__(self, show: Callable[[Any], None], old: Any, new: Any, text: str, merge: str) -> None:
        super().__init__(text)
        self._show, self._old, self.new, self._merge = show, old, new, merge

    def redo(self) -> None:
        self._show(self.new)

    def undo(self) -> None:
        self._show(self._old)

    def id(self) -> int:
        return hash(self._merge) % 2**30 if self._merge else -1

    def mergeWith(self, other: QUndoCommand) -> bool:
        if not isinstance(other, Change) or other._merge != self._merge:
            return False
        self.new = other.new
        return True
