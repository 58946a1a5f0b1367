"""The form as an observed object with undo: views change it through here and listen to it.

Text that cannot be read changes no form, but the form on screen is then not what it says: it is kept here beside the
form, and while there is any, there is no request.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoStack

from crystal_studio.app.catalogue import Catalogue
from crystal_studio.app.design.form import EVERYTHING, Form
from crystal_studio.app.undo import Change
from crystal_studio.design import forms
from crystal_studio.design.forms import FormField
from crystal_studio.design.request import DesignRequest
from crystal_studio.errors import RequestError
from crystal_studio.generators.family import Capabilities, Family
from crystal_studio.generators.protocol import ModelCard


class FormModel(QObject):
    """``changed`` follows every change; ``error`` is why there is no request, or None. While it ``waits`` for the
    catalogue, and nobody has changed the form, there is neither."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None, waits: bool = False) -> None:
        super().__init__(parent)
        self.waits = waits
        self.undo_stack = QUndoStack(self)
        self.form = Form()
        self.catalogue = Catalogue()
        self._mistyped: dict[str, str] = {}
        self._made: tuple[DesignRequest | None, RequestError | None] | None = None

    def set_catalogue(self, catalogue: Catalogue) -> None:
        """Know the models, and by them what can be asked for."""
        self.catalogue, self.waits = catalogue, False
        self.show(self.form)

    @property
    def card(self) -> ModelCard | None:
        """The model asked for, None where it is not installed."""
        return self.catalogue.card(self.form.model)

    @property
    def family(self) -> Family | None:
        """The family of the model asked for, None where it is not installed."""
        return self.catalogue.family(self.form.model)

    @property
    def fields(self) -> tuple[FormField, ...]:
        """The options of the family of the model asked for."""
        family = self.family
        return forms.form(family.options) if family is not None else ()

    @property
    def able(self) -> Capabilities:
        """What the model asked for can be asked for; everything where that is not known."""
        family = self.family
        return family.capabilities if family is not None else EVERYTHING

    @property
    def request(self) -> DesignRequest | None:
        """The request of the form as it stands on screen, None where it makes none."""
        return None if self._mistyped else self._outcome[0]

    @property
    def error(self) -> RequestError | None:
        """What has to be corrected first: text that cannot be read, or fields that do not go together."""
        wrong = next(iter(self._mistyped.items()), None)
        return RequestError(wrong[1], wrong[0].partition("/")[0]) if wrong else self._outcome[1]

    def mistyped(self, field: str) -> str:
        """Why the text in a field cannot be read; empty where it can."""
        return self._mistyped.get(field, "")

    def mistype(self, field: str, message: str) -> None:
        """Hold that the text in a field cannot be read, until it can or the field shows something else.

        ``field`` is one of the request, with "/" and more where several places show it; an empty message: it can.
        """
        if message != self.mistyped(field):
            self._mistyped.pop(field, None)
            if message:
                self._mistyped[field] = message
            self.changed.emit()

    def forget(self, *fields: str) -> None:
        """Drop what was mistyped in some fields, or in all of them."""
        wrong = [f for f in self._mistyped if not fields or f in fields]
        for field in wrong:
            del self._mistyped[field]
        if wrong:
            self.changed.emit()

    def change(self, form: Form, text: str, merge: str = "") -> None:
        """Put another form in place, undoable; changes with the same ``merge`` become one step."""
        self.waits = False
        if form != self.form:
            self.undo_stack.push(Change(self.show, self.form, form, text, merge))

    def show(self, form: Form) -> None:
        """Put another form in place without a step of undo; what was mistyped goes where its field shows another."""
        for field in list(self._mistyped):
            if shown(form, field) != shown(self.form, field):
                del self._mistyped[field]
        self.form, self._made = form, None
        self.changed.emit()

    @property
    def _outcome(self) -> tuple[DesignRequest | None, RequestError | None]:
        """The request of the form, or why there is none; made when first asked for."""
        if self.waits:
            return None, None
        if self._made is None:
            try:
                self._made = (self.form.request(self.family), None)
            except RequestError as error:
                self._made = (None, error)
        return self._made

    def set_request(self, request: DesignRequest) -> None:
        """Show a request, undoable; raises ``RequestError``, and leaves the form as it is, where it cannot be shown."""
        form = self.form_of(request)
        self.forget()
        self.change(form, "load request")

    def form_of(self, request: DesignRequest) -> Form:
        """The form that makes a request; raises ``RequestError`` where the family of its model has other options."""
        return Form.of_request(request, self.catalogue.family(request.model))


def shown(form: Form, field: str) -> object:
    """What a field that is typed in shows of a form."""
    name, _, rest = field.partition("/")
    if name == "chemsys":
        return form.picks
    if name == "template":
        return form.template, form.sites, form.space_groups if rest else ()
    if name == "keep":
        return form.added, form.sites, form.seed_structure
    if name == "target":
        target, _, end = rest.partition("/")
        return getattr(form.aim(target), end, None)
    if hasattr(form, name):
        return getattr(form, name)
    return form.model, [value for _, option, value in form.options if option == name]
