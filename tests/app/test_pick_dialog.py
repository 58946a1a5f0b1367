"""Words picked out of a list: of building blocks, with a search, connection points and a drawing."""

from __future__ import annotations

import pytest
from design_pages import groups, retype
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit

from crystal_studio.app import theme
from crystal_studio.app.catalogue import Catalogue
from crystal_studio.app.design.aims import look
from crystal_studio.app.design.design_page import DesignPage
from crystal_studio.app.design.form import Form
from crystal_studio.app.design.pick_dialog import PickDialog
from crystal_studio.app.design.sketch_view import drawn, flat
from crystal_studio.design.offers import offered
from crystal_studio.generators import registry

OFFERS = "crystal_studio.generators.mofdiff.offers"


@pytest.fixture
def dialog(qtbot) -> PickDialog:
    made = PickDialog("Linkers", offered(f"{OFFERS}:linkers"), ["BTC/6", "mine"], None)
    qtbot.addWidget(made)
    made.show()
    qtbot.waitExposed(made)
    return made


def listed(dialog: PickDialog) -> list[str]:
    return [row.offer.value for row in dialog._rows() if not row.isHidden()]


@pytest.mark.parametrize("asked", ["terephthalate", "bdc", "KKEYFWRCBNTPAC", "C8H4O4 TEREPH"])
def test_linkers_are_found_by_name_formula_and_key(dialog, asked):
    dialog.search.setText(asked)
    assert "BDC/4" in listed(dialog) and "BTC/6" not in listed(dialog)


def test_only_those_with_so_many_connection_points(dialog):
    dialog.points.setCurrentIndex(dialog.points.findData(6))
    assert "BTC/6" in listed(dialog) and all(row.offer.points == 6 for row in dialog._rows() if not row.isHidden())


def test_what_is_ticked_is_picked_with_what_was_before(dialog, qtbot):
    dialog.search.setText("BDC/4")
    (row,) = [row for row in dialog._rows() if row.offer.value == "BDC/4"]
    row.setCheckState(0, Qt.CheckState.Checked)
    assert "3 ticked" in dialog.state.text()
    with qtbot.waitSignal(dialog.picked) as told:
        qtbot.mouseClick(dialog.go, Qt.MouseButton.LeftButton)
    assert told.args == [["BTC/6", "mine", "BDC/4"]]


def test_clear_means_any(dialog):
    dialog.clear.click()
    assert dialog.values == [] and "any is allowed" in dialog.state.text() and not dialog.clear.isEnabled()


def test_numbers_are_sorted_as_numbers(dialog):
    dialog.list.sortByColumn(2, Qt.SortOrder.DescendingOrder)
    points = [row.offer.points for row in dialog._rows()]
    assert points == sorted(points, reverse=True)


def test_a_drawing_is_flat_and_without_hydrogen_on_carbon():
    (bdc,) = [offer for offer in offered(f"{OFFERS}:linkers") if offer.value == "BDC/4"]
    sketch = bdc.sketch()
    seen = [symbol for symbol, shown in zip(sketch.symbols, drawn(sketch), strict=True) if shown]
    assert sorted(seen) == ["C"] * 8 + ["O"] * 4
    places = flat(sketch.positions)
    assert places.std(0)[0] > places.std(0)[1] > 0.5  # along the molecule, then across


def test_the_page_takes_what_is_typed_and_says_what_no_library_has(qtbot):
    page = DesignPage()
    qtbot.addWidget(page)
    page.set_catalogue(Catalogue(groups(), (registry.card("mofdiff-core"),)))
    page.show()
    page.model.change(Form(model="mofdiff-core"), "x")
    boxes = page.made_of.options.widgets
    assert {"metals", "nodes", "linkers"} <= set(boxes) and all(len(boxes[n].actions()) for n in ("nodes", "linkers"))
    box = boxes["linkers"]
    assert isinstance(box, QLineEdit) and box.isVisible() and "linkers" not in page.budget.options.widgets
    retype(qtbot, box, "BDC")
    qtbot.waitUntil(lambda: page.ready)
    assert page.model.request.options["linkers"] == "BDC"
    assert "Linkers: BDC." in page.launch.summary.text()
    box.actions()[-1].trigger()
    dialog = page.findChild(PickDialog)
    assert dialog.values == ["BDC"]
    dialog.reject()


def test_the_sign_of_the_list_is_seen_in_both_themes(qtbot):
    page = DesignPage()
    qtbot.addWidget(page)
    page.set_catalogue(Catalogue(groups(), (registry.card("mofdiff-core"),)))
    page.model.change(Form(model="mofdiff-core"), "x")
    action = page.made_of.options.widgets["linkers"].actions()[-1]
    drawn = {}
    before = theme.manager().scheme
    for scheme in ("light", "dark"):
        theme.manager().set_scheme(scheme)
        drawn[scheme] = action.icon().pixmap(16, 16).toImage()
    theme.manager().set_scheme(before)
    assert drawn["light"] != drawn["dark"]


def test_the_whole_range_of_training_is_proposed_and_nothing_beyond():
    proposed = look("pld", 2.4262, 12.1853)
    assert (proposed.low, proposed.high) == (2.43, 12.18)
    assert (look("void_fraction", 0.3, 0.81).low, look("void_fraction", 0.3, 0.81).high) == (0.3, 0.81)
