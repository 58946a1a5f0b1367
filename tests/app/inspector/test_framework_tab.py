"""What the inspector says of frameworks: blocks, net, pores, adsorption, and whether they make sense."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from framework_parts import in_blocks
from PySide6.QtWidgets import QLabel

from crystal_studio.app.inspector.facts import cell_kind
from crystal_studio.app.inspector.inspector import Inspector
from crystal_studio.campaign import verdict_text
from crystal_studio.candidates.batch import Candidates
from crystal_studio.candidates.quantities import Method
from crystal_studio.candidates.verdicts import Finding, Reason, rejecting
from crystal_studio.crystal.batches import Structures
from crystal_studio.mof.key import keys_of_mofs
from crystal_studio.mof.library import shipped_blocks, shipped_mofs
from crystal_studio.mof.whole import whole_atoms
from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.store import ProjectWriter

HKUST_1 = "FIQCEN_clean"


@pytest.fixture(scope="module")
def frameworks(tmp_path_factory) -> Path:
    """HKUST-1 in blocks of the library, judged; MOF-5 in blocks of its own; MOF-5 of unknown blocks, with pores."""
    mofs = shipped_mofs()
    shipped = whole_atoms(mofs.take(np.flatnonzero(mofs.name == HKUST_1)), shipped_blocks())
    own = in_blocks("MOF-5")
    plain = Candidates.of_structures(own.structures)
    path = tmp_path_factory.mktemp("frameworks") / "frameworks.crystals"
    with ProjectWriter.create(path) as writer:
        campaign = writer.add_campaign("Frameworks", {}, {}, 3)
        ids = writer.add_candidates(campaign, [0, 1, 2], Candidates.concatenate([shipped, own, plain]), "known")
        notes = {"failed_checks": np.array(["carbon_under, lone_molecule"], object)}
        writer.record(campaign, "mof_validity", ids[:1], rejecting([Reason("carbon_under")], notes=notes))
        zeo, gcmc = Method("zeo++", "geometry", "Zeo++ 0.3"), Method("gcmc", "force_field", "GCMC")
        pores = [Finding("lcd", zeo, np.array([13.21])), Finding("pld", zeo, np.array([6.8]))]
        writer.record(campaign, "pores", ids[2:], rejecting([None], pores))
        taken = Finding("co2_working_capacity", gcmc, np.array([2.5]), np.array([0.12]))
        writer.record(campaign, "adsorption", ids[2:], rejecting([None], [taken]), last=True)
    return path


@pytest.fixture
def look(qtbot, frameworks):
    inspector = Inspector()
    qtbot.addWidget(inspector)
    inspector.resize(430, 520)
    inspector.show()
    with ProjectReader(frameworks) as reader:

        def at(candidate_id: int) -> Inspector:
            with qtbot.waitSignal(inspector.filled):
                inspector.show(reader.candidate(candidate_id), reader)
            return inspector

        yield at
        inspector.shut_down()


def _is_offered(inspector: Inspector) -> bool:
    return inspector.tabs.isTabVisible(inspector.tabs.indexOf(inspector.framework))


def test_blocks_net_and_key(look):
    inspector = look(1)
    assert _is_offered(inspector)
    text = inspector.framework.as_text()
    assert "Node Cu2\t6 ×, 8 connection points" in text and "Linker C9H3O6, BTC\t8 ×, 6 connection points" in text
    assert "Its bonds make it\tthree-dimensional" in text and "Blocks in the cell\t14" in text
    mofs = shipped_mofs()
    (key,) = keys_of_mofs(mofs.take(np.flatnonzero(mofs.name == HKUST_1)), shipped_blocks())
    assert inspector.facts.framework.key == key
    assert any("c1" in smiles for smiles in inspector.facts.framework.smiles)


@pytest.mark.parametrize("times", [1, 2])
def test_a_cell_whose_group_is_not_known_is_called_what_it_is(times):
    one = in_blocks("MOF-5").structures
    shifts = [np.array([k, 0, 0]) for k in range(times)]
    positions = np.concatenate([(one.positions + shift) / [times, 1, 1] for shift in shifts])
    lattice = one.lattice[0] * [[times], [1], [1]]
    cells = Structures.from_lists([lattice], [np.tile(one.numbers, times)], [positions])
    assert cell_kind(cells) == ("Primitive cell" if times == 1 else "Cell of 2 primitive ones")


def test_the_overview_says_which_cell_it_shows(look):
    words = look(1).overview.as_text()
    assert "Primitive cell, as generated" in words
    assert "Energy above hull" not in words and "Distance to it" not in words  # nobody asks frameworks for these


def _words(inspector: Inspector) -> str:
    return "\n".join(label.text() for label in inspector.framework.grid.findChildren(QLabel))


def test_checks_that_failed_are_sentences(look):
    inspector = look(1)
    words = _words(inspector)
    assert "A carbon lacks a neighbour" in words and "A molecule or an ion is bonded to nothing." in words
    (verdict,) = inspector.facts.verdicts
    assert verdict_text.lines(verdict, ()) == ["Failed checks: Carbon with too few bonds, A lone molecule or ion"]


def test_what_is_missing_says_what_to_do(look):
    text = _words(look(2))
    assert text.count("Not measured. Judge it with the funnel “mof”") == 2
    assert "Not checked. Judge it with the funnel “mof”" in text
    assert "MOF key is not known" in text


def test_pores_of_what_states_no_blocks(look):
    inspector = look(3)
    assert _is_offered(inspector)
    text = inspector.framework.as_text()
    assert "Largest cavity diameter\t13.21\tÅ" in text and "Pore limiting diameter\t6.80\tÅ" in text
    assert "CO₂ working capacity\t2.50 ± 0.12\tmmol/g" in text


def test_crystals_have_no_such_tab(qtbot, project):
    inspector = Inspector()
    qtbot.addWidget(inspector)
    inspector.show()
    with qtbot.waitSignal(inspector.filled):
        inspector.show(project.candidate(1), project)
    assert not _is_offered(inspector)
    inspector.shut_down()
