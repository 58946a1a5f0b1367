"""The inspector on a real project file."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import projects
import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel

from crystal_studio.app import theme, tokens
from crystal_studio.app.inspector.facts import as_lines, find_symmetry, gather
from crystal_studio.app.inspector.inspector import Inspector
from crystal_studio.app.inspector.overview_tab import HULL_NOTE
from crystal_studio.candidates.batch import Candidates
from crystal_studio.candidates.objectives import Ranking, parse
from crystal_studio.candidates.quantities import Method
from crystal_studio.candidates.verdicts import Finding, rejecting
from crystal_studio.crystal.batches import AsymmetricUnits, Structures
from crystal_studio.crystal.space_groups import tables
from crystal_studio.errors import FileError
from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.rows import QuantityRow, VerdictRow
from crystal_studio.project.store import ProjectWriter

SHA = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


@pytest.fixture
def inspector(qtbot):
    inspector = Inspector()
    qtbot.addWidget(inspector)
    inspector.resize(430, 520)
    inspector.show()
    yield inspector
    inspector.shut_down()


def _look(inspector, qtbot, project, candidate_id: int) -> None:
    with qtbot.waitSignal(inspector.filled, timeout=10_000):
        inspector.show(project.candidate(candidate_id), project)


def _words(widget) -> str:
    return "\n".join(label.text() for label in widget.findChildren(QLabel) if label.isVisibleTo(widget))


def test_empty_state_says_what_to_do(inspector, project, qtbot):
    assert "Select a candidate" in inspector.message.text() and inspector.message.isVisible()
    _look(inspector, qtbot, project, 1)
    assert not inspector.message.isVisible() and inspector.facts.row.id == 1
    inspector.show(None, None)
    assert inspector.message.isVisible() and inspector.facts is None


def test_overview(inspector, project, qtbot):
    _look(inspector, qtbot, project, 1)
    words = _words(inspector.overview)
    assert "LiMn<sub>2</sub>O<sub>4</sub>" in words
    assert '<i>Fd</i><span style="text-decoration: overline">3</span><i>m</i> (227)' in words
    assert HULL_NOTE in words
    lines = [line.split("\t") for line in inspector.overview.as_text().splitlines()]
    facts = {line[0]: line[1:] for line in lines if len(line) > 1}
    assert facts["a"] == ["8.4099", "Å"], "the relaxed cell, 2 % larger"
    assert facts["α"] == ["90.00", "°"]
    assert facts["Energy"] == ["−7.1234", "eV/atom"]
    assert facts["Energy above hull"] == ["0.012", "eV/atom"]
    assert facts["Nearest known"] == ["mp-25015 LiMn2O4"]
    assert facts["Against known structures"] == ["known structure"]
    assert facts["Atoms"] == ["56"]
    # 8 LiMn2O4 of 180.81 g/mol in the relaxed volume.
    assert float(facts["Density"][0]) == pytest.approx(8 * 180.81 / 0.602214 / 8.4099**3, abs=0.005)


def test_an_upper_bound_is_explained_once(inspector, tmp_path, qtbot):
    path = projects.make(tmp_path / "stopped.crystals", 1, judged=False)
    with ProjectWriter.open(path) as writer:
        values = {"e_hull": 0.312, "formation_energy": -1.25, "stopped": 1.0}
        found = [Finding(name, projects.POTENTIAL, np.array([value])) for name, value in values.items()]
        writer.record(1, "stability", np.array([1]), rejecting([None], found), last=True)
    with ProjectReader(path) as reader:
        _look(inspector, qtbot, reader, 1)
        words = _words(inspector.overview)
        assert "≤ 0.312" in words and "≤ −1.250" in words
        assert words.count("At most: the relaxation was left, far above the hull.") == 1


def test_weak_points_stand_beside_the_energies_with_what_to_do(inspector, tmp_path, qtbot):
    path = projects.make(tmp_path / "weak.crystals", 2, judged=False)
    with ProjectWriter.open(path) as writer:
        found = [
            Finding("e_hull", projects.POTENTIAL, np.array([0.01, 0.02])),
            Finding(
                "weaknesses", projects.POTENTIAL, np.array(["magnetic (Mn), van der Waals (layers)", None], object)
            ),
        ]
        writer.record(1, "stability", np.array([1, 2]), rejecting([None, None], found), last=True)
    with ProjectReader(path) as reader:
        assert reader.ids("'magnetic' in weaknesses").tolist() == reader.ids("weaknesses is not None").tolist() == [1]
        _look(inspector, qtbot, reader, 1)
        lines = inspector.overview.as_text().splitlines()
        at = lines.index("Weak points\tmagnetic (Mn)")
        assert lines[at + 1] == "van der Waals (layers)" and "Further quantities" not in lines
        tips = {label.text(): label.toolTip() for label in inspector.overview.findChildren(QLabel)}
        assert "ferromagnetic" in tips["magnetic (Mn)"] and "PBE-D3" in tips["van der Waals (layers)"]
        _look(inspector, qtbot, reader, 2)
        assert "Weak points" not in inspector.overview.as_text()


def test_weak_points_of_another_potential_name_it(inspector, tmp_path, qtbot):
    path = projects.make(tmp_path / "weak.crystals", 1, judged=False)
    other = Method("other", "potential", "Another one")
    with ProjectWriter.open(path) as writer:
        own = [Finding("e_hull", projects.POTENTIAL, np.array([0.01]))]
        writer.record(1, "stability", np.array([1]), rejecting([None], own))
        found = [
            Finding("e_hull", other, np.array([0.03])),
            Finding("weaknesses", other, np.array(["van der Waals (layers)"], object)),
        ]
        writer.record(1, "consensus", np.array([1]), rejecting([None], found), last=True)
    with ProjectReader(path) as reader:
        _look(inspector, qtbot, reader, 1)
        assert "Weak points, Another one\tvan der Waals (layers)" in inspector.overview.as_text().splitlines()


def test_the_pareto_rank_is_told_where_candidates_are_compared(inspector, project, qtbot):
    _look(inspector, qtbot, project, 2)
    assert "Pareto rank" not in _words(inspector.overview)
    wished = parse("e_hull:low density:low")
    inspector.show_ranking(Ranking(np.array([1, 2]), np.array([1, 3]), wished))
    assert "Pareto rank\t3" in inspector.overview.as_text()
    tips = {label.text(): label.toolTip() for label in inspector.overview.findChildren(QLabel)}
    assert "low density" in tips["Pareto rank"]
    _look(inspector, qtbot, project, 1)
    assert "Pareto rank\t1" in inspector.overview.as_text()
    inspector.show_ranking(Ranking())
    assert "Pareto rank" not in inspector.overview.as_text()


def test_overview_of_a_candidate_without_verdicts(inspector, project, qtbot):
    _look(inspector, qtbot, project, 3)
    lines = inspector.overview.as_text()
    assert "Energy above hull\t–" in lines and "as generated" in lines
    assert HULL_NOTE not in _words(inspector.overview)
    assert inspector.verdicts.none.isVisibleTo(inspector.verdicts)


def test_what_came_out_of_a_file_was_not_generated(inspector, project, qtbot):
    _look(inspector, qtbot, project, 3)
    facts = inspector.facts
    inspector.overview.fill(replace(facts, campaign=replace(facts.campaign, kind="import")))
    assert "Conventional cell, as imported" in inspector.overview.as_text()


def test_predictions_carry_their_uncertainty_and_a_warning_outside_the_training_data(inspector, project, qtbot):
    _look(inspector, qtbot, project, 1)
    assert "predicted" not in inspector.overview.as_text()
    facts = inspector.facts
    learned = Method("properties-mp20-like", "learned", "Property model")
    guesses = (("formation_energy", -2.104, 0.062), ("e_hull", 0.051, 0.034), ("band_gap", 1.5, 0.4))
    rows = tuple(QuantityRow(1, name, learned, value, None, "", std, False) for name, value, std in guesses)
    notes = {"band_gap_low": 0.2, "band_gap_high": 2.8, "property_note": "its packing is unusual"}
    verdict = VerdictRow(1, "properties", 1, "passed", "", notes=notes)
    row = replace(facts.row, predicted={"in_domain": (False, None), "probability_metal": (0.12, None)})
    more = replace(facts, row=row, verdicts=(*facts.verdicts, verdict), quantities=(*facts.quantities, *rows))
    inspector.overview.fill(more)
    lines = [line.split("\t") for line in inspector.overview.as_text().splitlines()]
    shown = {line[0]: line[1:] for line in lines if len(line) > 1}
    assert shown["Formation energy, predicted"] == ["−2.10 ± 0.06", "eV/atom"]
    assert shown["Band gap, predicted"] == ["1.50 ± 0.40", "eV"]
    assert shown["Probability of a metal"] == ["12", "%"]
    assert any("its packing is unusual" in part.text() for part in inspector.overview.findChildren(QLabel))
    tips = [part.toolTip() for part in inspector.overview.findChildren(QLabel)]
    assert any("between 0.20 and 2.80 eV" in tip for tip in tips)


def test_rejection_is_said_in_words_with_stage_and_reason(inspector, project, qtbot):
    _look(inspector, qtbot, project, 2)
    words = "No oxidation states make NaCl charge neutral (Na +1, Cl +1)."
    assert f"Rejected, Charge balance: {words}" in _words(inspector.overview)
    table = inspector.verdicts.table
    assert [table.item(r, 1).text() for r in range(2)] == ["passed", "rejected"]
    assert not table.item(1, 1).icon().isNull()
    assert table.item(0, 2).text() == "Shortest distance 2.82 Å"
    assert table.item(1, 2).text() == words
    assert table.item(0, 3).text() == "0.20"


@pytest.mark.parametrize("width", [420, 560, 900])
def test_what_a_stage_found_is_shown_whole(inspector, project, qtbot, width):
    _look(inspector, qtbot, project, 1)
    inspector.resize(width, 700)
    inspector.show()
    inspector.tabs.setCurrentWidget(inspector.verdicts)
    table = inspector.verdicts.table
    item = table.item(table.rowCount() - 1, 2)
    item.setText(4 * "Formation energy 0.038 ± 0.191 eV/atom; Energy above hull 1.358 ± 0.188 eV/atom; ")

    def whole() -> bool:
        place = table.visualItemRect(item)
        room = QRect(0, 0, place.width() - 2 * 5 - 2 * 3, 10_000)  # beside the padding of the style and of the text
        wanted = table.fontMetrics().boundingRect(room, Qt.TextFlag.TextWordWrap, item.text())
        return bool(place.height() >= wanted.height() + 6)

    qtbot.waitUntil(whole)


def test_wyckoff_table(inspector, project, qtbot):
    _look(inspector, qtbot, project, 1)
    table = inspector.symmetry.table
    rows = [[table.item(r, c).text() for c in range(7)] for r in range(3)]
    assert rows[0][:2] == ["Li", "8a"] and rows[0][3:] == ["1/8", "1/8", "1/8", "none"]
    assert rows[1][:3] == ["Mn", "16d", ".3̅m"] and rows[1][3:] == ["1/2", "1/2", "1/2", "none"]
    assert rows[2][:2] == ["O", "32e"] and rows[2][3:6] == ["0.2632"] * 3 and rows[2][6] == "x"
    assert "no. 227" in inspector.symmetry.group.text()
    assert table.item(0, 3).textAlignment() & Qt.AlignmentFlag.AlignRight


def test_the_wyckoff_table_fits_into_the_narrow_inspector(inspector, project, qtbot):
    _look(inspector, qtbot, project, 1)
    inspector.resize(420, 700)
    inspector.tabs.setCurrentWidget(inspector.symmetry)
    table = inspector.symmetry.table
    qtbot.waitUntil(lambda: table.isVisible() and table.horizontalScrollBar().maximum() == 0)
    free = table.item(2, 6)
    free.setText("x, y, z")
    assert table.columnWidth(6) >= table.sizeHintForColumn(6)
    assert table.columnWidth(6) >= table.horizontalHeader().sectionSizeHint(6)


def test_symmetry_at_a_tolerance_is_found_in_the_background(inspector, project, qtbot):
    _look(inspector, qtbot, project, 3)
    inspector.symmetry.choice.setCurrentIndex(inspector.symmetry.choice.findData(0.01))
    assert "Looking" in inspector.symmetry.group.text()
    qtbot.waitUntil(lambda: "no. 194" in inspector.symmetry.group.text(), timeout=20_000)
    assert inspector.symmetry.table.rowCount() == 2
    inspector.symmetry.choice.setCurrentIndex(0)
    assert "no. 194" in inspector.symmetry.group.text()


def test_a_coarser_tolerance_finds_more_symmetry(project):
    structure = project.structures([2])
    positions = structure.positions.copy()
    positions[1, 0] += 0.004
    bent = Structures(structure.lattice, structure.offsets, structure.numbers, positions, structure.orbit)
    assert find_symmetry(bent, 0.1).space_group == 225
    assert find_symmetry(bent, 0.001).space_group < 225


def test_no_symmetry_is_said(project):
    structure = project.structures([2])
    positions = structure.positions.copy()
    positions[1] = positions[0]
    broken = Structures(structure.lattice, structure.offsets, structure.numbers, positions, structure.orbit)
    assert "No space group" in find_symmetry(broken, 0.01).problem


def test_provenance_is_shown_in_full_and_copied_as_json(inspector, project, qtbot):
    _look(inspector, qtbot, project, 1)
    words = _words(inspector.provenance).replace("\u200b", "")
    for wanted in (SHA, "symmcd", "0.1.0", "Li, Mn, O"):
        assert wanted in words
    inspector.tabs.setCurrentWidget(inspector.provenance)
    qtbot.mouseClick(inspector.copy_button, Qt.MouseButton.LeftButton)
    copied = json.loads(QGuiApplication.clipboard().text())
    assert copied["campaign"]["provenance"]["model_sha256"] == SHA
    assert copied["campaign"]["request"]["seed"] == 7
    assert copied["candidate"]["id"] == 1


def test_tables_are_copied_with_tabs(inspector, project, qtbot):
    _look(inspector, qtbot, project, 1)
    table = inspector.symmetry.table
    inspector.tabs.setCurrentWidget(inspector.symmetry)
    table.selectRow(1)
    qtbot.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines[0].startswith("Atom\tWyckoff\t") and lines[1].startswith("Mn\t16d\t") and len(lines) == 2


def test_the_candidate_shown_last_wins(inspector, project, qtbot):
    rows = [project.candidate(i) for i in (1, 2, 3)]
    for row in (*rows, *rows):
        inspector.show(row, project)
    qtbot.waitUntil(lambda: inspector.facts is not None and not inspector._background.busy(), timeout=10_000)
    assert inspector.facts.row.id == 3


def test_a_project_that_cannot_be_read_is_said(inspector, project, qtbot):
    class Broken:
        def batch(self, ids, geometry=""):
            raise FileError("The project file is damaged: open a copy.")

    inspector.show(project.candidate(1), Broken())
    qtbot.waitUntil(lambda: "damaged" in inspector.message.text(), timeout=5000)
    assert inspector.message.isVisible()


def test_theme_changes_keep_what_is_shown(inspector, project, qtbot):
    _look(inspector, qtbot, project, 2)
    theme.manager().set_scheme("dark")
    assert "Rejected, Charge balance" in _words(inspector.overview)
    colour = inspector.verdicts.table.item(1, 1).foreground().color().name()
    assert colour == tokens.DARK.danger


def test_numbers_have_accessible_names(inspector, project, qtbot):
    _look(inspector, qtbot, project, 1)
    names = {label.accessibleName() for label in inspector.overview.findChildren(QLabel)}
    assert "a: 8.4099 Å" in names and "Formula LiMn2O4" in names


def test_detected_group_that_differs_is_named(project):
    facts = gather(project.candidate(1), project)
    assert facts.geometry == "CHGNet 0.3.0" and facts.symbol == "Fd-3m" and facts.campaign.name == "Li-Mn-O"


def test_every_geometry_and_every_method_is_told(inspector, project, qtbot):
    _look(inspector, qtbot, project, 1)
    words = inspector.overview.as_text()
    assert "Conventional cell, relaxed by CHGNet 0.3.0" in words
    lines = [line.split("\t") for line in words.splitlines()]
    shown = {line[0]: line[1:] for line in lines if len(line) > 1}
    assert shown["Energy above hull"] == ["0.012", "eV/atom"]
    assert shown["Energy above hull, SevenNet-0"] == ["0.034", "eV/atom"]
    tips = {part.toolTip() for part in inspector.overview.findChildren(QLabel)}
    assert any("As generated 8.2450 Å" in tip for tip in tips)
    row = project.candidate(1)
    assert row.volume == pytest.approx((1.02 * 8.245) ** 3) and row.geometry == "chgnet"


def test_nested_facts_become_lines():
    lines = as_lines({"a_b": 1, "c": {"d": [1, 2], "e": ""}, "f": {}})
    assert lines == [(0, "a b", "1"), (0, "c", ""), (1, "d", "1, 2")]
    targets = as_lines({"targets": [{"name": "band_gap", "low": 1.0, "high": 2.0}]})
    assert targets == [(0, "targets", ""), (1, "1", "name band_gap, low 1.0, high 2.0")]


def test_the_crystal_system_is_that_of_the_group_that_was_found(inspector, qtbot, tmp_path):
    """A crystal made in P1 that has more symmetry."""
    made = AsymmetricUnits(
        np.array([1], np.int16),
        4.0 * np.eye(3)[None],
        np.array([[55, 17]], np.int16),
        np.full((1, 2), tables().wyckoff_row(1, "a")),
        np.array([[[0, 0, 0], [0.5, 0.5, 0.5]]]),
    )
    with ProjectWriter.create(tmp_path / "p1.crystals") as writer:
        campaign = writer.add_campaign("P1", {}, {}, 1)
        ids = writer.add_candidates(campaign, [0], Candidates.of_units(made), "files")
        found = Finding("space_group", Method("detection", "geometry"), np.array([221.0]))
        writer.record(campaign, "symmetry", ids, rejecting([None], [found]), last=True)
    with ProjectReader(tmp_path / "p1.crystals") as reader:
        _look(inspector, qtbot, reader, 1)
        told = _words(inspector.overview)
    assert "(221), cubic" in told and "triclinic" not in told
