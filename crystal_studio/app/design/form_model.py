"""The form as an observed object with undo: views change it through here and listen to it."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from crystal_studio.app.design.form import Form
from crystal_studio.design.request import DesignRequest
from crystal_studio.errors import RequestError


class _Change(QUndoCommand):
    def __init__(self, model: FormModel, old: Form, new: Form, text: str, merge: str) -> None:
        super().__init__(text)
        self._model, self._old, self.new, self._merge = model, old, new, merge

    def redo(self) -> None:
        self._model.show(self.new)

    def undo(self) -> None:
        self._model.show(self._old)

    def id(self) -> int:
        return hash(self._merge) % 2**30 if self._merge else -1

    def mergeWith(self, other: QUndoCommand) -> bool:
        if not isinstance(other, _Change) or other._merge != self._merge:
            return False
        self.new = other.new
        return True


class FormModel(QObject):
    """``changed`` follows every change; ``error`` is why the form makes no request, or None."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.undo_stack = QUndoStack(self)
        self.form = Form()
        self.error: RequestError | None = None
        self._request: DesignRequest | None = self.form.request()

    @property
    def request(self) -> DesignRequest | None:
        """The request of the form as it stands, None where it makes none."""
        return self._request

    def change(self, form: Form, text: str, merge: str = "") -> None:
        """Put another form in place, undoable; changes with the same ``merge`` become one step."""
        if form != self.form:
            self.undo_stack.push(_Change(self, self.form, form, text, merge))

    def show(self, form: Form) -> None:
        """Put another form in place without a step of undo."""
        self.form = form
        try:
            self._request, self.error = form.request(), None
        except RequestError as error:
            self._request, self.error = None, error
        self.changed.emit()

    def set_request(self, request: DesignRequest) -> None:
        """Show a request, undoable."""
        self.change(Form.of_request(request), "load request")
