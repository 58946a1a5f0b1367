"""Orders of bonds between non-metals, from who is bonded to whom and how long the bonds are."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.element_data import COVALENT_RADII
from crystal_studio.mof.elements import IS_METAL

_VALENCE = {1: 1, 5: 3, 6: 4, 7: 3, 8: 2, 9: 1, 14: 4, 15: 3, 16: 2, 17: 1, 32: 4, 33: 3, 34: 2, 35: 1, 52: 2, 53: 1}
_HYPERVALENT = {15: 5, 33: 5, 16: 6, 34: 6, 52: 6, 17: 7, 35: 7, 53: 7}
_LONE_PAIR = (7, 8, 16, 34)
"""Of the atoms of a ring, those that may give it two electrons."""
_SHORT = 3.5
"""Worth of an Angstrom that a bond is shorter than the sum of the radii, in units of ``_gain``."""


@dataclass(frozen=True)
class Kekule:
    """Single, double and triple bonds of a graph of N atoms and K bonds.

    order : (K,) int64; 0 for a bond to a metal
    open : (N,) int64, valences of an atom that no bond uses: where a metal took the place of a hydrogen
    charge : (N,) int64, +1 for an ammonium or nitro nitrogen, -1 for a borate
    """

    order: NDArray[np.int64]
    open: NDArray[np.int64]
    charge: NDArray[np.int64]


def bond_orders(numbers: NDArray, pairs: NDArray, image: NDArray, distance: NDArray) -> NDArray[np.float32]:
    """(K,) orders of the bonds (K, 2) with the images (K, 3) of their second atoms and lengths (K,), Angstrom.

    1, 2, 3, 1.5 for aromatic rings and carboxylates, 0 for bonds to metals.
    """
    kekule = kekule_bonds(numbers, pairs, distance)
    order = kekule.order.astype(np.float32)
    around = _around(numbers, pairs, image)
    for k in _aromatic(numbers, around, kekule.order) | _carboxylates(numbers, around):
        order[k] = 1.5
    return order


def kekule_bonds(numbers: NDArray, pairs: NDArray, distance: NDArray) -> Kekule:
    """Double bonds so that no carbon is left with an open valence, and of equals where the bonds are short.

    A maximum-weight matching of the atoms with open valences. Oxygen counts against a double bond: a phenolate stays
    aromatic unless its bonds are as short as a quinone's.
    """
    import networkx as nx

    metal = IS_METAL[numbers]
    covalent = ~metal[pairs].any(1) if len(pairs) else np.zeros(0, bool)
    degree = np.bincount(pairs[covalent].ravel(), minlength=len(numbers))
    open_valences, charge = _open_valences(numbers, pairs[covalent], degree)
    order = covalent.astype(np.int64)
    graph: nx.Graph = nx.Graph()
    rows = np.flatnonzero(covalent)
    able = open_valences > 0
    for k in rows[able[pairs[rows]].all(1)].tolist():
        i, j = pairs[k].tolist()
        short = float(COVALENT_RADII[numbers[[i, j]]].sum() - distance[k])
        gain = _gain(numbers[i]) + _gain(numbers[j]) + _SHORT * short
        for a in range(min(open_valences[i], 2)):
            for b in range(min(open_valences[j], 2)):
                graph.add_edge((i, a), (j, b), weight=gain, bond=k)
    for part in nx.connected_components(graph):
        for one, other in nx.max_weight_matching(graph.subgraph(part)):
            order[graph.edges[one, other]["bond"]] += 1
            open_valences[[one[0], other[0]]] -= 1
    return Kekule(order, open_valences, charge)


def _gain(number: int) -> float:
    return {6: 10.0, 7: 1.0, 8: -0.5}.get(int(number), 5.0)


def _open_valences(numbers: NDArray, pairs: NDArray, degree: NDArray) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Valences (N,) of each atom beyond its bonds, and charges (N,), for bonds (K, 2) between non-metals."""
    valence = np.array([_VALENCE.get(int(z), 0) for z in numbers], np.int64)
    charge = np.zeros(len(numbers), np.int64)
    around: list[list[int]] = [[] for _ in numbers]
    for i, j in pairs.tolist():
        around[i].append(j)
        around[j].append(i)
    for i, z in enumerate(numbers.tolist()):
        terminal = sum(numbers[j] == 8 and degree[j] == 1 for j in around[i])
        if z == 7 and (degree[i] == 4 or (degree[i] == 3 and terminal >= 2)):
            valence[i], charge[i] = 4, 1
        elif z == 5 and degree[i] == 4:
            valence[i], charge[i] = 4, -1
        elif z in _HYPERVALENT and degree[i] > valence[i]:
            # The lowest of the element's valences (S: 4, 6) that holds all neighbours.
            valence[i] = min(degree[i] + (degree[i] - valence[i]) % 2, _HYPERVALENT[z])
            if z in (16, 34, 52, 15, 33) and degree[i] >= 4:
                valence[i] = max(_HYPERVALENT[z], degree[i])
    return np.maximum(valence - degree, 0), charge


_Around = list[list[tuple[int, tuple[int, int, int], int]]]
"""Of each atom its non-metal neighbours: atom, image and row of the bond."""


def _around(numbers: NDArray, pairs: NDArray, image: NDArray) -> _Around:
    around: _Around = [[] for _ in numbers]
    for k, ((i, j), (x, y, z)) in enumerate(zip(pairs.tolist(), image.tolist(), strict=True)):
        if not IS_METAL[numbers[[i, j]]].any():
            around[i].append((j, (x, y, z), k))
            around[j].append((i, (-x, -y, -z), k))
    return around


def _carboxylates(numbers: NDArray, around: _Around) -> set[int]:
    """Bonds of each carbon to two oxygens that have no other non-metal neighbour."""
    found: set[int] = set()
    for i, z in enumerate(numbers.tolist()):
        ends = [k for j, _, k in around[i] if numbers[j] == 8 and len(around[j]) == 1]
        if z == 6 and len(ends) == 2:
            found |= set(ends)
    return found


def _aromatic(numbers: NDArray, around: _Around, order: NDArray) -> set[int]:
    """Bonds of six-membered rings of six, and five-membered rings of four atoms with a double bond within rings."""
    double: dict[int, list[int]] = defaultdict(list)
    for i, near in enumerate(around):
        for j, _, k in near:
            if order[k] == 2:
                double[i].append(j)
    pi = [i for i, near in enumerate(around) if len(double[i]) == 1 and len(near) <= 3 and numbers[i] in (6, 7)]
    able = set(pi) | {i for i, z in enumerate(numbers.tolist()) if z in _LONE_PAIR and not double[i] and around[i]}
    rings = [ring for i in able for ring in _rings(i, around, able)]
    in_ring = {i for atoms, _ in rings for i in atoms}
    found: set[int] = set()
    for atoms, bonds in rings:
        within = sum(len(double[i]) == 1 and double[i][0] in in_ring for i in atoms)
        pairs_given = len(atoms) - within
        if (len(atoms) == 6 and pairs_given == 0) or (
            len(atoms) == 5 and pairs_given == 1 and all(double[i] or numbers[i] in _LONE_PAIR for i in atoms)
        ):
            found |= set(bonds)
    return found


def _rings(first: int, around: _Around, able: set[int]) -> list[tuple[list[int], list[int]]]:
    """Atoms and bonds of the rings of five and six through an atom, over ``able`` atoms numbered above it."""
    found = []
    waiting = [(first, (0, 0, 0), [first], [(first, (0, 0, 0))], list[int]())]
    while waiting:
        at, here, atoms, places, bonds = waiting.pop()
        for j, step, k in around[at]:
            if j not in able or j < first or k in bonds:
                continue
            there = (here[0] + step[0], here[1] + step[1], here[2] + step[2])
            if (j, there) == places[0] and len(atoms) in (5, 6):
                found.append((atoms, [*bonds, k]))
            elif (j, there) not in places and len(atoms) < 6:
                waiting.append((j, there, [*atoms, j], [*places, (j, there)], [*bonds, k]))
    return found
