"""What a model is asked for in place of space groups, where it chooses the symmetry itself."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from crystal_studio.app.design.form_model import FormModel
from crystal_studio.app.design.option_fields import OptionFields
from crystal_studio.app.design.option_sources import FamilySource
from crystal_studio.app.widgets import Card, label

SECTION = "what"
"""Options that stand here; with space groups to choose they stand in the budget."""
COLUMNS = 2


class MadeOfCard(Card):
    """The options of a family that say what is to be made."""

    def __init__(self, model: FormModel, parent: QWidget | None = None) -> None:
        super().__init__("What it is made of", parent)
        self._model = model
        self.options = OptionFields(FamilySource(model), columns=COLUMNS, told=True)
        self.body.addWidget(self.options)
        self.note = label("", "small", wrap=True)
        self.body.addWidget(self.note)
        self.body.addStretch(1)
        model.changed.connect(self.refresh)

    def refresh(self) -> None:
        """Show the form."""
        here = not self._model.able.space_groups
        self.options.show_fields(tuple(f for f in self._model.fields if here and f.section == SECTION))
        title = self._model.family.title if self._model.family is not None else ""
        self.note.setText(f"The model chooses the symmetry: {title} models cannot be asked for space groups.")

    def set_error(self, field: str, message: str) -> None:
        """Mark the option of this name with a message."""
        self.options.set_error(field, message)
