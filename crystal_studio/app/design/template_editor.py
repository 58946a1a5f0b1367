"""The Wyckoff template: positions of the chosen space group, how many orbits on each, and the same as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import zip_longest

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from crystal_studio.app.design.form_model import FormModel
from crystal_studio.app.design.number_fields import WholeBox, show_value
from crystal_studio.app.design.wyckoff import Position, positions
from crystal_studio.app.numbers_text import plural
from crystal_studio.app.typeset import hm_html
from crystal_studio.app.widgets import GAP, EmptyState, label, mark
from crystal_studio.design.fixed_sites import on_position, parse_template, split_position, template_text
from crystal_studio.errors import RequestError

MOST_ORBITS = 20
COLUMNS = (
    ("Orbits", "How many orbits lie on the position"),
    ("Position", "Multiplicity in the conventional cell and Wyckoff letter"),
    ("Site symmetry", "Point group of the site"),
    ("Free", "Coordinates that the symmetry leaves free"),
    ("Coordinates", "Of one atom of the orbit"),
)


class TemplateEditor(QWidget):
    """Shows and changes ``Form.template``."""

    def __init__(self, model: FormModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._symbols: tuple[str, ...] = ()
        self._group = 0
        self._showing = self._typing = False
        self.spins: dict[str, WholeBox] = {}
        self._rows: list[_Row] = []
        self._positions: tuple[Position, ...] = ()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP)
        line = QHBoxLayout()
        self.text = QLineEdit()
        self.text.setPlaceholderText("4a 4b 8c, 2x8c for two orbits on 8c, Ca 4c, O 8d with elements")
        self.text.setAccessibleName("Wyckoff template")
        self.text.setToolTip(
            "The Wyckoff position of every orbit; the multiplicity may be left out, an element may stand before its"
            " positions: Ca 4c, O 4c 8d"
        )
        self.text.setClearButtonEnabled(True)
        self.text.textEdited.connect(self._type)
        self.text.editingFinished.connect(self.refresh)
        line.addWidget(self.text, 1)
        self.clear = QPushButton("Clear")
        self.clear.setToolTip("Take every position out")
        self.clear.clicked.connect(lambda: self._set((), "clear the template"))
        line.addWidget(self.clear)
        column.addLayout(line)
        self.total = label("", "section", wrap=True)
        self.total.setTextFormat(Qt.TextFormat.RichText)
        column.addWidget(self.total)
        self.empty = EmptyState(
            "crystal", "Choose one space group", "Tick it in the list at the right to see its Wyckoff positions."
        )
        column.addWidget(self.empty, 1)
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setMinimumHeight(140)
        inside = QWidget()
        inside.setProperty("role", "plain")
        self._grid = QGridLayout(inside)
        self._grid.setContentsMargins(0, 0, GAP, 0)
        self._grid.setHorizontalSpacing(22)
        self._grid.setVerticalSpacing(4)
        for index, (title, tip) in enumerate(COLUMNS):
            head = label(title, "small")
            head.setToolTip(tip)
            self._grid.addWidget(head, 0, index)
        self._grid.setColumnStretch(len(COLUMNS) - 1, 1)
        self.area.setWidget(inside)
        column.addWidget(self.area, 1)
        model.changed.connect(self.refresh)
        self.refresh()

    def set_symbols(self, symbols: tuple[str, ...]) -> None:
        """Hermann-Mauguin symbols by number - 1."""
        self._symbols = symbols
        self.refresh()

    def mark(self, bad: bool) -> None:
        """Show the text as wrong or right."""
        mark(self.text, bad)

    def refresh(self) -> None:
        """Show the form."""
        form = self._model.form
        if form.sites != "template":
            return
        group = form.space_groups[0] if len(form.space_groups) == 1 else 0
        self._showing = True
        if group != self._group:
            self._show_group(group)
        counts = Counter(self._name(split_position(name)[1]) for name in form.template)
        for line, (name, spin) in enumerate(self.spins.items(), start=1):
            show_value(spin, counts[name], self._model.mistyped(f"template/{line}"))
            _strengthen(spin, counts[name] > 0)
        mistyped = bool(self._model.mistyped("template"))
        if not self._typing and not mistyped and self.text.text() != template_text(form.template):
            self.text.setText(template_text(form.template))
        self.empty.setVisible(not group)
        self.area.setVisible(bool(group))
        self.clear.setEnabled(bool(form.template) or mistyped)
        self.total.setText(self._sum(counts))
        self.total.setVisible(bool(group))
        self._showing = False

    def _name(self, typed: str) -> str:
        """A position with its multiplicity, as the rows are named."""
        letter = typed[-1:]
        found = next((p.name for p in self._positions if p.letter == letter), typed)
        return found if typed in (found, letter) else typed

    def _sum(self, counts: Counter[str]) -> str:
        """Orbits and atoms of the template, live."""
        chosen = [(p, counts[p.name]) for p in self._positions if counts[p.name]]
        atoms = sum(p.multiplicity * n for p, n in chosen)
        symbol = hm_html(self._symbols[self._group - 1]) if self._symbols and self._group else ""
        if not chosen:
            return f"{symbol}: no position chosen yet" if symbol else ""
        free = sum(p.degrees_of_freedom * n for p, n in chosen)
        centring = self._positions[0].centring
        cells = f"{plural(atoms, 'atom')} in the conventional cell"
        if centring > 1:
            cells += f", {atoms // centring} in the primitive"
        orbits = plural(sum(n for _, n in chosen), "orbit")
        return f"{orbits}, {cells}; {plural(free, 'free coordinate') if free else 'no free coordinate'}"

    def _show_group(self, group: int) -> None:
        self._group = group
        self._positions = positions(group) if group else ()
        while len(self._rows) < len(self._positions):
            line = len(self._rows) + 1
            self._rows.append(_Row(self._grid, line, self._count, self._miscount))
            self._grid.setRowStretch(line, 0)
            self._grid.setRowStretch(line + 1, 1)
        for row, position in zip_longest(self._rows, self._positions):
            row.show(position)
        self.spins = {p.name: row.spin for p, row in zip(self._positions, self._rows, strict=False)}

    def _count(self, name: str, number: int) -> None:
        if self._showing:
            return
        orbits: dict[str, list[str]] = {p.name: [] for p in self._positions}
        for orbit in self._model.form.template:
            element, position = split_position(orbit)
            orbits.setdefault(self._name(position), []).append(on_position(element, self._name(position)))
        # Orbits without an element are the first to go.
        here = sorted(orbits[name], key=lambda orbit: orbit == name)
        orbits[name] = (here + [name] * number)[:number]
        self._set(tuple(o for row in orbits.values() for o in row), f"orbits on {name}", merge=f"orbits on {name}")

    def _miscount(self, line: int, message: str) -> None:
        self._model.mistype(f"template/{line}", message)

    def _type(self, text: str) -> None:
        self._typing = True
        try:
            self._change(parse_template(text), "type the template", merge="type template")
            self._model.mistype("template", "")
        except RequestError as error:
            self._model.mistype("template", str(error))
        self._typing = False

    def _set(self, names: tuple[str, ...], text: str, merge: str = "") -> None:
        self._model.forget("template")
        self._change(names, text, merge)

    def _change(self, names: tuple[str, ...], text: str, merge: str = "") -> None:
        self._model.change(replace(self._model.form, template=names), text, merge=merge)
        self.refresh()


class _Row:
    """One position with the number of its orbits; made once and used for every group."""

    def __init__(
        self,
        grid: QGridLayout,
        line: int,
        counted: Callable[[str, int], None],
        miscounted: Callable[[int, str], None],
    ) -> None:
        self.spin = WholeBox(0, 1, "–")
        self.spin.setFixedWidth(64)
        self.spin.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._name = ""
        self._labels = [QLabel(), QLabel(), label("", "muted"), label("", "muted")]
        for column, widget in enumerate((self.spin, *self._labels)):
            grid.addWidget(widget, line, column)
        self.spin.valueChanged.connect(lambda number: counted(self._name, number))
        self.spin.mistyped.connect(lambda message: miscounted(line, message))

    def show(self, position: Position | None) -> None:
        """Show a position, or nothing."""
        if position is not None:
            self._name = position.name
            self.spin.setRange(0, 1 if position.fixed else MOST_ORBITS)
            self.spin.setAccessibleName(f"Orbits on {position.name}")
            self.spin.setToolTip(
                f"{position.name} has no free coordinate and holds one orbit at most"
                if position.fixed
                else f"Orbits on {position.name}: typed, or by the arrow keys"
            )
            texts = (
                f"{position.multiplicity}<i>{position.letter}</i>",
                hm_html(position.site_symmetry),
                position.free or "none",
                position.coordinates,
            )
            for widget, text in zip(self._labels, texts, strict=True):
                widget.setText(text)
        for one in (self.spin, *self._labels):
            one.setVisible(position is not None)


def _strengthen(widget: QWidget, on: bool) -> None:
    """Show a row as chosen, not by colour alone."""
    font = widget.font()
    if font.bold() != on:
        font.setBold(on)
        widget.setFont(font)
