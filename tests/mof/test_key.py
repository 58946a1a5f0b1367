"""The MOF key: the same for the same framework however it is written down, another for another net or chemistry."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from known_mofs import NAMES, known

from crystal_studio.candidates.batch import Candidates
from crystal_studio.crystal.batches import Structures
from crystal_studio.mof.coarse import CoarseMofs
from crystal_studio.mof.collecting import Collector, coarse_grained
from crystal_studio.mof.fragments import fragment
from crystal_studio.mof.key import (
    coordination_sequences,
    key_of_candidate,
    key_of_fragments,
    keys_of_mofs,
    net_hash,
)
from crystal_studio.mof.library import shipped_blocks, shipped_mofs
from crystal_studio.mof.whole import whole_atoms


def net(n: int, edges: list[tuple[int, int, int, int, int]]) -> tuple[int, np.ndarray, np.ndarray]:
    table = np.array(edges)
    return n, table[:, :2], table[:, 2:]


PCU = net(1, [(0, 0, 1, 0, 0), (0, 0, 0, 1, 0), (0, 0, 0, 0, 1)])
DIA = net(2, [(0, 1, 0, 0, 0), (0, 1, -1, 0, 0), (0, 1, 0, -1, 0), (0, 1, 0, 0, -1)])


def test_coordination_sequences_of_known_nets() -> None:
    """RCSR: pcu 6 18 38 66 102 146 198 258 326 402, dia 4 12 24 42 64 92 124 162 204 252."""
    assert coordination_sequences(*PCU)[0].tolist() == [6, 18, 38, 66, 102, 146, 198, 258, 326, 402]
    for row in coordination_sequences(*DIA):
        assert row.tolist() == [4, 12, 24, 42, 64, 92, 124, 162, 204, 252]


def test_zif_8_is_a_sodalite_net() -> None:
    """RCSR: sod 4 10 20 34 52 ...; with a linker on every edge, a zinc sees zincs at every second shell."""
    found = fragment(known("ZIF-8"))
    rows = coordination_sequences(len(found.blocks), found.ends[:, :, 0], found.image)
    assert rows[0, 1::2].tolist() == [4, 10, 20, 34, 52]


def rewritten(name: str, rng: np.random.Generator) -> Structures:
    """A supercell of another basis, with its atoms in another order and from another origin."""
    lattice, numbers, x = known(name).cell(0)
    shear = np.array([[1, 0, 0], [1, 2, 0], [0, -1, 1]])
    cells = np.array([[0, 0, 0], [0, 1, 0]])
    order = rng.permutation(2 * len(x))
    twice = (x[None] + cells[:, None] + 0.13).reshape(-1, 3)[order]
    return Structures.from_lists([shear @ lattice], [np.tile(numbers, 2)[order]], [twice @ np.linalg.inv(shear)])


@pytest.mark.parametrize("name", ["MOF-5", "Mg-MOF-74", "UiO-66"])
def test_the_net_does_not_depend_on_the_cell(name: str) -> None:
    def hashed(structures: Structures) -> str:
        found = fragment(structures)
        return net_hash([b.kind for b in found.blocks], found.ends, found.image)

    assert hashed(rewritten(name, np.random.default_rng(1))) == hashed(known(name))


def test_keys_of_frameworks_in_blocks() -> None:
    collector, mofs = Collector(), []
    for name in NAMES:
        found = fragment(known(name))
        mofs.append(coarse_grained(found, [collector.add(block) for block in found.blocks], name))
    library = collector.library(lambda block: 0, lambda block: ("", ""))
    keys = keys_of_mofs(CoarseMofs.concatenate(mofs), library)
    assert len(set(keys)) == len(NAMES)
    assert keys[0].startswith("Cu2x3|C9H3O6-6-") and "x4|3D-" in keys[0]


def test_keys_by_rdkit() -> None:
    pytest.importorskip("rdkit", reason="RDKit, the optional extra 'mof', is not installed")
    key = key_of_fragments(fragment(known("MOF-5")))
    assert key.startswith("OZn4x1|KKEYFWRCBNTPAC-UHFFFAOYSA-Nx3|3D-")
    assert key_of_fragments(fragment(rewritten("MOF-5", np.random.default_rng(2)))) == key


def test_candidates_in_stated_blocks_have_the_keys_of_their_frameworks() -> None:
    library, mofs = shipped_blocks(), shipped_mofs()
    some = mofs.take(np.flatnonzero(mofs.n_blocks <= 14)[::150])
    candidates = whole_atoms(some, library)
    assert len(some) > 10
    assert [key_of_candidate(candidates, i, library) for i in range(len(some))] == keys_of_mofs(some, library)


def test_candidates_without_stated_or_known_blocks_have_no_key() -> None:
    library = shipped_blocks()
    candidate = whole_atoms(shipped_mofs().take(np.array([0])), library)
    assert key_of_candidate(candidate, 0, library)
    others = np.flatnonzero(library.name != candidate.blocks.name[0])
    assert key_of_candidate(candidate, 0, library.take(others)) == ""
    assert key_of_candidate(Candidates.of_structures(candidate.structures), 0, library) == ""
    loose = candidate.blocks.block.copy()
    loose[0] = -1
    assert key_of_candidate(replace(candidate, blocks=replace(candidate.blocks, block=loose)), 0, library) == ""
