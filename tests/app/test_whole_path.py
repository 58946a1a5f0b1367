"""From a click in the periodic table to the CIF of a crystal that the shipped model made."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core import Structure
from PySide6.QtCore import Qt

from crystal_studio.app import files
from crystal_studio.app.explore.export_dialog import ExportDialog
from crystal_studio.app.main_window import MainWindow
from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.crystal.standardise import space_group_numbers
from crystal_studio.exchange.readers import read_files
from crystal_studio.generators.registry import installed
from crystal_studio.generators.symmcd.options import SymmCDOptions

LONG = 240_000
pytestmark = pytest.mark.skipif(not installed(), reason="no trained model is in models/")


@pytest.fixture
def window(qapp, qtbot, state, tmp_path, monkeypatch):
    monkeypatch.setattr(files, "projects_folder", lambda: tmp_path / "projects")
    made = MainWindow(state, probe_devices=False)
    qtbot.addWidget(made)
    made.resize(1500, 950)
    made.show()
    qtbot.waitExposed(made)
    qtbot.waitUntil(lambda: bool(made.design.model.form.model or made.design.budget.model.isEnabled()), timeout=LONG)
    yield made
    made.close()


def test_from_the_periodic_table_to_a_file(window: MainWindow, qtbot, tmp_path: Path):
    click = Qt.MouseButton.LeftButton
    for symbol in ("Li", "Mn", "O"):
        qtbot.mouseClick(window.design.chemistry.table.cells[symbol], click)
    qtbot.keyClicks(window.design.symmetry.search, "Fm-3m")
    qtbot.keyClick(window.design.symmetry.search, Qt.Key.Key_Return)
    window.design.budget.count.setValue(4)
    window.design.budget.advanced_options.widgets["steps"].setValue(10)
    window.design.budget.max_atoms.setValue(6)
    request = window.design.model.request
    assert request is not None
    assert (request.space_groups, request.count, SymmCDOptions.of(request).steps, request.funnel) == (
        (225,),
        4,
        10,
        "quick",
    )
    assert set(request.chemical_system.allowed) == {"Li", "Mn", "O"}
    assert window.design.launch.button.isEnabled(), window.design.launch.problem.text()

    qtbot.mouseClick(window.design.launch.button, click)
    qtbot.waitUntil(lambda: window.campaign.running, timeout=LONG)
    assert window.page == "run"
    qtbot.waitUntil(lambda: not window.campaign.running, timeout=LONG)
    assert window.run_page.head.phase.text() == "Finished", window.run_page.log.toPlainText()

    qtbot.mouseClick(window.top.pages.buttons["explore"], click)
    qtbot.waitUntil(lambda: window.explore.listed() == 4, timeout=LONG)
    reader = window.session.reader
    assert reader is not None
    for row in reader.candidates():
        assert row.status in ("passed", "rejected") and (row.reason or row.value("e_hull") is not None)
        assert set(row.chemsys.split("-")) <= {"Li", "Mn", "O"} and row.asked_space_group == 225
        assert row.space_group == 225 or row.status == "rejected"
    window.explore.table.selectRow(0)  # the one nearest to the hull
    chosen = window.explore.selected_ids()
    assert len(chosen) == 1
    qtbot.waitUntil(lambda: window.explore.view.shows_structure, timeout=LONG)

    window.actions_["project.export"].trigger()
    dialog = window.findChild(ExportDialog)
    assert dialog is not None
    dialog.folder.setText(str(tmp_path / "cifs"))
    dialog.format.setCurrentIndex(dialog.format.findData("cif"))
    with qtbot.waitSignal(dialog.written, timeout=LONG) as told:
        qtbot.mouseClick(dialog.go, click)
    dialog.close()
    (path,) = told.args[0]
    assert path.parent == tmp_path / "cifs" and path.suffix == ".cif"

    read, _, problems = read_files([path])
    stored = reader.structures(chosen)
    assert not problems and len(read) == 1
    # The symmetrised file may state a smaller cell of the same crystal, where relaxation has raised its symmetry.
    assert StructureMatcher(scale=False, stol=0.02, ltol=0.02).fit(crystal(read), crystal(stored))
    assert np.isclose(read.volume[0] / read.n_atoms[0], stored.volume[0] / stored.n_atoms[0], rtol=1e-4)
    assert space_group_numbers(read)[0] == space_group_numbers(stored)[0]
    assert all(SYMBOLS[z] in ("Li", "Mn", "O") for z in read.numbers)


def crystal(structures: Structures) -> Structure:
    """The first crystal of a batch for pymatgen."""
    rows = structures.atoms(0)
    return Structure(structures.lattice[0], structures.numbers[rows].tolist(), structures.positions[rows])
