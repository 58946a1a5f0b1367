"""What is typed into the design page: the request is what stands on screen, or there is none."""

from __future__ import annotations

from dataclasses import replace

import pytest
from design_pages import click, retype, shown_page
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QLocale, Qt

from crystal_studio.app.design.form import Aim, Form
from crystal_studio.app.design.number_fields import decimal, whole
from crystal_studio.design.request import PropertyTarget
from crystal_studio.generators.symmcd.family import FAMILY as SYMMCD


@pytest.fixture
def page(qtbot):
    return shown_page(qtbot)


def _red(page) -> list[str]:
    """Names of the fields that are marked as wrong."""
    from PySide6.QtWidgets import QWidget

    return sorted(w.accessibleName() for w in page.findChildren(QWidget) if w.property("bad"))


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        (lambda p: p.chemistry.system, "Li-Mn-O", "Li-Mn-Oo"),
        (lambda p: p.chemistry.formula, "LiMn2O4", "LiMn2o4"),
        (lambda p: p.budget.seed, "12", "12a"),
        (lambda p: p.budget.count, "500", "2,5"),
        (lambda p: p.budget.count, "500", "2000000"),
        (lambda p: p.budget.max_atoms, "24", "501"),
    ],
)
def test_valid_text_replaced_by_invalid_text_leaves_no_request(page, qtbot, field, good, bad):
    told = []
    page.validity.connect(lambda: told.append(page.ready))
    retype(qtbot, field(page), good)
    assert page.ready and page.launch.button.isEnabled() and not _red(page)
    retype(qtbot, field(page), bad)
    assert _red(page) == [field(page).accessibleName()]
    assert not page.ready and not page.launch.button.isEnabled() and page.model.request is None and told[-1] is False
    page.launch.button.setFocus()
    shown = field(page).text()
    assert shown == bad and not page.launch.button.isEnabled()  # neither lost nor corrected behind the user's back
    retype(qtbot, field(page), good)
    assert page.ready and page.launch.button.isEnabled() and not _red(page)


def test_what_was_mistyped_goes_as_soon_as_its_field_shows_something_else(page, qtbot):
    retype(qtbot, page.chemistry.system, "Li-Qq")
    page.budget.count.stepUp()
    assert page.chemistry.system.text() == "Li-Qq" and not page.ready
    click(qtbot, page.chemistry.table.cells["Mn"])
    assert page.ready and not _red(page) and page.chemistry.system.text() == "Li-Mn"
    retype(qtbot, page.chemistry.formula, "Mn2x")
    retype(qtbot, page.budget.count, "1.5")
    assert _red(page) == ["Candidates", "Exact composition"]
    request = replace(Form(count=9), seed=4).with_system("Fe-O").request(SYMMCD)
    page.model.set_request(request)
    assert page.ready and not _red(page) and page.model.request == request
    assert (page.chemistry.formula.text(), page.budget.count.text()) == ("", "9")


def test_clear_and_undo_take_back_what_was_mistyped(page, qtbot):
    retype(qtbot, page.chemistry.system, "Qq")
    clear = next(b for b in page.chemistry.findChildren(type(page.launch.more)) if b.text() == "Clear")
    click(qtbot, clear)
    assert page.ready and page.chemistry.system.text() == ""
    retype(qtbot, page.budget.count, "30")
    retype(qtbot, page.budget.count, "30.5")
    page.model.undo_stack.undo()
    assert page.ready and page.budget.count.text() == "64"


def test_a_refused_field_stays_refused_until_the_form_changes(page):
    page.show_error("count", "Too many for this device.")
    assert _red(page) == ["Candidates"] and not page.ready and not page.launch.button.isEnabled()
    page.budget.count.stepUp()
    assert page.ready and not _red(page)


def test_a_model_that_is_not_installed_is_said_beside_its_field(page):
    page.model.change(Form(model="elsewhere"), "x")
    assert not page.ready and "elsewhere is not installed" in page.budget.errors["model"][1].text()


@pytest.fixture(params=["C", "de_DE", "en_US", "ar_EG"])
def locale(request):
    QLocale.setDefault(QLocale(request.param))
    yield request.param
    QLocale.setDefault(QLocale.system())


@pytest.mark.parametrize("typed", ["2,5", "2.5", "2.50", "25e-1"])
def test_a_decimal_comma_is_a_decimal_point_in_every_locale(locale, typed, qtbot):
    page = shown_page(qtbot)
    page.what.show_tab("targets")
    row = page.targets.rows["band_gap"]
    click(qtbot, row.tick, 8)
    retype(qtbot, row.high, typed)
    assert page.model.request.targets == (PropertyTarget("band_gap", 1, 2.5),)
    qtbot.keyClick(row.high, Qt.Key.Key_Tab)
    assert row.high.text() == "2.5" and page.ready
    retype(qtbot, page.targets.options.widgets["guidance"], "3,5")
    assert page.model.request.options["guidance"] == 3.5
    retype(qtbot, page.budget.count, "1,500")
    assert page.model.request.count == 1500


def test_a_number_with_separators_of_thousands_and_a_decimal_point_is_refused(page, qtbot):
    page.what.show_tab("targets")
    row = page.targets.rows["band_gap"]
    click(qtbot, row.tick, 8)
    retype(qtbot, row.high, "1,234.5")
    assert "without separators" in row.hint.text() and not page.ready and row.high.property("bad")
    click(qtbot, row.tick, 8)
    assert page.ready and not _red(page)


def test_a_range_outside_training_is_told_from_one_that_is_partly_outside(page):
    row = page.targets.rows["band_gap"]
    page.model.change(Form().with_aim("band_gap", Aim("band_gap", 8, 12)), "x")
    assert row.hint.text().startswith("Partly outside")
    for low, high in ((9.5, 12), (-3, -1)):
        page.model.change(Form().with_aim("band_gap", Aim("band_gap", low, high)), "x")
        assert row.hint.text().startswith("Wholly outside") and page.ready


def test_the_wheel_over_a_field_without_focus_scrolls_the_page(page, qtbot):
    from PySide6.QtCore import QPoint, QPointF
    from PySide6.QtGui import QWheelEvent
    from PySide6.QtWidgets import QApplication

    page.launch.button.setFocus()
    for field in (page.budget.count, page.budget.funnel):
        middle = QPointF(field.rect().center())
        event = QWheelEvent(
            middle, field.mapToGlobal(middle), QPoint(), QPoint(0, -120), Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(field, event)
    assert page.model.form == Form()


@given(st.integers(0, 10**9))
def test_whole_numbers_are_read_with_and_without_thousands(n):
    assert whole(str(n)) == whole(f"{n:,}") == whole(f"{n:,}".replace(",", " ")) == n


@pytest.mark.parametrize("text", ["", "2,5", "2.5", "1,00", "1 0000", "-1", "x", "1e3"])
def test_what_is_no_whole_number_is_not_read_as_one(text):
    assert whole(text) is None


@given(st.decimals(-1000, 1000, places=4))
def test_numbers_are_read_with_point_or_comma(value):
    text = f"{value:f}"
    assert decimal(text) == decimal(text.replace(".", ",")) == decimal(text.replace("-", "\u2212")) == float(value)
