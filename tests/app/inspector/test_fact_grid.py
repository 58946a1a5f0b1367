"""The grid of named values of the inspector."""

from __future__ import annotations

from crystal_studio.app.inspector.parts import FactGrid

LONG = "GPAW 26.7.0, PBE, 300 eV, k-points 0.6/Å, smearing 0.05 eV, no spin"


def test_titles_of_methods_take_further_lines_and_leave_the_values_in_sight(qtbot):
    grid = FactGrid()
    qtbot.addWidget(grid)
    grid.number("Energy", "−5.1200", "eV/atom")
    narrow = grid.minimumSizeHint().width()
    grid.group(f"Conventional cell, relaxed by {LONG}")
    grid.number(f"Energy, {LONG}", "−5.1200", "eV/atom")
    assert grid.minimumSizeHint().width() < narrow + 150
