"""The buttons above the structure, however wide their dock is."""

from __future__ import annotations

import itertools

import pytest
from PySide6.QtWidgets import QToolButton

from crystal_studio.app.viewer.structure_view import StructureView

SHOWN = ("Style", "Colour", "Cells", "Bonds", "a", "b", "c", "View", "Picture")


@pytest.mark.parametrize("width", [310, 440, 700])
def test_no_button_is_hidden(qtbot, width: int) -> None:
    view = StructureView()
    qtbot.addWidget(view)
    view.resize(width, 400)
    view.show()
    qtbot.waitExposed(view)
    bar = view.toolbar
    found = {b.text(): b for b in bar.findChildren(QToolButton) if b.isVisible() and b.text() in SHOWN}
    assert set(found) == set(SHOWN)
    for button in found.values():
        assert bar.rect().contains(button.geometry()), button.text()
    for one, other in itertools.combinations(found.values(), 2):
        assert not one.geometry().intersects(other.geometry())
    assert bar.geometry().bottom() < view.canvas.geometry().top() and view.canvas.height() > 300
