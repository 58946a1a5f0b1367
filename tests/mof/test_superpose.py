"""Blocks laid over each other: turned, renumbered, shaken, mirrored, on a line, with a single connection point."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from known_mofs import NAMES, known

from crystal_studio.mof.block import Block
from crystal_studio.mof.blocks import LINKER, NODE
from crystal_studio.mof.fragments import fragment
from crystal_studio.mof.superpose import far_apart, superpose


def turn(rng: np.random.Generator) -> np.ndarray:
    q, r = np.linalg.qr(rng.normal(size=(3, 3)))
    q = q * np.sign(np.diag(r))
    return q if np.linalg.det(q) > 0 else -q


def moved(block: Block, rotation: np.ndarray, rng: np.random.Generator, shake: float = 0.0) -> Block:
    """The block turned, with its atoms and its points in another order and each place shaken."""
    n, p = len(block.numbers), len(block.points)
    atoms, points = rng.permutation(n), rng.permutation(p)
    row = np.argsort(atoms)
    return Block(
        block.kind,
        block.numbers[atoms],
        (block.positions @ rotation.T + rng.normal(scale=shake, size=(n, 3)))[atoms],
        row[block.bonds].astype(np.int32),
        block.order,
        (block.points @ rotation.T + rng.normal(scale=shake, size=(p, 3)))[points],
        row[block.point_atom[points]].astype(np.int32),
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_turned_block_is_found_again(name: str) -> None:
    rng = np.random.default_rng(5)
    distinct = {block.key: block for block in fragment(known(name)).blocks}
    for block in distinct.values():
        rotation = turn(rng)
        other = moved(block, rotation, rng, shake=0.02)
        assert other.key == block.key
        pose = superpose(block, other)
        assert pose is not None and pose.deviation < 0.06
        assert np.linalg.det(pose.rotation) == pytest.approx(1)
        over = other.places[pose.order]
        assert (other.colours[pose.order] == block.colours).all()
        assert np.linalg.norm(block.places @ pose.rotation.T - over, axis=1).max() < 0.2
        n = len(block.numbers)
        assert sorted(pose.order[:n]) == list(range(n)) and (pose.order[n:] >= n).all()
        assert far_apart(block, other) <= pose.deviation + 1e-9


def star(places: list[list[float]], numbers: list[int]) -> Block:
    """A carbon bonded to each of four atoms, one of which holds the only connection point."""
    positions = np.array([[0.0, 0, 0], *places])
    point = positions[1] * 1.7
    return Block(
        LINKER,
        np.array([6, *numbers], np.int16),
        positions - point,
        np.array([[0, k] for k in range(1, 5)], np.int32),
        np.ones(4, np.float32),
        np.zeros((1, 3)),
        np.array([1], np.int32),
    )


def test_a_mirror_image_is_another_shape() -> None:
    """Bromochlorofluoromethanolate: the same bond graph, but no turn brings one hand over the other."""
    corners = [[1.0, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]
    left = star(corners, [8, 9, 17, 35])
    right = star([[x, y, -z] for x, y, z in corners], [8, 9, 17, 35])
    assert left.key == right.key and far_apart(left, right) < 1e-9
    assert superpose(left, right) is None
    rng = np.random.default_rng(2)
    pose = superpose(left, moved(left, turn(rng), rng))
    assert pose is not None and pose.deviation < 1e-6


def test_blocks_on_a_line_and_in_a_point() -> None:
    rng = np.random.default_rng(1)
    line = np.array([[-0.6, 0, 0], [0.6, 0, 0]])
    cyanide = Block(
        LINKER,
        np.array([6, 7], np.int16),
        line,
        np.array([[0, 1]], np.int32),
        np.array([3], np.float32),
        line * 2.5,
        np.array([0, 1], np.int32),
    )
    rotation = turn(rng)
    pose = superpose(cyanide, moved(cyanide, rotation, rng))
    assert pose is not None and pose.deviation < 1e-6
    np.testing.assert_allclose(pose.rotation[:, 0], rotation[:, 0], atol=1e-6)
    ion = Block(
        NODE,
        np.array([11], np.int16),
        np.zeros((1, 3)),
        np.zeros((0, 2), np.int32),
        np.zeros(0, np.float32),
        np.array([[1.1, 0, 0], [-1.1, 0, 0]]),
        np.zeros(2, np.int32),
    )
    pose = superpose(ion, moved(ion, rotation, rng))
    assert pose is not None and pose.deviation < 1e-6


def test_other_shapes_and_other_graphs() -> None:
    block = next(b for b in fragment(known("MOF-5")).blocks if b.kind == LINKER)
    stretched = replace(block, positions=block.positions * 1.3, points=block.points * 1.3)
    assert stretched.key == block.key and superpose(block, stretched) is None
    numbers = block.numbers.copy()
    numbers[np.flatnonzero(numbers == 1)[0]] = 9
    assert replace(block, numbers=numbers).key != block.key
    assert replace(block, point_atom=np.zeros_like(block.point_atom)).key != block.key
    assert (block.formula, len(block.points)) == ("C8H4O4", 4)
