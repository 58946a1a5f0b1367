"""Relaxation by UFF: known frameworks keep their bonds and stay near what was measured; the way there and back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from known_mofs import known

from crystal_studio.candidates.batch import Candidates
from crystal_studio.conformance.samples import doubled
from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.primitive import primitive_cell
from crystal_studio.errors import KnownError
from crystal_studio.execution import other_python
from crystal_studio.execution.other_python import ProgramError
from crystal_studio.funnel.lacking import lacking
from crystal_studio.funnel.protocol import Batch
from crystal_studio.funnel.run_stage import run
from crystal_studio.funnel.uff_relaxation import UffRelaxationStage
from crystal_studio.mof import uff
from crystal_studio.mof.bonds import perceive_bonds


def _has_uff() -> bool:
    try:
        uff.method()
    except KnownError:
        return False
    return True


needs_uff = pytest.mark.skipif(not _has_uff(), reason="LAMMPS is not installed (make mof)")


def lengths(structures: Structures, bonds) -> np.ndarray:
    lattice, _, x = structures.cell(0)
    first, second = bonds.atoms.T
    return np.linalg.norm((x[second] + bonds.image - x[first]) @ lattice, axis=1)


def relaxed(structures: Structures) -> Structures:
    bonds = perceive_bonds(structures)
    found = uff.relax(*structures.cell(0), bonds.of(0), 300.0)
    return Structures.from_lists([found.lattice], [structures.numbers], [found.positions])


@needs_uff
def test_a_known_framework_relaxes_to_about_what_was_measured() -> None:
    before = known("MOF-5")
    after, bonds = relaxed(before), perceive_bonds(before)
    assert after.volume[0] == pytest.approx(before.volume[0], rel=0.05)
    assert np.abs(lengths(after, bonds) - lengths(before, bonds)).max() < 0.2  # X-rays see hydrogens 0.15 A nearer
    assert np.abs(after.lattice - before.lattice).max() < 0.5  # turned as it was


@needs_uff
def test_rings_of_three_atoms_relax() -> None:
    """Both oxygens of a carboxylate bonded to each other: LAMMPS has no dihedral that ends where it begins."""
    structures = known("MOF-5")
    atoms, image, order = perceive_bonds(structures).of(0)
    carbon = next(
        int(pair[structures.numbers[pair] == 6][0]) for pair in atoms if set(structures.numbers[pair]) == {6, 8}
    )
    around = [(b, step) for (a, b), step in zip(atoms, image, strict=True) if a == carbon]
    around += [(a, -step) for (a, b), step in zip(atoms, image, strict=True) if b == carbon]
    (one, here), (two, there) = [end for end in around if structures.numbers[end[0]] == 8]
    ring = (np.r_[atoms, [[one, two]]], np.r_[image, [there - here]], np.r_[order, np.float32(1)])
    found = uff.relax(*structures.cell(0), ring, 300.0, 1e-4, 5)
    assert abs(np.linalg.det(found.lattice)) == pytest.approx(structures.volume[0], rel=0.2)


@needs_uff
def test_the_cell_in_which_it_is_given_makes_no_difference() -> None:
    """The doubled cell is relaxed as its primitive one, and every atom finds its way back."""
    before = known("Mg-MOF-74")
    twice = relaxed(doubled(before))
    once = relaxed(before)
    assert twice.volume[0] == pytest.approx(2 * once.volume[0], rel=1e-3)
    bonds = perceive_bonds(doubled(before))
    assert sorted(lengths(twice, bonds)) == pytest.approx(
        sorted(np.tile(lengths(once, perceive_bonds(before)), 2)), abs=0.01
    )


def test_a_wide_cell_holds_each_bond_once_a_copy_and_leads_back() -> None:
    structures = known("Mg-MOF-74")
    lattice, _, x = structures.cell(0)
    table = perceive_bonds(structures).of(0)
    wide = uff._Wide.of(lattice, x, table)
    assert wide.copies > 1 and len(wide.pairs) == wide.copies * len(table[0])
    assert len(np.unique(np.sort(wide.pairs, 1), axis=0)) == len(wide.pairs)
    apart = wide.positions[wide.pairs[:, 1]] - wide.positions[wide.pairs[:, 0]]
    distance = np.linalg.norm((apart - np.rint(apart)) @ wide.lattice, axis=1)
    first, second = table[0].T
    wanted = np.linalg.norm((x[second] + table[1] - x[first]) @ lattice, axis=1)
    assert distance == pytest.approx(np.tile(wanted, wide.copies))
    (cell, places), spread = wide.back(wide.lattice, wide.positions)
    assert np.allclose(cell, lattice) and np.allclose(places, x) and spread < 1e-9


def test_bonds_of_a_primitive_cell_are_those_of_the_given_one() -> None:
    structures = doubled(known("ZIF-8"))
    cell = primitive_cell(*structures.cell(0))
    atoms, image, _ = uff._of_primitive(cell, perceive_bonds(structures).of(0))
    assert len(atoms) * 2 == len(perceive_bonds(structures).atoms)
    apart = cell.positions[atoms[:, 1]] + image - cell.positions[atoms[:, 0]]
    assert sorted(np.linalg.norm(apart @ cell.lattice, axis=1)) == pytest.approx(
        sorted(lengths(known("ZIF-8"), perceive_bonds(known("ZIF-8")))), abs=1e-4
    )


@needs_uff
def test_the_stage_moves_atoms_and_bonds_follow() -> None:
    structures = known("MOF-5")
    candidates = Candidates(structures, np.zeros(1, np.int16), bonds=perceive_bonds(structures))
    verdicts = run(UffRelaxationStage(), Batch(np.arange(1), candidates), None)
    assert verdicts.status == ("passed",) and verdicts.geometry is not None
    assert verdicts.geometry.method.name == "uff" and verdicts.geometry.method.kind == "force_field"
    moved = candidates.with_geometry(verdicts.geometry.structures)
    assert moved.bonds is not None and lengths(moved.structures, moved.bonds).max() < 2.3
    change = next(f.values[0] for f in verdicts.findings if f.quantity == "volume_change")
    assert change == pytest.approx(moved.structures.volume[0] / structures.volume[0])


def test_what_the_program_has_no_answer_for_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed or too slow: the others are judged."""
    structures = Structures.concatenate([known("MOF-5"), known("ZIF-8")])

    def relax(lattice, numbers, positions, *_):
        if (numbers == 7).any():
            raise ProgramError("it was killed by signal 9 and gave no answer")
        return uff.Relaxed(lattice * 1.01, positions, 0.2)

    monkeypatch.setattr(uff, "relax", relax)
    monkeypatch.setattr(uff, "method", lambda: uff.Method("uff", "force_field", "UFF"))
    verdicts = run(UffRelaxationStage(), Batch(np.arange(2), Candidates.of_structures(structures)), None)
    assert verdicts.status == ("passed", "error") and "killed" in verdicts.reasons[1].parameters["text"]
    assert verdicts.geometry.moved.tolist() == [True, False]
    assert "0.20 Å" in verdicts.notes["uff_note"][0] and verdicts.notes["uff_note"][1] is None


def test_without_the_programs_the_stage_is_left_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(other_python.VARIABLE, str(tmp_path / "python"))
    batch = Batch(np.arange(1), Candidates.of_structures(known("MOF-5")))
    verdicts = run(UffRelaxationStage(), batch, None)
    assert verdicts.status == ("passed",) and verdicts.geometry is None
    assert verdicts.notes["left_out"][0].startswith("Left out. The Python that CRYSTAL_STUDIO_MOF_PYTHON names")
    (sentence,) = lacking([UffRelaxationStage()], None)
    assert sentence.startswith("Relaxation by UFF will be left out. ") and "make mof" in sentence
