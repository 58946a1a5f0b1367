"""Keys typed into the popups of the view's toolbar."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from crystal_studio.app.viewer.structure_view import StructureView


@pytest.fixture
def view(qtbot, nacl):
    view = StructureView()
    qtbot.addWidget(view)
    view.resize(600, 400)
    with qtbot.waitActive(view):
        view.show()
        view.activateWindow()
    view.show_structure(*nacl)
    return view


def _type(key: Qt.Key) -> None:
    """A key as it comes from the window system: to the popup, else to the active window."""
    QTest.keyClick(QApplication.activePopupWidget().windowHandle(), key)


def test_tab_goes_through_the_fields_of_the_cells_and_digits_are_typed_there(view, qtbot):
    view.toolbar.popups["Cells"].open()
    qtbot.waitUntil(lambda: QApplication.activePopupWidget() is view.toolbar.popups["Cells"])
    style = view.options.style
    for digit in (Qt.Key.Key_2, Qt.Key.Key_3, Qt.Key.Key_4):
        _type(digit)
        _type(Qt.Key.Key_Tab)
    assert view.options.supercell == (2, 3, 4)
    assert view.options.style == style
    _type(Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: QApplication.activePopupWidget() is None)


def test_plain_keys_in_the_popup_of_the_bonds_do_nothing_to_the_view(view, qtbot):
    view.toolbar.popups["Bonds"].open()
    qtbot.waitUntil(lambda: QApplication.activePopupWidget() is not None)
    before = view.options
    for key in (Qt.Key.Key_2, Qt.Key.Key_S, Qt.Key.Key_Tab, Qt.Key.Key_3):
        _type(key)
    assert view.options == before
    _type(Qt.Key.Key_Space)  # on the button that puts the limit back, or on the tick: it is the popup's
    _type(Qt.Key.Key_Escape)
