"""Finding space groups by any of their names, and picking many of them."""

from __future__ import annotations

import pytest
from design_pages import click, retype, shown_page
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolButton, QVBoxLayout, QWidget

from crystal_studio.app.catalogue import load
from crystal_studio.app.design.group_chips import GroupChips
from crystal_studio.app.design.group_search import find, normalised
from crystal_studio.crystal.settings import names
from crystal_studio.crystal.space_groups import tables


@pytest.fixture(scope="module")
def groups():
    return load().groups


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("Pbnm", [62]),
        ("P n a m", [62]),
        ("P2_1/n", [14]),
        ("I2/m", [12]),
        ("Cmca", [64]),
        ("Bmab", [64]),
        ("P 2_1/b 2_1/n 2_1/m", [62]),
        ("F4/m-32/m", [225]),
        ("-P 2c 2ab", [62]),
        ("-F 4 2 3", [225]),
        ("D2h^16", [62]),
        ("Oh5", [225]),
        ("Oh", list(range(221, 231))),
        ("61-64", [61, 62, 63, 64]),
        ("64 – 61", [61, 62, 63, 64]),
        ("61 to 64", [61, 62, 63, 64]),
        ("228-", [228, 229, 230]),
        ("61,62", [61, 62]),
        ("6, 7", [6, 7]),
        ("6,", [6]),
        ("1-2, Pbnm, 225", [1, 2, 62, 225]),
        ("triclinic; m-3m", [1, 2, *range(221, 231)]),
        ("orthorhombic", list(range(16, 75))),
        ("4/m", None),
        ("P6\u2083/mmc", [194]),
        ("Fm3\u0305m", [225]),
        ("231", []),
        ("Qqq", []),
    ],
)
def test_what_is_found(groups, query, expected):
    found = sorted(find(groups, query).numbers)
    if expected is None:  # a point group, and a part of other symbols
        assert {83, 84, 85, 86, 87, 88} <= set(found)
    else:
        assert found == expected


def test_every_group_is_found_by_every_symbol_it_has_in_some_setting(groups):
    for number, known in enumerate(names(), start=1):
        for symbol in known.settings:
            assert number in find(groups, symbol).numbers, symbol
    settings = [{normalised(s) for s in known.settings} for known in names()]
    assert len(set().union(*settings)) == sum(map(len, settings))  # no symbol means two groups
    assert all(normalised(s) in settings[i] for i, s in enumerate(tables().symbol))


def test_a_symbol_of_another_setting_is_explained_and_picked_by_enter(qtbot):
    page = shown_page(qtbot)
    page.set_catalogue(load())
    retype(qtbot, page.symmetry.search, "Pbnm")
    assert page.symmetry.shown() == [62] and "another symbol of" in page.symmetry.note.text()
    qtbot.keyClick(page.symmetry.search, Qt.Key.Key_Return)
    assert page.model.request.space_groups == (62,)
    retype(qtbot, page.symmetry.search, "61-64")
    assert "another symbol" not in page.symmetry.note.text()
    qtbot.keyClick(page.symmetry.search, Qt.Key.Key_Return)
    assert page.model.request.space_groups == (61, 62, 63, 64)
    qtbot.keyClick(page.symmetry.search, Qt.Key.Key_Return)
    assert page.model.request.space_groups == ()
    retype(qtbot, page.symmetry.search, "cubic")
    qtbot.keyClick(page.symmetry.search, Qt.Key.Key_Return)
    assert page.model.request.space_groups == ()  # that many are picked with the button


@pytest.mark.parametrize(("width", "height"), [(1366, 590), (1280, 545)])
def test_a_small_screen_shows_generate_and_all_groups_picked_do_not_change_that(qtbot, width, height):
    page = shown_page(qtbot, width, height)
    retype(qtbot, page.symmetry.search, "tetragonal")
    click(qtbot, page.symmetry.all_shown)
    assert len(page.model.request.space_groups) == 68
    qtbot.wait(1)
    assert (page.width(), page.height()) == (width, height)
    assert page.minimumSizeHint().height() <= height and page.minimumSizeHint().width() <= 1000
    corner = page.launch.button.mapTo(page, page.launch.button.rect().bottomRight())
    assert page.rect().contains(corner) and not page.launch.button.visibleRegion().isEmpty()
    assert page.launch.button.visibleRegion().boundingRect() == page.launch.button.rect()
    assert page.symmetry.tree.viewport().height() >= 60
    chips = [b for b in page.symmetry.chips.findChildren(QToolButton) if "Drop" in b.accessibleName()]
    assert len(chips) == 24 and page.symmetry.chips.height() <= 70
    click(qtbot, chips[0])
    assert len(page.model.request.space_groups) == 67


@pytest.mark.parametrize("tab", ["chemistry", "sites", "targets"])
def test_every_tab_fits_the_width_of_a_small_screen(qtbot, tab):
    page = shown_page(qtbot, 1280, 545)
    page.what.show_tab(tab)
    click(qtbot, page.budget.more)
    qtbot.wait(1)
    left = page.splitter.widget(0)
    assert left.horizontalScrollBar().maximum() == 0


def test_the_chips_scroll_through_the_groups_picked_and_no_further(qtbot):
    page = QWidget()
    column = QVBoxLayout(page)
    chips = GroupChips()
    column.addWidget(chips)
    column.addStretch(1)
    qtbot.addWidget(page)
    page.resize(500, 300)
    page.show()
    qtbot.waitExposed(page)
    for number in (1, 3, 92):
        chips.show_groups(tuple(range(1, number + 1)), {})
        qtbot.waitUntil(lambda: chips.height() >= 20)  # also where others were shown before
        made = [b for b in chips.findChildren(QToolButton) if b.isVisible()]
        assert len(made) == min(number, 24)
    bar = chips.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 0)
    bar.setValue(bar.maximum())
    seen = [b for b in made if not b.visibleRegion().isEmpty()]
    assert seen and seen[-1] is made[-1]
    assert chips.viewport().height() == chips.height() and bar.maximum() < chips.widget().heightForWidth(460)
