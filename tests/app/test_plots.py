"""Axes of plots say what their labels say."""

from __future__ import annotations

import numpy as np

from crystal_studio.app.plots import PlotCard, plot_widget
from crystal_studio.app.run.statistics import Bars, Histogram


def test_small_values_are_drawn_in_the_unit_of_the_label(qtbot):
    plot = plot_widget()
    qtbot.addWidget(plot)
    plot.setLabel("left", "Energy above hull, eV/atom")
    plot.plot([0, 1, 2], [0.0, 0.3, 0.6])
    plot.resize(400, 300)
    plot.show()
    qtbot.waitExposed(plot)
    axis = plot.getAxis("left")
    qtbot.waitUntil(lambda: axis.range[1] < 1)
    # What pyqtgraph multiplies the values by before it writes them.
    assert axis.autoSIPrefixScale * axis.scale == 1


def test_axes_appear_with_the_first_values(qtbot):
    card = PlotCard("Energy above hull", "eV/atom")
    qtbot.addWidget(card)
    card.show()
    edges = np.linspace(0, 1, 11)
    card.show_histogram(Histogram(edges, np.zeros(10, np.int64), 0), 0.1, "Appears later")
    assert not card.plot.isVisible() and card.note.text() == "Appears later"
    height = card.height()
    card.show_histogram(Histogram(edges, np.ones(10, np.int64), 0), 0.1, "Appears later")
    qtbot.waitUntil(card.plot.isVisible)
    assert "10 candidates" in card.note.text() and card.height() == height
    card.clear("Another campaign")
    assert not card.plot.isVisible()
    card.show_bars(Bars(("O",), np.ones(1), np.zeros(0)), "Shares, %")
    qtbot.waitUntil(card.plot.isVisible)
    card.hide()  # nothing is left to be painted once it is gone
