"""Where options that a form shows are kept."""

from __future__ import annotations

from typing import Any, Protocol

from crystal_studio.app.design.form_model import FormModel
from crystal_studio.design.forms import FormField


class OptionSource(Protocol):
    """Whose options are shown: what they are set to, and what is typed for them that cannot be read."""

    def ready(self) -> bool: ...

    def value(self, field: FormField) -> Any: ...

    def change(self, field: FormField, value: Any) -> None: ...

    def mistyped(self, name: str) -> str: ...

    def mistype(self, name: str, message: str) -> None: ...


class FamilySource:
    """The options of the family of models that a form asks."""

    def __init__(self, model: FormModel) -> None:
        self._model = model

    def ready(self) -> bool:
        """Whether the family is known."""
        return self._model.family is not None

    def value(self, field: FormField) -> Any:
        """What one is set to."""
        family = self._model.family
        return self._model.form.option(family, field) if family is not None else field.default

    def change(self, field: FormField, value: Any) -> None:
        """Set one, undoable."""
        family = self._model.family
        if family is not None:
            form = self._model.form.with_option(family, field, value)
            self._model.change(form, field.title.lower(), merge=f"option {field.name}")

    def mistyped(self, name: str) -> str:
        """Why the text of one cannot be read."""
        return self._model.mistyped(name)

    def mistype(self, name: str, message: str) -> None:
        """Hold that it cannot."""
        self._model.mistype(name, message)
