"""Digests of frameworks: the same however they are written down and bonded, known ones are found again."""

from __future__ import annotations

import numpy as np
from known_mofs import NAMES, known

from crystal_studio.candidates.batch import Candidates
from crystal_studio.conformance.samples import doubled, redescribed
from crystal_studio.crystal.batches import Structures
from crystal_studio.funnel.context import FunnelContext
from crystal_studio.funnel.mof_novelty import MofNoveltyStage
from crystal_studio.funnel.mof_uniqueness import MofUniquenessStage
from crystal_studio.funnel.protocol import Batch
from crystal_studio.funnel.run_stage import run
from crystal_studio.mof import identity
from crystal_studio.mof.bonds import perceive_bonds
from crystal_studio.mof.key import graph_keys_of_mofs
from crystal_studio.mof.library import shipped_blocks, shipped_mofs

SMALL = ("Mg-MOF-74", "MOF-5", "ZIF-8")


def test_frameworks_differ_and_their_descriptions_do_not() -> None:
    plain = known(*SMALL)
    found = identity.identities(plain)
    assert len(np.unique(found, axis=0)) == len(SMALL)
    assert (identity.identities(redescribed(plain)) == found).all()
    assert (identity.identities(doubled(known("Mg-MOF-74"))) == found[0]).all()


def test_stated_bonds_count_where_atoms_stand_too_far_apart() -> None:
    """Put together from blocks, a framework has bonds before its atoms have come near each other."""
    plain = known("MOF-5")
    wide = Structures(plain.lattice * 1.3, plain.offsets, plain.numbers, plain.positions, plain.orbit)
    bonds = perceive_bonds(plain)
    assert (identity.identities(wide, bonds) == identity.identities(plain)).all()
    assert (identity.identities(wide) != identity.identities(plain)).any()


def test_what_cannot_be_cut_has_a_digest_too() -> None:
    """Several nets through each other, in cells of either size, and other atoms in the same net."""
    edge, zinc = 4.0 * np.eye(3), [[0.0, 0, 0], [0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5]]
    cells = Structures.from_lists([edge, edge], [[30, 8, 8, 8], [29, 8, 8, 8]], [zinc, zinc])
    first, second = identity.identities(cells)
    assert (first != second).any()
    assert (identity.identities(doubled(cells)) == [first, second]).all()


def test_the_same_framework_is_rejected_as_a_duplicate() -> None:
    cells = Structures.concatenate([known("MOF-5"), known("ZIF-8"), redescribed(known("MOF-5"))])
    verdicts = run(MofUniquenessStage(), Batch(np.array([3, 4, 9]), Candidates.of_structures(cells)), FunnelContext())
    assert verdicts.status == ("passed", "passed", "rejected")
    assert verdicts.reasons[2].parameters == {"candidate": 3}


def test_known_frameworks_are_found_again() -> None:
    """HKUST-1 is FIQCEN of CoRE MOF; with another metal in place of copper it is none of them."""
    copper = known("HKUST-1")
    numbers = np.where(copper.numbers == 29, 76, copper.numbers)
    other = Structures(copper.lattice, copper.offsets, numbers, copper.positions, copper.orbit)
    both = Candidates.of_structures(Structures.concatenate([copper, other]))
    verdicts = run(MofNoveltyStage(), Batch(np.arange(2), both), None)
    novel, nearest = (f.values for f in verdicts.findings)
    assert novel.tolist() == [0.0, 1.0] and nearest[1] is None
    assert verdicts.status == ("passed", "passed") and verdicts.reasons[0].code == "known"
    assert nearest[0] in shipped_mofs().name


def test_the_shipped_digests_are_those_of_the_shipped_frameworks() -> None:
    found, names = identity.known()
    mofs = shipped_mofs().take(np.array([0, 7, 30]))
    assert names[7] == mofs.name[1]
    keys = graph_keys_of_mofs(mofs, shipped_blocks())
    assert (np.array([identity.digest(key) for key in keys]) == found[[0, 7, 30]]).all()


def test_all_known_names_are_told_apart() -> None:
    assert len({tuple(row) for row in identity.identities(known(*NAMES)).tolist()}) == len(NAMES)
