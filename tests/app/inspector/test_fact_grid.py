"""The grid of named values of the inspector."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QLabel

from crystal_studio.app.inspector.parts import FactGrid, scrolled

LONG = "GPAW 26.7.0, PBE, 300 eV, k-points 0.6/Å, smearing 0.05 eV, no spin"


def test_titles_of_methods_take_further_lines_and_leave_the_values_in_sight(qtbot):
    grid = FactGrid()
    qtbot.addWidget(grid)
    grid.number("Energy", "−5.1200", "eV/atom")
    narrow = grid.minimumSizeHint().width()
    grid.group(f"Conventional cell, relaxed by {LONG}")
    grid.number(f"Energy, {LONG}", "−5.1200", "eV/atom")
    assert grid.minimumSizeHint().width() < narrow + 150


@pytest.mark.parametrize("width", [320, 420, 900])
def test_every_word_is_in_sight_however_narrow_the_grid(qtbot, width):
    grid = FactGrid()
    grid.text("Against known structures", "new: no known structure matches")
    grid.text(
        "Nearest known", "mp-1020016 (Li<sub>4</sub>Ca<sub>2</sub>Mg(SiN<sub>3</sub>)<sub>2</sub>, <i>C</i>2/<i>m</i>)"
    )
    grid.number("Formation energy, SevenNet-0 (PBE+U, MP2020 corrections)", "−1.0000 ± 0.1000", "eV/atom")
    grid.finish()
    area = scrolled(grid)
    qtbot.addWidget(area)
    area.resize(width, 600)
    area.show()
    qtbot.waitExposed(area)
    labels = [found for found in grid.findChildren(QLabel) if found.text()]
    assert len(labels) == 7
    for found in labels:
        assert grid.rect().contains(found.geometry())
        assert found.width() >= found.minimumSizeHint().width()
        assert found.height() >= found.heightForWidth(found.width())
    beyond = grid.width() - area.viewport().width()
    assert beyond == area.horizontalScrollBar().maximum() and (beyond == 0 or width < 420)


def test_a_value_stays_on_one_line_where_there_is_room(qtbot):
    grid = FactGrid()
    qtbot.addWidget(grid)
    grid.text("Against known structures", "new: no known structure matches the candidate")
    grid.text("Novel", "yes")
    grid.finish()
    grid.resize(900, 200)
    grid.show()
    qtbot.waitExposed(grid)
    heights = {found.height() for found in grid.findChildren(QLabel)}
    assert len(heights) == 1
