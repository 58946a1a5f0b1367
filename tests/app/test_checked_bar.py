"""Bars whose field is checked while it is typed."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QEvent

from crystal_studio.app import theme
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
