"""Frameworks taken apart are put together again, whatever way their blocks are turned."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from crystal_studio.mof.assemble import assemble
from crystal_studio.mof.blocks import LINKER, NODE, BlockLibrary
from crystal_studio.mof.coarse import CoarseMofs
from crystal_studio.mof.searching import Search
from crystal_studio.mof.whole import whole_atoms

QUICK = Search(tried=400, refined=32, kept=12, restarts=8, sweeps=20, fitted=2)
HELD = {"place": 0.0, "strain": 0.0}
AXES = np.concatenate([np.eye(3), -np.eye(3)])
EDGE = 12.0
NODE_ARM, LINKER_ARM = 2.0, 4.0


def _library() -> BlockLibrary:
    """An octahedral node (a metal with six oxygens), a straight linker of two carbons with a third at its side, and a
    linker that ends blindly."""
    atoms = [
        (np.concatenate([[30], np.full(6, 8)]), np.concatenate([np.zeros((1, 3)), 1.6 * AXES])),
        (np.array([6, 6, 7]), np.array([[3.3, 0, 0], [-3.3, 0, 0], [0, 1.2, 0]])),
        (np.array([6]), np.zeros((1, 3))),
    ]
    points = [NODE_ARM * AXES, np.array([[LINKER_ARM, 0, 0], [-LINKER_ARM, 0, 0]]), np.array([[1.0, 0, 0]])]
    bonds = [[[0, k] for k in range(1, 7)], [[0, 2], [1, 2]], []]
    point_atom = [[1, 2, 3, 4, 5, 6], [0, 1], [0]]

    def offsets(parts):
        return np.cumsum([0, *map(len, parts)]).astype(np.int64)

    return BlockLibrary(
        offsets([z for z, _ in atoms]),
        np.concatenate([z for z, _ in atoms]).astype(np.int16),
        np.concatenate([x for _, x in atoms]),
        offsets(bonds),
        np.concatenate([np.reshape(b, (-1, 2)) for b in bonds]).astype(np.int32),
        np.ones(8, np.float32),
        offsets(points),
        np.concatenate(points),
        np.concatenate(point_atom).astype(np.int32),
        np.array([NODE, LINKER, LINKER], np.int8),
        np.array([3.2, 6.6, 0.0]),
        np.arange(3).astype(np.uint64),
        np.ones(3, np.int64),
        np.array(["node", "linker", "end"], object),
        np.array(["O6Zn", "C2N", "C"], object),
        np.array(["", "", ""], object),
        np.array(["", "", ""], object),
    )


def _cubic(lattice: np.ndarray, blocks=(0, 1, 1, 1), shift=0.13) -> CoarseMofs:
    """One node with three linkers along a, b and c (the net pcu), nothing turned and nothing joined."""
    places = np.array([[0, 0, 0], [0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5]])[: len(blocks)] + shift
    return CoarseMofs(
        lattice[None], np.array([0, len(blocks)]), np.array(blocks, np.int32), places,
        np.tile(np.eye(3), (len(blocks), 1, 1)), np.zeros(len(blocks), np.float32), np.zeros(2, np.int64),
        np.zeros((0, 2, 2), np.int32), np.zeros((0, 3), np.int16), np.array(["pcu"], object), np.array([3], np.int8),
    )  # fmt: skip


def _turned(seed: int) -> np.ndarray:
    return EDGE * Rotation.random(random_state=seed).as_matrix()


@pytest.mark.parametrize("shift", [0.0, 0.13, 0.9])
def test_a_cubic_net_closes_however_its_cell_is_turned_and_shifted(shift: float) -> None:
    library = _library()
    plain = _cubic(_turned(2), shift=shift)
    skew = np.array([[1, 0, 0], [1, 1, 0], [-1, 2, 1]])  # the same lattice, other axes
    other = replace(plain, lattice=skew @ plain.lattice, positions=plain.positions @ np.linalg.inv(skew) % 1.0)
    found = assemble(CoarseMofs.concatenate([plain, other]), library, 1, QUICK)
    assert found.made.all() and (found.widest < 0.05).all()
    whole = whole_atoms(found.mofs, library)
    for i in range(2):
        lattice, numbers, positions = whole.structures.cell(i)
        pairs, image, order = whole.bonds.of(i)
        assert len(pairs) == 6 + 3 * 2 + 6 and (order == 0).sum() == 6
        ends = (positions[pairs[:, 1]] + image - positions[pairs[:, 0]]) @ lattice
        length = np.linalg.norm(ends, axis=1)
        between = order == 0
        assert set(map(tuple, np.sort(numbers[pairs[between]], 1).tolist())) == {(6, 8)}
        assert np.allclose(length[between], NODE_ARM - 1.6 + LINKER_ARM - 3.3, atol=0.06)
        assert np.allclose(length[(numbers[pairs] == 30).any(1)], 1.6, atol=1e-3)
        assert (whole.blocks.block[whole.structures.atoms(i)] == np.repeat(range(4), [7, 3, 3, 3])).all()
    assert np.allclose(np.linalg.det(found.mofs.rotation), 1.0)
    assert whole.blocks.name.tolist() == ["node", "linker", "linker", "linker"] * 2


def test_the_answer_is_the_same_alone_and_in_company() -> None:
    library = _library()
    mofs = CoarseMofs.concatenate([_cubic(_turned(seed)) for seed in range(3)])
    together = assemble(mofs, library, 4, QUICK)
    again = assemble(mofs, library, 4, QUICK)
    assert np.array_equal(together.mofs.rotation, again.mofs.rotation)
    alone = assemble(mofs.take(np.array([0])), library, 4, QUICK)
    assert np.allclose(alone.mofs.rotation, together.mofs.rotation[:4], atol=1e-2)


def test_points_that_cannot_match_and_blocks_too_far_apart_are_told() -> None:
    library = _library()
    good, far = _cubic(_turned(0)), _cubic(1.5 * _turned(0))
    odd, none = _cubic(_turned(0), (0, 1, 1, 2)), _cubic(_turned(0), (1, 1))
    found = assemble(CoarseMofs.concatenate([odd, good, far, none]), library, 0, replace(QUICK, **HELD))
    codes = [None if reason is None else reason.code for reason in found.reasons]
    assert codes == ["unbalanced", None, "open", "unbalanced"]
    assert found.reasons[0].parameters == {"nodes": 6, "linkers": 5}
    assert found.reasons[2].parameters["gap"] > 2.9  # three at the nearest
    assert np.diff(found.mofs.connection_offsets).tolist() == [0, 6, 6, 0]
    assert np.isnan(found.gap[[0, 3]]).all()


def test_blocks_and_cell_give_way_where_they_may() -> None:
    """Blocks of a generator stand a little off: they are moved together, or else stay where they are."""
    library = _library()
    exact = _cubic(_turned(3))
    step = 0.3 * np.random.default_rng(1).normal(size=(4, 3)) / np.sqrt(3)
    off = replace(
        exact, lattice=1.02 * exact.lattice, positions=exact.positions + step @ np.linalg.inv(exact.lattice[0])
    )
    moved, held = assemble(off, library, 0, QUICK), assemble(off, library, 0, replace(QUICK, **HELD))
    assert moved.made.all() and held.made.all()
    assert moved.widest[0] < 0.15 < 0.2 < held.widest[0]
    np.testing.assert_array_equal(held.mofs.lattice, off.lattice)
    np.testing.assert_allclose(held.mofs.positions, off.positions % 1.0, atol=1e-4)
    assert np.abs(np.linalg.det(moved.mofs.lattice) / EDGE**3 - 1) < np.abs(1.02**3 - 1)
    bonds = whole_atoms(moved.mofs, library)
    lattice, _, positions = bonds.structures.cell(0)
    pairs, image, order = bonds.bonds.of(0)
    between = (positions[pairs[:, 1]] + image - positions[pairs[:, 0]])[order == 0] @ lattice
    assert np.allclose(np.linalg.norm(between, axis=1), NODE_ARM - 1.6 + LINKER_ARM - 3.3, atol=0.15)


def test_a_block_without_connection_points_and_one_out_of_reach_are_told() -> None:
    library = _library()
    library = BlockLibrary.concatenate([library, library.take(np.array([2]))])
    bare = replace(library, point_offsets=np.r_[library.point_offsets[:-1], library.point_offsets[-2]],
                   points=library.points[:-1], point_atom=library.point_atom[:-1],
                   name=np.array(["node", "linker", "end", "bare"], object))  # fmt: skip
    lone, far = _cubic(_turned(0), (0, 3, 1, 1)), _cubic(8 * _turned(0))
    found = assemble(CoarseMofs.concatenate([lone, far]), bare, 0, QUICK)
    assert found.reasons[0] is not None and found.reasons[0].code == "no_points"
    assert found.reasons[0].parameters == {"block": "bare"}
    assert found.reasons[1] is not None and found.reasons[1].code == "open"
    assert np.allclose(np.linalg.det(found.mofs.rotation), 1.0)


def test_nothing_is_assembled_from_nothing() -> None:
    empty = _cubic(_turned(0)).take(np.zeros(0, np.int64))
    found = assemble(empty, _library())
    assert found.reasons == () and len(whole_atoms(found.mofs, _library())) == 0
