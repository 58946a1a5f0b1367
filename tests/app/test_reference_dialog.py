"""The dialog on the user's reference sets: a set of files, a fetched one, one removed, and what went wrong."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from crystal_studio.app.background import Background
from crystal_studio.app.references.dialog import ReferenceDialog
from crystal_studio.data import reference_sets

POSCAR = "NaCl\n5.64\n0 0.5 0.5\n0.5 0 0.5\n0.5 0.5 0\nNa Cl\n1 1\ndirect\n0 0 0\n0.5 0.5 0.5\n"


@pytest.fixture
def dialog(qtbot):
    background = Background()
    made = ReferenceDialog(background)  # no widget of qtbot's, which deletes its own before this fixture ends
    made.show()
    idle(qtbot, made)
    yield made
    at_rest(qtbot, made)
    made.close()
    background.close()
    made.deleteLater()


def idle(qtbot, dialog) -> None:
    qtbot.waitUntil(lambda: not dialog.cancel.isEnabled(), timeout=60_000)


def at_rest(qtbot, dialog) -> None:
    """No thread of the dialog is at work, and no process that one of them started."""
    threads = dialog._background._long
    qtbot.waitUntil(lambda: threads.activeThreadCount() == 0, timeout=60_000)
    qtbot.waitUntil(lambda: not multiprocessing.active_children(), timeout=60_000)


def shown(dialog) -> list[list[str]]:
    rows = [dialog.table.topLevelItem(i) for i in range(dialog.table.topLevelItemCount())]
    return [[row.text(k) for k in range(3)] for row in rows]


def test_a_set_is_made_of_files_shown_and_removed(dialog, qtbot, tmp_path: Path) -> None:
    assert "no sets yet" in dialog.message.text() and not dialog.add.isEnabled()
    file = tmp_path / "POSCAR"
    file.write_text(POSCAR)
    dialog.name.setText("mine")
    assert dialog.add.isEnabled() and not dialog.fetch.isEnabled()  # of which elements?
    dialog.start_add([file, tmp_path / "gone.cif"])
    idle(qtbot, dialog)
    assert shown(dialog) == [["mine", "1", "–"]]
    assert dialog.message.text().startswith("mine: 1 structure; skipped 1, the first gone.cif")
    dialog.start_add([file])
    idle(qtbot, dialog)
    assert "mine already" in dialog.message.text() and dialog.message.property("role") == "error"
    assert not dialog.remove.isEnabled()
    dialog.table.topLevelItem(0).setSelected(True)
    qtbot.mouseClick(dialog.remove, Qt.MouseButton.LeftButton)
    idle(qtbot, dialog)
    assert shown(dialog) == [] and reference_sets.cards() == []


def test_fetching_tells_what_is_wrong_before_it_asks_the_network(dialog, qtbot) -> None:
    dialog.name.setText("net")
    dialog.elements.setText("Li-Xx")
    dialog.provider.setEditText("nobody")
    qtbot.mouseClick(dialog.fetch, Qt.MouseButton.LeftButton)
    idle(qtbot, dialog)
    assert "Xx" in dialog.message.text() and dialog.message.property("role") == "error"
    dialog.elements.setText("Li, Mn")
    qtbot.mouseClick(dialog.fetch, Qt.MouseButton.LeftButton)
    idle(qtbot, dialog)
    assert "Unknown provider 'nobody'" in dialog.message.text()


def test_cancelled_nothing_is_kept(dialog, qtbot, tmp_path: Path) -> None:
    file = tmp_path / "POSCAR"
    file.write_text(POSCAR)
    dialog.name.setText("mine")
    dialog.start_add([file])
    qtbot.mouseClick(dialog.cancel, Qt.MouseButton.LeftButton)
    assert dialog.message.text() == "Cancelled: nothing was kept." and dialog.add.isEnabled()
    dialog.refresh()
    idle(qtbot, dialog)
    assert shown(dialog) == []
