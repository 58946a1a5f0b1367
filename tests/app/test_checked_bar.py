"""Bars whose field is checked while it is typed."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QEvent

from crystal_studio.app import theme
from crystal_studio.app.explore.checked_bar import LONGEST
from crystal_studio.app.explore.filter_bar import FilterBar
from crystal_studio.app.explore.pareto_bar import ParetoBar


def test_another_theme_does_not_reach_for_a_bar_that_is_gone(qtbot):
    bars = [FilterBar(), ParetoBar()]
    icons = [bar._lead.icon().cacheKey() for bar in bars]
    theme.manager().set_scheme("dark")
    assert all(bar._lead.icon().cacheKey() != before for bar, before in zip(bars, icons, strict=True))
    for bar in bars:
        bar.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    with qtbot.captureExceptions() as raised:
        theme.manager().set_scheme("light")
    assert not raised


def test_half_a_name_is_complained_of_in_one_line_with_the_names_that_begin_like_it(qtbot):
    bar = FilterBar()
    qtbot.addWidget(bar)
    bar.set_text("pld < 3 and e_hu < 0.1")
    assert "perhaps e_hull, e_hull_spread" in bar.error.text()
    bar.set_text("zzzz < 0.1")  # like no name
    assert len(bar.error.text()) <= LONGEST + 2 and "predicted_e_hull" in bar.error.toolTip()
    bar.set_text("e_hull < 0.1")
    assert not bar.error.text() and not bar.error.toolTip()
