"""Names in a narrow dock."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtWidgets import QListWidget

from crystal_studio.app.explore.project_browser import ProjectBrowser
from crystal_studio.project.rows import CampaignRow


def campaign(number: int, name: str) -> CampaignRow:
    return CampaignRow(
        id=number,
        created="2026-01-01T00:00:00",
        name=name,
        kind="generate",
        request={},
        provenance={},
        state="finished",
        requested=96,
        chunk_size=32,
        seconds=1.0,
    )


def whole(listed: QListWidget, row: int) -> bool:
    """Whether the text of an entry fits into its rectangle on the lines it has."""
    item = listed.item(row)
    place = listed.visualItemRect(item)
    width = min(place.width(), listed.viewport().width())
    room = QRect(0, 0, width - 8, 1000)
    text = listed.fontMetrics().boundingRect(room, Qt.TextFlag.TextWordWrap, item.text())
    return text.width() <= width and text.height() <= place.height()


@pytest.mark.parametrize("width", [120, 160, 300])
def test_names_take_as_many_lines_as_they_need(qtbot, width: int) -> None:
    browser = ProjectBrowser()
    qtbot.addWidget(browser)
    names = ("Example: Li-Mn-O", "Lithium manganese oxides near the hull", "Lithium manganese oxides far from the hull")
    browser.show_campaigns([campaign(k + 1, name) for k, name in enumerate(names)])
    browser.resize(width, 600)
    browser.show()
    qtbot.waitExposed(browser)
    for listed in (browser.filters, browser.campaigns):
        assert all(whole(listed, row) for row in range(listed.count()))
    last = browser.filters.visualItemRect(browser.filters.item(browser.filters.count() - 1))
    assert browser.filters.viewport().rect().contains(last)


def test_a_judging_lists_what_it_was_about(qtbot) -> None:
    browser = ProjectBrowser()
    qtbot.addWidget(browser)
    made = campaign(1, "Li-Mn-O")
    judged = [replace(campaign(k, "judged"), kind="judge", request={"ids": ids}) for k, ids in ((2, [7]), (3, [7, 9]))]
    browser.show_campaigns([made, *judged])
    chosen: list[str] = []
    browser.chosen.connect(chosen.append)
    for row in range(3):
        browser.campaigns.itemClicked.emit(browser.campaigns.item(row))
    assert chosen == ["id in (7, 9)", "id == 7", "campaign_id == 1"]
