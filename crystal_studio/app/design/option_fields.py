"""Fields of a form drawn from their declaration: numbers, choices, ticks and texts that a family of models declares."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QCheckBox, QFileDialog, QGridLayout, QLabel, QLineEdit, QSlider, QWidget

from crystal_studio.app import theme
from crystal_studio.app.design.choice import HELP_ROLE, Choice
from crystal_studio.app.design.number_fields import DecimalBox, WholeBox, show_value
from crystal_studio.app.design.option_sources import OptionSource
from crystal_studio.app.design.option_texts import TYPED, says, sentence, titled, told
from crystal_studio.app.design.pick_dialog import PickDialog
from crystal_studio.app.icons import icon
from crystal_studio.app.widgets import label, mark
from crystal_studio.design.forms import FormField
from crystal_studio.design.offers import offered, words
from crystal_studio.errors import RequestError

COLUMNS = 4
WIDE = ("choice", "text", "names", "picked", "cell", "file")
"""Kinds of fields that take two columns."""
MOST = 1_000_000
PARTS = 100
"""Steps of a slider."""


class OptionFields(QWidget):
    """Options in a grid of some ``columns``; hidden where there are none.

    ``told``: what each does and between which bounds stands below it.
    ``with_sliders``: one below the other, numbers between two bounds also with a slider, what each does beside it.
    """

    def __init__(
        self,
        source: OptionSource,
        with_sliders: bool = False,
        columns: int = COLUMNS,
        told: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setProperty("role", "plain")
        self._source, self._with_sliders, self._columns, self._told = source, with_sliders, columns, told
        self._fields: tuple[FormField, ...] = ()
        self._showing = False
        self.widgets: dict[str, QWidget] = {}
        self.sliders: dict[str, QSlider] = {}
        self._notes: dict[str, QLabel] = {}
        self._errors: dict[str, QLabel] = {}
        self._pictures: dict[QAction, str] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(10)
        self._grid.setVerticalSpacing(4)
        theme.manager().changed.connect(self._recolour)

    def show_fields(self, fields: tuple[FormField, ...]) -> None:
        """Show these options, with what they are set to."""
        if fields != self._fields:
            self._fields = fields
            self._showing = True  # a field that goes changes nothing any more
            self._fill()
            self._showing = False
        self.setVisible(bool(fields))
        if not self._source.ready():
            return
        self._showing = True
        for field in fields:
            self._show(field, self._source.value(field))
        self._showing = False

    def set_error(self, name: str, message: str) -> None:
        """Mark the option of this name with a message; what was mistyped stays marked."""
        for field in self._fields:
            wrong = self._source.mistyped(field.name) or (message if field.name == name else "")
            mark(self.widgets[field.name], bool(wrong))
            self._errors[field.name].setText(wrong)
            self._errors[field.name].setVisible(bool(wrong))

    @property
    def fields(self) -> tuple[FormField, ...]:
        """The options shown."""
        return self._fields

    @property
    def titles(self) -> list[str]:
        """Titles of the options."""
        return [f.title for f in self._fields]

    @property
    def changed_titles(self) -> list[str]:
        """Titles of the options that differ from their defaults."""
        return [f.title for f in self._fields if self._source.ready() and self._source.value(f) != f.default]

    def _fill(self) -> None:
        while self._grid.count():
            item = self._grid.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        kept: dict[Any, Any]
        for kept in (self.widgets, self.sliders, self._notes, self._errors, self._pictures):
            kept.clear()
        row = column = 0
        for field in self._fields:
            widget, error = self._widget(field), label("", "error", wrap=True)
            error.hide()
            widget.setAccessibleName(field.title)
            self.widgets[field.name], self._errors[field.name] = widget, error
            if self._with_sliders:
                self._add_line(field, widget, error)
                continue
            width = 2 if field.kind in WIDE else 1
            if column + width > self._columns:
                row, column = row + 1, 0
            parts: list[QWidget] = [label(titled(field), "small"), widget, error]
            if field.kind == "choice":
                self._notes[field.name] = label("", "small", wrap=True)
                parts.insert(2, self._notes[field.name])
            elif self._told:
                note = label(told(field), "small", wrap=True)
                note.setAlignment(Qt.AlignmentFlag.AlignTop)
                parts.insert(2, note)
            for line, part in enumerate(parts):
                self._grid.addWidget(part, row * 4 + line, column, 1, width)
            if isinstance(widget, DecimalBox):  # of one width, which must not hold the column back
                self._grid.setAlignment(widget, Qt.AlignmentFlag.AlignLeft)
            column += width
        if not self._with_sliders:
            for at in range(self._columns):
                self._grid.setColumnStretch(at, 1)

    def _add_line(self, field: FormField, widget: QWidget, error: QLabel) -> None:
        line = self._grid.rowCount()
        self._grid.setColumnStretch(2, 1)
        self._grid.addWidget(label(titled(field), "section"), line, 0)
        self._grid.addWidget(widget, line, 1)
        if field.kind in ("int", "float") and field.low is not None and field.high is not None:
            low, high = field.low, field.high
            slider = self.sliders[field.name] = QSlider(Qt.Orientation.Horizontal)
            slider.setRange(0, PARTS)
            slider.setAccessibleName(f"{field.title}, as a slider")
            slider.setToolTip(widget.toolTip())
            slider.valueChanged.connect(lambda at: self._slide(field, low + at / PARTS * (high - low)))
            self._grid.addWidget(slider, line, 2)
        note = self._notes[field.name] = label(sentence(field.help), "small", wrap=True)
        self._grid.addWidget(note, line + 1, 0, 1, 3)
        self._grid.addWidget(error, line + 2, 0, 1, 3)

    def _widget(self, field: FormField) -> QWidget:
        made: WholeBox | DecimalBox | QCheckBox | QLineEdit | Choice
        if field.kind == "choice":
            made = Choice()
            for choice in field.choices:
                made.addItem(choice.title, choice.value)
                made.setItemData(made.count() - 1, choice.help, HELP_ROLE)
            made.activated.connect(lambda _=0, box=made: self._change(field, box.currentData()))
        elif field.kind == "flag":
            made = QCheckBox("Yes")
            made.toggled.connect(lambda on: self._change(field, on))
        elif field.kind in ("int", "float"):
            low = -MOST if field.low is None else field.low
            high = MOST if field.high is None else field.high
            whole = field.kind == "int"
            made = WholeBox(int(low), int(high), field.zero) if whole else DecimalBox(low, high, field.step or 0.1)
            made.valueChanged.connect(lambda value: self._change(field, value))
            made.mistyped.connect(lambda message: self._source.mistype(field.name, message))
        elif field.kind in TYPED:
            made = QLineEdit()
            made.setPlaceholderText(field.zero)
            made.textEdited.connect(lambda text: self._read(field, text))
            made.editingFinished.connect(lambda box=made: self._rewrite(field, box))
        else:
            made = QLineEdit()
            made.setPlaceholderText(field.zero)
            made.textEdited.connect(lambda text: self._change(field, text))
            if field.kind == "file":
                made.addAction(self._browsing(field, made), QLineEdit.ActionPosition.TrailingPosition)
            elif field.kind == "picked":
                made.addAction(self._picking(field, made), QLineEdit.ActionPosition.TrailingPosition)
        made.setToolTip(sentence(field.help))
        return made

    def _action(self, picture: str, text: str, box: QLineEdit) -> QAction:
        action = QAction(icon(picture), text, box)
        self._pictures[action] = picture
        return action

    def _recolour(self) -> None:
        for action, picture in self._pictures.items():
            action.setIcon(icon(picture))

    def _picking(self, field: FormField, box: QLineEdit) -> QAction:
        """Opens the list of what can be picked."""
        action = self._action("search", f"Choose {field.title.lower()}…", box)

        def choose() -> None:
            dialog = PickDialog(field.title, offered(field.offers), words(str(self._source.value(field))), self)
            dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            dialog.picked.connect(lambda chosen: self._change(field, " ".join(chosen)))
            dialog.open()

        action.triggered.connect(lambda _=False: choose())
        return action

    def _browsing(self, field: FormField, box: QLineEdit) -> QAction:
        """Looks for the file."""
        action = self._action("open", f"Choose the {field.title.lower()}…", box)

        def choose() -> None:
            chosen = self.ask_file(field.title, str(self._source.value(field)))
            if chosen:
                box.setText(chosen)
                self._change(field, chosen)

        action.triggered.connect(lambda _=False: choose())
        return action

    def ask_file(self, title: str, where: str) -> str:
        """The file that the user names, empty for none."""
        return QFileDialog.getOpenFileName(self, title, where)[0]

    def _show(self, field: FormField, value: Any) -> None:
        widget = self.widgets[field.name]
        if isinstance(widget, WholeBox | DecimalBox):
            show_value(widget, value, self._source.mistyped(field.name))
        elif isinstance(widget, Choice):
            widget.show_value(value)
            if not self._with_sliders:
                self._notes[field.name].setText(next((c.help for c in field.choices if c.value == value), ""))
        elif isinstance(widget, QCheckBox):
            widget.setChecked(bool(value))
        elif isinstance(widget, QLineEdit) and field.kind in TYPED:
            if not self._source.mistyped(field.name) and not says(field, widget.text(), value):
                widget.setText(TYPED[field.kind][1](value))
        elif isinstance(widget, QLineEdit) and widget.text() != str(value):
            widget.setText(str(value))
        slider = self.sliders.get(field.name)
        if slider is not None and field.low is not None and field.high is not None:
            slider.setValue(round((value - field.low) / (field.high - field.low) * PARTS))

    def _read(self, field: FormField, text: str) -> None:
        """Take what is typed, or hold why it cannot be read."""
        try:
            value = TYPED[field.kind][0](text)
        except RequestError as error:
            self._source.mistype(field.name, str(error))
            return
        self._change(field, value)
        self._source.mistype(field.name, "")

    def _rewrite(self, field: FormField, box: QLineEdit) -> None:
        """Show what was read as it is always written."""
        if not self._source.mistyped(field.name) and self._source.ready():
            box.setText(TYPED[field.kind][1](self._source.value(field)))

    def _slide(self, field: FormField, value: float) -> None:
        step = field.step or (1.0 if field.kind == "int" else (field.high or 1) / PARTS)
        rounded = round(round(value / step) * step, 6)
        self._change(field, int(rounded) if field.kind == "int" else rounded)

    def _change(self, field: FormField, value: Any) -> None:
        if not self._showing:
            self._source.change(field, value)
