"""The funnel that is edited as an observed object with undo; views change it through here and listen to it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoStack

from crystal_studio.app.funnel.editing import Editing, Row
from crystal_studio.app.undo import Change
from crystal_studio.design.forms import FormField
from crystal_studio.funnel.stage_registry import StageError


class FunnelModel(QObject):
    """``changed`` follows every change; ``found`` are quantities that the candidates have before the first stage."""

    changed = Signal()

    def __init__(self, editing: Editing, found: Collection[str] = (), parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.undo_stack = QUndoStack(self)
        self.editing, self.found = editing, found
        self._mistyped: dict[tuple[str, str], str] = {}

    @property
    def problem(self) -> StageError | None:
        """What has to be corrected first: text that cannot be read, or stages that do not go together."""
        for (stage, option), text in self._mistyped.items():
            row = self.editing.row(stage)
            if row.on:
                return StageError(f"{row.kind.title}: {text}", stage, option)
        return self.editing.problem(self.found)

    def change(self, editing: Editing, text: str, merge: str = "") -> None:
        """Put another in place, undoable; changes with the same ``merge`` become one step."""
        if editing != self.editing:
            self.undo_stack.push(Change(self.show, self.editing, editing, text, merge))

    def change_row(self, row: Row, text: str, merge: str = "") -> None:
        """The same for one stage."""
        self.change(self.editing.with_row(row), text, merge)

    def show(self, editing: Editing) -> None:
        """Put another in place without a step of undo; what was mistyped goes where the field shows another value."""
        for stage, option in list(self._mistyped):
            if editing.row(stage).options.get(option) != self.editing.row(stage).options.get(option):
                del self._mistyped[stage, option]
        self.editing = editing
        self.changed.emit()

    def mistyped(self, stage: str, option: str) -> str:
        """Why the text in a field cannot be read; empty where it can."""
        return self._mistyped.get((stage, option), "")

    def forget(self) -> None:
        """Drop what was mistyped: its fields are not shown any more."""
        if self._mistyped:
            self._mistyped.clear()
            self.changed.emit()

    def mistype(self, stage: str, option: str, message: str) -> None:
        """Hold that the text in a field cannot be read, until it can; an empty message: it can."""
        if message != self.mistyped(stage, option):
            self._mistyped.pop((stage, option), None)
            if message:
                self._mistyped[stage, option] = message
            self.changed.emit()


class StageSource:
    """The options of one stage, as ``OptionFields`` reads and changes them."""

    def __init__(self, model: FunnelModel) -> None:
        self._model = model
        self.stage = ""

    def ready(self) -> bool:
        """Whether there are options to show."""
        return bool(self.stage)

    def value(self, field: FormField) -> Any:
        """What one is set to."""
        return self._model.editing.row(self.stage).value(field.name, field.default)

    def change(self, field: FormField, value: Any) -> None:
        """Set one."""
        row = self._model.editing.row(self.stage)
        merge = f"{self.stage} {field.name}"
        self._model.change_row(row.with_value(field.name, value, field.default), field.title.lower(), merge)

    def mistyped(self, name: str) -> str:
        """Why the text of one cannot be read."""
        return self._model.mistyped(self.stage, name)

    def mistype(self, name: str, message: str) -> None:
        """Hold that it cannot."""
        self._model.mistype(self.stage, name, message)
