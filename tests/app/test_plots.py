"""Axes of plots say what their labels say."""

from __future__ import annotations

from crystal_studio.app.plots import plot_widget


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
