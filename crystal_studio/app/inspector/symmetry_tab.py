"""The tab of space group and Wyckoff positions."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout

from crystal_studio.app.inspector.facts import TOLERANCES, SymmetryFacts
from crystal_studio.app.inspector.parts import CopyTable, selectable
from crystal_studio.app.inspector.tab import Tab
from crystal_studio.app.typeset import hm_html, hm_text
from crystal_studio.app.widgets import PAD

_WYCKOFF_TIPS = {
    1: "Multiplicity in the conventional cell, and Wyckoff letter",
    2: "Site symmetry, oriented as in the International Tables",
    3: "Fractional coordinates of one atom of the orbit",
    6: "Coordinates that symmetry leaves free",
}


class SymmetryTab(Tab):
    """Space group and Wyckoff table, as generated or as found at a tolerance."""

    tolerance_chosen = Signal(object)  # Angstrom, or None for the symmetry as generated

    def __init__(self) -> None:
        super().__init__()
        bar = QHBoxLayout()
        bar.setContentsMargins(PAD, PAD, PAD, 0)
        self.choice = QComboBox()
        self.choice.setAccessibleName("Which symmetry is shown")
        self.choice.addItem("As generated", None)
        for tolerance in TOLERANCES:
            self.choice.addItem(f"Found within {tolerance:g} Å", tolerance)
        self.choice.setToolTip("How far, in Å, atoms may lie off a symmetry operation that is still accepted")
        self.choice.currentIndexChanged.connect(lambda _: self.tolerance_chosen.emit(self.choice.currentData()))
        self.group = selectable(wrap=True)
        bar.addWidget(self.group, 1)
        bar.addWidget(self.choice)
        self.column.addLayout(bar)
        headers = ("Atom", "Wyckoff", "Site sym.", "x", "y", "z", "Free")
        self.table = CopyTable(headers, "Occupied Wyckoff positions", stretch=6)
        for part in (self.table, self.table.horizontalHeader()):
            part.setProperty("role", "tight")
        for column, tip in _WYCKOFF_TIPS.items():
            header = self.table.horizontalHeaderItem(column)
            if header is not None:
                header.setToolTip(tip)
        for column in (3, 4, 5):
            header = self.table.horizontalHeaderItem(column)
            if header is not None:
                header.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._replace(self.table)

    def start(self) -> None:
        """Back to the symmetry as generated, without telling."""
        self.choice.blockSignals(True)
        self.choice.setCurrentIndex(0)
        self.choice.blockSignals(False)

    def wait(self) -> None:
        """A search is under way."""
        self.group.setText("Looking for symmetry …")

    def fill(self, symmetry: SymmetryFacts) -> None:
        """Show one symmetry."""
        self.table.setRowCount(0)
        if symmetry.problem:
            self.group.setText(symmetry.problem)
            return
        self.group.setText(
            f"<b>{hm_html(symmetry.symbol)}</b>, no. {symmetry.space_group}<br>"
            f"{symmetry.crystal_system}, point group {hm_html(symmetry.point_group)}"
        )
        for orbit in symmetry.orbits:
            number, letter = orbit.wyckoff[:-1], orbit.wyckoff[-1]
            self.table.add_row(
                [
                    (orbit.symbol, ""),
                    (orbit.wyckoff, f"{number}<i>{letter}</i>"),
                    (hm_text(orbit.site_symmetry), hm_html(orbit.site_symmetry)),
                    *((value, "") for value in orbit.coordinates),
                    (orbit.free, ""),
                ],
                right=(3, 4, 5),
            )

    def as_text(self) -> str:
        """The table, separated by tabs."""
        return self.table.as_text()
