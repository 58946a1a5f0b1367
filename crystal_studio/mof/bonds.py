"""Bonds of frameworks, perceived from distances: what a file of coordinates does not say."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crystal_studio.candidates.bonds import Bonds
from crystal_studio.candidates.ragged import offsets_of
from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.element_data import COVALENT_RADII
from crystal_studio.crystal.neighbours import reduce_cells
from crystal_studio.mof.bond_orders import bond_orders
from crystal_studio.mof.elements import DONORS, IS_METAL

REACH = 3.6
"""Angstrom, no bond is longer."""

_COVALENT = 1.25
"""Longest bond between two non-metals, in sums of their covalent radii."""
_TO_METAL, _TO_LARGE_METAL, _LARGE = 0.45, 0.25, 1.55
"""Angstrom beyond the sum of the radii up to which a donor is bonded to a metal, and to one of a radius over _LARGE."""
_CARBON_TO_METAL = 0.2
_HYDRIDE = 0.2
_METAL_TO_METAL = 0.9
"""Two metals are bonded below this many sums of their radii: multiple bonds, not neighbours under one bridge."""


def perceive_bonds(structures: Structures, orders: bool = True) -> Bonds:
    """Bonds of B crystals, each pair once with the image of its second atom, by covalent radii (Cordero 2008).

    Non-metals are bonded up to 1.25 sums of their radii; a hydrogen has one bond, to the nearest. A donor is bonded
    to a metal up to 0.45 A beyond the sum (0.25 A for metals larger than 1.55 A), carbon up to 0.2 A; but an atom
    that stands behind a nearer donor of its own (the carbon of a chelating carboxylate, the nitrogen of a nitrate)
    is not. Two metals are bonded where they are very near (0.9 sums), not under a bridge.

    ``orders`` gives bonds between non-metals their order (``bond_orders``); bonds to metals have 0, not known.
    """
    rows = [_of_one(*structures.cell(i), orders) for i in range(len(structures))]
    if not rows:
        return Bonds.none(0)
    atoms, image, order = (np.concatenate(part) for part in zip(*rows, strict=True))
    offsets = offsets_of(np.array([len(row[0]) for row in rows]))
    return Bonds(np.ones(len(rows), bool), offsets, atoms.astype(np.int32), image.astype(np.int16), order)


def bonds_of(structures: Structures, stated: Bonds | None, i: int, orders: bool = True) -> Bonds:
    """Bonds of crystal i alone: those that are stated, else perceived ones."""
    one = np.array([i])
    if stated is not None and stated.known[i]:
        return stated.take(one)
    return perceive_bonds(structures.take(one), orders)


def neighbours(
    lattice: NDArray[np.float64], positions: NDArray[np.float64], within: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Pairs (K, 2) of one crystal, each once, images (K, 3) of their second atoms and distances (K,), Angstrom.

    lattice (3, 3), positions (N, 3) fractional, as they are: an image is counted from the positions given. An atom
    and its own image are a pair as any other.
    """
    from scipy.spatial import cKDTree

    reduced, change = reduce_cells(np.asarray(lattice)[None])
    to_reduced = np.linalg.inv(change[0].astype(float))
    fractional = positions @ to_reduced
    cell = np.floor(fractional).astype(np.int64)
    wrapped = fractional - cell
    margin = within * np.linalg.norm(np.linalg.inv(reduced[0]), axis=0)
    sides = [np.arange(-r, r + 1) for r in np.ceil(margin).astype(int)]
    cells = np.stack(np.meshgrid(*sides, indexing="ij"), -1).reshape(-1, 3)
    images = wrapped[:, None] + cells
    atom, which = np.nonzero(np.all((images >= -margin - 1e-9) & (images <= 1 + margin + 1e-9), axis=2))
    tree = cKDTree(images[atom, which] @ reduced[0])
    found = cKDTree(wrapped @ reduced[0]).sparse_distance_matrix(tree, within, output_type="ndarray")
    i, j, shift = found["i"], atom[found["j"]], cells[which[found["j"]]]
    shift = (shift - cell[j] + cell[i]) @ change[0]
    # Of the two directions of a pair, the one to the later atom, or for an atom and its image to the later cell.
    later = shift[:, 0] * 1_000_000 + shift[:, 1] * 1_000 + shift[:, 2] > 0
    once = (i < j) | ((i == j) & later)
    return np.stack([i, j], 1)[once], shift[once], found["v"][once]


def _of_one(lattice: NDArray, numbers: NDArray, positions: NDArray, orders: bool) -> tuple[NDArray, NDArray, NDArray]:
    pairs, image, distance = neighbours(lattice, positions, REACH)
    kept = distance <= _longest(numbers[pairs])
    pairs, image, distance = pairs[kept], image[kept], distance[kept]
    kept = _one_bond_of_hydrogen(numbers, pairs, distance)
    pairs, image, distance = pairs[kept], image[kept], distance[kept]
    kept = ~_behind_a_donor(numbers, pairs, image, distance)
    pairs, image, distance = pairs[kept], image[kept], distance[kept]
    order = bond_orders(numbers, pairs, image, distance) if orders else np.zeros(len(pairs), np.float32)
    return pairs, image, order


def _longest(numbers: NDArray) -> NDArray[np.float64]:
    """(K,) longest bond between the elements of each pair (K, 2)."""
    radius, metal = COVALENT_RADII[numbers], IS_METAL[numbers]
    total = radius.sum(1)
    of_metal = np.where(metal, radius, 0.0).max(1)
    other = np.where(metal, 0, numbers).max(1)
    beyond = np.where(of_metal > _LARGE, _TO_LARGE_METAL, _TO_METAL)
    beyond = np.select([other == 6, other == 1], [_CARBON_TO_METAL, _HYDRIDE], beyond)
    limit = np.where(metal.any(1), total + beyond, total * _COVALENT)
    return np.where(metal.all(1), total * _METAL_TO_METAL, limit)


def _one_bond_of_hydrogen(numbers: NDArray, pairs: NDArray, distance: NDArray) -> NDArray[np.bool_]:
    """(K,) whether a bond stays where every hydrogen keeps one: to the nearest non-metal, else to the nearest metal."""
    kept = np.ones(len(pairs), bool)
    row, side = np.nonzero(numbers[pairs] == 1)
    hydrogen, other = pairs[row, side], pairs[row, 1 - side]
    order = np.lexsort((distance[row], IS_METAL[numbers[other]], hydrogen))
    row, hydrogen = row[order], hydrogen[order]
    further = np.zeros(len(row), bool)
    further[1:] = hydrogen[1:] == hydrogen[:-1]
    kept[row[further]] = False
    return kept


def _behind_a_donor(numbers: NDArray, pairs: NDArray, image: NDArray, distance: NDArray) -> NDArray[np.bool_]:
    """(K,) whether a bond is to a metal that holds the other atom by a nearer donor bonded to that atom.

    Only for carbon, and for atoms of three or more bonds to non-metals (N, P, S, B, Si in oxyanions).
    """
    metal = IS_METAL[numbers]
    to_metal = metal[pairs].sum(1) == 1
    near: dict[int, list[tuple[int, tuple[int, ...]]]] = {}
    for (i, j), shift in zip(pairs[~metal[pairs].any(1)].tolist(), image[~metal[pairs].any(1)].tolist(), strict=True):
        near.setdefault(i, []).append((j, tuple(shift)))
        near.setdefault(j, []).append((i, tuple(-s for s in shift)))
    rows = np.flatnonzero(to_metal)
    held: dict[tuple[int, int, tuple[int, ...]], float] = {}
    ends = []
    for k in rows.tolist():
        i, j = pairs[k].tolist()
        shift = tuple(image[k].tolist())
        m, x, to = (i, j, shift) if metal[i] else (j, i, tuple(-s for s in shift))
        held[m, x, to] = float(distance[k])
        ends.append((m, x, to))
    behind = np.zeros(len(pairs), bool)
    for k, (m, x, to) in zip(rows.tolist(), ends, strict=True):
        around = near.get(x, [])
        if numbers[x] != 6 and len(around) < 3:
            continue
        for y, step in around:
            there = tuple(a + b for a, b in zip(to, step, strict=True))
            if numbers[y] in DONORS and held.get((m, y, there), np.inf) < distance[k]:
                behind[k] = True
                break
    return behind
