"""Comparing candidates on the Explore page: what is written, ranked, listed and ringed."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton
from windows import opened

from crystal_studio.app.explore.arrangement import arrangement
from crystal_studio.app.explore.columns import RANK
from crystal_studio.app.explore.pareto_bar import ParetoBar
from crystal_studio.app.main_window import MainWindow
from crystal_studio.project import pareto
from crystal_studio.project.holdings import holdings

WISHED = "e_hull:low predicted_band_gap=1:2"


def page_of(qapp, qtbot, state, project):
    window = MainWindow(state, probe_devices=False)
    qtbot.addWidget(window)
    window.resize(1300, 850)
    window.show_page("explore")
    window.show()
    opened(window, project, qtbot)
    qtbot.waitUntil(lambda: window.explore.listed() > 0)
    return window, window.explore


def column_of(page, key: str) -> int:
    model = page.model
    titles = [model.headerData(i, Qt.Orientation.Horizontal) for i in range(model.columnCount())]
    return titles.index({RANK: "Rank"}.get(key, key))


def test_candidates_are_ranked_ringed_and_narrowed_to_the_front(qapp, qtbot, state, project, reader):
    window, page = page_of(qapp, qtbot, state, project)
    rank = column_of(page, RANK)
    assert page.pareto.isHidden() and page.table.isColumnHidden(rank)
    window.actions_["explore.pareto"].trigger()
    assert page.pareto.isVisible() and window.focusWidget() is page.pareto.field
    qtbot.keyClicks(page.pareto.field, WISHED)
    wanted = pareto.ranking(reader, pareto.objectives(WISHED))
    qtbot.waitUntil(lambda: page.model.ranking.objectives != ())
    assert page.model.ranking.front.tolist() == wanted.front.tolist()
    assert not page.table.isColumnHidden(rank) and page.listed() == len(wanted.ids)
    assert page.pareto.note.text() == f"{len(wanted.front)} of {wanted.compared} on the front"
    assert "predicted band gap near 1 to 2 eV" in page.pareto.note.toolTip()
    qtbot.waitUntil(lambda: len(page.scatter_view._points.front) == len(wanted.front))

    page.table.horizontalHeader().setSortIndicator(rank, Qt.SortOrder.AscendingOrder)
    qtbot.waitUntil(lambda: page.model.ids.tolist() == wanted.sorted(wanted.ids).tolist())
    assert page.model.data(page.model.index(0, rank)) == "1"
    assert page.model.data(page.model.index(page.listed() - 1, rank)) == "–"

    page.pareto.only.click()
    qtbot.waitUntil(lambda: sorted(page.model.ids.tolist()) == wanted.front.tolist())
    page.filter.set_text("id > 60")  # compared anew among those that the filter lists
    fewer = pareto.ranking(reader, pareto.objectives(WISHED), "id > 60")
    qtbot.waitUntil(lambda: sorted(page.model.ids.tolist()) == fewer.front.tolist())
    page.filter.compare.click()
    qtbot.waitUntil(lambda: page.listed() == len(fewer.ids) and page.table.isColumnHidden(rank))
    window.close()


def test_where_nothing_can_be_compared_the_page_says_so(qapp, qtbot, state, project):
    window, page = page_of(qapp, qtbot, state, project)
    page.filter.compare.click()
    qtbot.keyClicks(page.pareto.field, "lcd:high")
    qtbot.waitUntil(lambda: page.pareto.note.text() == "None has every value")
    page.pareto.only.click()
    qtbot.waitUntil(lambda: page.listing.currentWidget() is page.listing.not_compared)
    page.listing.not_compared.findChild(QPushButton).click()
    qtbot.waitUntil(lambda: page.listing.currentWidget() is page.table and page.listed() > 0)
    window.close()


def test_objectives_are_chosen_by_the_mouse_and_taken_back(qapp, qtbot, reader):
    bar, told = ParetoBar(), []
    qtbot.addWidget(bar)
    bar.changed.connect(lambda objectives, only: told.append([str(o) for o in objectives]))
    bar.arrange(arrangement(holdings(reader)))
    bar.open(True)
    menu = bar.add.menu()
    menu.aboutToShow.emit()
    wishes = {action.text(): action.menu() for action in menu.actions()}
    assert "Energy above hull, eV/atom" in wishes and "Largest sphere in the pores, Å" not in wishes

    def choose(title: str, wish: str) -> None:
        next(action for action in wishes[title].actions() if action.text() == wish).trigger()

    choose("Energy above hull, eV/atom", "Low")
    qtbot.waitUntil(lambda: told == [["e_hull:low"]])
    choose("Density, g/cm³", "Near a range…")
    qtbot.keyClicks(bar.field, "3:4")  # over the range that was put there
    qtbot.waitUntil(lambda: told[-1] == ["e_hull:low", "density=3:4"])
    choose("Energy above hull, eV/atom", "High")
    assert bar.field.text() == "density=3:4 e_hull:high"
    bar.field.undo()
    qtbot.waitUntil(lambda: told[-1] == ["e_hull:low", "density=3:4"])
    qtbot.keyClicks(bar.field, " nothing")
    qtbot.keyClick(bar.field, Qt.Key.Key_Return)
    assert bar.error.text() and told[-1] == ["e_hull:low", "density=3:4"]
