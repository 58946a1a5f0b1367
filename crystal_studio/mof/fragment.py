"""A framework cut into metal nodes and linkers, with the points at which they meet."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.element_data import COVALENT_RADII
from crystal_studio.mof.blocks import LINKER, NODE
from crystal_studio.mof.bond_graph import parts_of
from crystal_studio.mof.bonds import neighbours
from crystal_studio.mof.elements import IS_METAL

REASONS = {
    "no_metal": "It holds no metal: a metal-organic framework is made of metal nodes and organic linkers.",
    "no_carbon": "It holds no carbon: its linkers are not organic.",
    "disorder": "Atoms stand on top of each other, as in a disordered structure: choose one of the alternatives.",
    "no_framework": "Nothing in it is endless: it is made of molecules.",
    "interpenetrated": "Several frameworks interpenetrate: keep one of them.",
    "endless_node": "Its metals and the oxygens between them form rods or layers, which are no finite blocks.",
    "endless_linker": "Its carbon atoms are bonded endlessly, so that no finite linker can be cut out.",
    "one_block": "Its metals are bonded to no linker.",
}
"""Why a framework is not cut, by code."""

_ON_TOP = 0.65
"""Sums of covalent radii; nearer atoms are no bond (Mo-Mo quadruple bonds have 0.68, U=O 0.67)."""
_MOST_BONDS = {1: 1, 5: 5, 6: 4, 7: 4, 8: 3, 9: 1}
"""Bonds to non-metals, beyond which an element is disordered (boron: clusters)."""
_FARTHEST_METALS = 4.5
"""Angstrom between metals that bridges join to one node."""


class Refused(Exception):
    """The framework is not cut; ``code`` is a key of ``REASONS``."""

    def __init__(self, code: str) -> None:
        super().__init__(REASONS[code])
        self.code = code


@dataclass(frozen=True)
class Cut:
    """A framework of n atoms (guests left out) and c cut bonds as k blocks.

    block : (N,) int64, block of each atom of the cell, -1 for a guest
    shift : (N, 3) int64, lattice translation that puts each atom beside the others of its block
    kind : (k,) int8, ``NODE`` or ``LINKER``; all nodes come first
    kept : (K,) bool, which of the bonds given lie within a block
    cut : (c, 2) int64, atoms of each cut bond, the node's first
    cut_image : (c, 3) int64, image of the linker's atom in the cell of the node's, both as given
    dimension : directions in which the framework is endless
    guests : atoms left out
    """

    block: NDArray[np.int64]
    shift: NDArray[np.int64]
    kind: NDArray[np.int8]
    kept: NDArray[np.bool_]
    cut: NDArray[np.int64]
    cut_image: NDArray[np.int64]
    dimension: int
    guests: int


def cut(lattice: NDArray, numbers: NDArray, positions: NDArray, pairs: NDArray, image: NDArray) -> Cut:
    """Cut one crystal with bonds (K, 2) and images (K, 3); raises ``Refused``.

    Molecules bonded to nothing endless are left out. A node is metals with what bridges or caps them and has at
    most one atom besides hydrogen and no carbon (oxide, hydroxide, water, halide, sulfide, nitride); metals that two
    or more bridges of three atoms (carboxylates) join in one another's reach are one node, unless that made a node
    endless. All else is linkers; every bond between a node and a linker is cut, so that the oxygens of a carboxylate
    stay with the linker. These are the metal-oxo blocks of MOFid and MOFDiff.
    """
    metal = IS_METAL[numbers]
    if not metal.any():
        raise Refused("no_metal")
    if not (numbers == 6).any():
        raise Refused("no_carbon")
    if _disordered(lattice, numbers, positions, pairs):
        raise Refused("disorder")
    framework, dimension = _framework(len(numbers), pairs, image)
    if not (framework & metal).any():
        raise Refused("no_framework")
    covalent = ~metal[pairs].any(1)
    molecules = parts_of(len(numbers), pairs[covalent], image[covalent])
    small = _small(numbers, molecules.part)
    own = framework & (metal | small[molecules.part])
    within = own[pairs].all(1)
    node, node_shift = _nodes(lattice, numbers, positions, pairs, image, own, within, covalent)
    linker = framework & ~own
    if not linker.any():
        raise Refused("one_block")
    if molecules.dimension[molecules.part[linker]].any():
        raise Refused("endless_linker")
    nodes, of_node = np.unique(node[own], return_inverse=True)
    linkers, of_linker = np.unique(molecules.part[linker], return_inverse=True)
    block = np.full(len(numbers), -1)
    block[own], block[linker] = of_node, len(nodes) + of_linker
    shift = np.where(own[:, None], node_shift, molecules.shift)
    between = framework[pairs[:, 0]] & (own[pairs[:, 0]] != own[pairs[:, 1]])
    turned = own[pairs[:, 1]] & between
    ends = np.where(turned[:, None], pairs[:, ::-1], pairs)[between]
    return Cut(
        block,
        shift,
        np.repeat([NODE, LINKER], [len(nodes), len(linkers)]).astype(np.int8),
        framework[pairs[:, 0]] & ~between,
        ends,
        np.where(turned[:, None], -image, image)[between],
        dimension,
        int((~framework).sum()),
    )


def _disordered(lattice: NDArray, numbers: NDArray, positions: NDArray, pairs: NDArray) -> bool:
    near, _, distance = neighbours(lattice, positions, 2.5)
    if (distance < _ON_TOP * COVALENT_RADII[numbers[near]].sum(1)).any():
        return True
    covalent = ~IS_METAL[numbers[pairs]].any(1)
    degree = np.bincount(pairs[covalent].ravel(), minlength=len(numbers))
    return any((degree[numbers == z] > most).any() for z, most in _MOST_BONDS.items())


def _framework(n: int, pairs: NDArray, image: NDArray) -> tuple[NDArray[np.bool_], int]:
    """(N,) which atoms are part of something endless, and in how many directions it is."""
    parts = parts_of(n, pairs, image)
    whole = parts.dimension == 3
    if whole.sum() > 1 or (parts.copies > 1).any():
        raise Refused("interpenetrated")
    return parts.dimension[parts.part] > 0, int(parts.dimension.max())


def _small(numbers: NDArray, part: NDArray) -> NDArray[np.bool_]:
    """(P,) whether a molecule between metals counts as part of the node: one atom besides hydrogen, and no carbon."""
    count = part.max() + 1
    heavy = np.bincount(part[numbers != 1], minlength=count)
    carbon = np.bincount(part[numbers == 6], minlength=count)
    return (heavy <= 1) & (carbon == 0)


def _nodes(
    lattice: NDArray,
    numbers: NDArray,
    positions: NDArray,
    pairs: NDArray,
    image: NDArray,
    own: NDArray,
    within: NDArray,
    covalent: NDArray,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Node (N,) of each atom and shifts (N, 3) that put its atoms together; only atoms of ``own`` mean anything."""
    joined, joined_image, bridges = _bridged(numbers, pairs, image, own, covalent)
    apart = (positions[joined[:, 1]] + joined_image - positions[joined[:, 0]]) @ lattice
    near = np.linalg.norm(apart, axis=1) <= _FARTHEST_METALS
    joined, joined_image, bridges = joined[near], joined_image[near], bridges[near]
    for least in (*range(2, bridges.max(initial=1) + 1), None):
        more = bridges >= least if least else np.zeros(len(bridges), bool)
        edges = np.concatenate([pairs[within], joined[more]])
        parts = parts_of(len(numbers), edges, np.concatenate([image[within], joined_image[more]]))
        if not parts.dimension[parts.part[own]].any():
            return parts.part, parts.shift
    raise Refused("endless_node")


def _bridged(
    numbers: NDArray, pairs: NDArray, image: NDArray, own: NDArray, covalent: NDArray
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of metals (J, 2), images (J, 3) and bridges (J,) of three atoms between them, the ends of one linker."""
    Step = tuple[int, int, int]
    around: dict[int, list[tuple[int, Step]]] = {}
    metals: dict[int, list[tuple[int, Step]]] = {}
    metal = IS_METAL[numbers]
    for k, ((i, j), (x, y, z)) in enumerate(zip(pairs.tolist(), image.tolist(), strict=True)):
        for a, b, step in ((i, j, (x, y, z)), (j, i, (-x, -y, -z))):
            if covalent[k] and not own[a]:
                around.setdefault(a, []).append((b, step))
            elif metal[b] and not metal[a] and not own[a]:
                metals.setdefault(a, []).append((b, step))
    found: Counter[tuple[int, int, Step]] = Counter()
    for near in around.values():
        ends = [(a, step) for a, step in near if a in metals]
        for (a, to_a), (b, to_b) in combinations(ends, 2):
            reached = set()
            for m, s in metals[a]:
                for n, t in metals[b]:
                    first = (to_a[0] + s[0], to_a[1] + s[1], to_a[2] + s[2])
                    second = (to_b[0] + t[0], to_b[1] + t[1], to_b[2] + t[2])
                    step = (second[0] - first[0], second[1] - first[1], second[2] - first[2])
                    if m != n or any(step):
                        back = (-step[0], -step[1], -step[2])
                        reached.add(min((m, n, step), (n, m, back)))
            found.update(reached)
    rows = list(found.items())
    return (
        np.array([[m, n] for (m, n, _), _ in rows], np.int64).reshape(-1, 2),
        np.array([step for (_, _, step), _ in rows], np.int64).reshape(-1, 3),
        np.array([count for _, count in rows], np.int64),
    )
