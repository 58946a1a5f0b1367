"""Keep and complete: which orbits of a seed structure stay, whether its lattice does, how many orbits come in."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from crystal_studio.app.design.form_model import FormModel
from crystal_studio.app.design.number_fields import WholeBox, show_value
from crystal_studio.app.numbers_text import plural
from crystal_studio.app.rich_text import HTML_ROLE, RichTextDelegate
from crystal_studio.app.typeset import hm_html
from crystal_studio.app.widgets import GAP, EmptyState, label
from crystal_studio.campaign.seed_structure import SeedStructure

COLUMNS = ("Keep", "Position", "x", "y", "z")
TIPS = (
    "Ticked orbits stay as they are",
    "Multiplicity in the conventional cell and Wyckoff letter",
    *(f"Fractional coordinate {axis} of one atom of the orbit" for axis in "xyz"),
)
MOST_ADDED = 20


class KeepEditor(QWidget):
    """Shows and changes what is kept of ``Form.seed_structure``."""

    def __init__(self, model: FormModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._symbols: tuple[str, ...] = ()
        self._shown: SeedStructure | None = None
        self._showing = False
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP)
        self.empty = EmptyState(
            "crystal",
            "No structure to complete yet",
            "Open a CIF, POSCAR or extended XYZ file,\n"
            "or select a candidate on the Explore page and choose Complete from this candidate.",
        )
        column.addWidget(self.empty, 1)
        self.part = QWidget()
        self.part.setProperty("role", "plain")
        inside = QVBoxLayout(self.part)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(GAP)
        head = QHBoxLayout()
        self.source = label("", "section", wrap=True)
        self.source.setTextFormat(Qt.TextFormat.RichText)
        head.addWidget(self.source, 1)
        self.all = QPushButton("Keep all")
        self.none = QPushButton("Keep none")
        for button, tip in ((self.all, "Tick every orbit"), (self.none, "Untick every orbit")):
            button.setProperty("role", "link")
            button.setToolTip(tip)
            head.addWidget(button)
        self.all.clicked.connect(lambda: self._keep_all(True))
        self.none.clicked.connect(lambda: self._keep_all(False))
        inside.addLayout(head)
        self.table = QTableWidget(0, len(COLUMNS))
        self.table.setAccessibleName("Orbits of the structure")
        for index, (title, tip) in enumerate(zip(COLUMNS, TIPS, strict=True)):
            head_item = QTableWidgetItem(title)
            head_item.setToolTip(tip)
            self.table.setHorizontalHeaderItem(index, head_item)
        self.table.verticalHeader().hide()
        self.table.setShowGrid(False)
        self.table.setAlternatingRowColors(True)
        self.table.setItemDelegate(RichTextDelegate(self.table))
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setTabKeyNavigation(False)
        self.table.setMinimumHeight(120)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.table.itemChanged.connect(self._ticked)
        inside.addWidget(self.table, 1)
        foot = QHBoxLayout()
        foot.setSpacing(18)
        self.lattice = QCheckBox("Keep the lattice")
        self.lattice.toggled.connect(self._keep_lattice)
        foot.addWidget(self.lattice)
        foot.addStretch(1)
        self._adding = label("Orbits to add", "muted")
        foot.addWidget(self._adding)
        self.added = WholeBox(0, MOST_ADDED, "as many as usual")
        self.added.setMinimumWidth(150)
        self.added.setAccessibleName("Orbits to add")
        self.added.setToolTip("How many orbits the model adds; as many as crystals of this group have where it is open")
        self.added.valueChanged.connect(self._add)
        self.added.mistyped.connect(lambda message: model.mistype("keep/added", message))
        foot.addWidget(self.added)
        inside.addLayout(foot)
        column.addWidget(self.part, 1)
        model.changed.connect(self.refresh)
        self.refresh()

    def set_symbols(self, symbols: tuple[str, ...]) -> None:
        """Hermann-Mauguin symbols by number - 1."""
        self._symbols = symbols
        self.refresh()

    def refresh(self) -> None:
        """Show the form."""
        form = self._model.form
        seed_structure = form.seed_structure
        for part in (self._adding, self.added):
            part.setVisible(self._model.able.completes)
        self.empty.setVisible(seed_structure is None)
        self.part.setVisible(seed_structure is not None)
        if seed_structure is None:
            self._shown = None
            return
        self._showing = True
        if seed_structure != self._shown:
            self._fill(seed_structure)
        for i in range(len(seed_structure.orbits)):
            tick = self.table.item(i, 0)
            if tick is not None:
                tick.setCheckState(Qt.CheckState.Checked if i in form.kept else Qt.CheckState.Unchecked)
        number = seed_structure.space_group
        symbol = hm_html(self._symbols[number - 1]) if self._symbols else "space group"
        self.source.setText(
            f"{seed_structure.name}, {symbol} ({number}):"
            f" {len(form.kept)} of {plural(len(seed_structure.orbits), 'orbit')} kept"
        )
        self.lattice.setEnabled(bool(seed_structure.cell))
        self.lattice.setChecked(form.keep_cell)
        self.lattice.setText(
            "Keep the lattice" + (f"  ({cell_text(seed_structure.cell)})" if seed_structure.cell else "")
        )
        self.lattice.setToolTip(
            "The conventional cell stays as it is" if seed_structure.cell else "Of this structure only orbits are known"
        )
        show_value(self.added, form.added, self._model.mistyped("keep/added"))
        self._showing = False

    def _fill(self, seed_structure: SeedStructure) -> None:
        self._shown = seed_structure
        self.table.setRowCount(len(seed_structure.orbits))
        for i, orbit in enumerate(seed_structure.orbits):
            tick = QTableWidgetItem(orbit.element)
            tick.setFlags(Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
            tick.setCheckState(Qt.CheckState.Unchecked)
            tick.setToolTip(f"Keep {orbit.element} on {orbit.wyckoff}")
            self.table.setItem(i, 0, tick)
            place = QTableWidgetItem(orbit.wyckoff)
            place.setData(HTML_ROLE, f"{orbit.wyckoff[:-1]}<i>{orbit.wyckoff[-1]}</i>")
            self.table.setItem(i, 1, place)
            for axis, value in enumerate(orbit.position):
                self.table.setItem(i, 2 + axis, QTableWidgetItem(f"{value:.4f}"))

    def _ticked(self, item: QTableWidgetItem) -> None:
        if self._showing or item.column() != 0:
            return
        form = self._model.form
        on = item.checkState() == Qt.CheckState.Checked
        kept = tuple(sorted({*form.kept, item.row()} if on else set(form.kept) - {item.row()}))
        what = f"{'keep' if on else 'drop'} {item.text()}"
        self._model.change(replace(form, kept=kept), what)

    def _keep_all(self, on: bool) -> None:
        form = self._model.form
        if form.seed_structure is not None:
            kept = tuple(range(len(form.seed_structure.orbits))) if on else ()
            self._model.change(replace(form, kept=kept), "keep all orbits" if on else "keep no orbit")

    def _keep_lattice(self, on: bool) -> None:
        if not self._showing:
            self._model.change(
                replace(self._model.form, keep_cell=on), "keep the lattice" if on else "free the lattice"
            )

    def _add(self, number: int) -> None:
        if not self._showing:
            self._model.change(replace(self._model.form, added=number), "orbits to add", merge="added")


def cell_text(cell: tuple[float, ...]) -> str:
    """A cell in as few words as it needs: "a = 5.64 Å", "a = 3.8, c = 9.5 Å, γ = 120°"."""
    a, b, c, *angles = cell
    lengths = [f"a = {a:.3f}"]
    if abs(b - a) > 5e-4:
        lengths.append(f"b = {b:.3f}")
    if abs(c - a) > 5e-4:
        lengths.append(f"c = {c:.3f}")
    turned = [f"{name} = {v:.2f}°" for name, v in zip("αβγ", angles, strict=True) if abs(v - 90) > 5e-3]
    return ", ".join([", ".join(lengths) + " Å", *turned])
