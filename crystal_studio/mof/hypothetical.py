"""Hypothetical frameworks: which blocks stand on a net, and what becomes of them once they are placed.

A net is a graph with places (those of the RCSR, as PORMAKE has them, in their primitive cells). Nodes, and linkers of
three contacts or more, stand on its vertices, linkers of two on the edges between nodes. Only blocks that meet in known
frameworks are put beside each other: as the same atoms of a linker, at as many atoms of a node (``contacts.py``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations_with_replacement, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.mof.blocks import LINKER, NODE, BlockLibrary
from crystal_studio.mof.coarse import CoarseMofs
from crystal_studio.mof.contacts import Arms

MOST_BLOCKS = 20
UNLIKE = 0.15
"""Root mean square difference between the cosines of a block's contacts and those of a vertex, from which it is not
tried there."""
SIMPLE = 20.0
"""How many times as often a block is drawn whose contacts are all of one kind: whichever way it is turned, the same
linkers fit."""
LARGEST = 10_000.0
"""Cubic Angstrom of the largest primitive cell that is put together; of the known frameworks 3% have a larger one."""


@dataclass(frozen=True)
class Net:
    """One net of V vertices and E edges in its primitive cell.

    kind : (V,) int64, equal for vertices that symmetry makes equal
    joins : (E, 2) int64, the vertices of each edge
    raw : what PORMAKE is told of it
    """

    name: str
    kind: NDArray[np.int64]
    joins: NDArray[np.int64]
    raw: Mapping[str, Any]

    @staticmethod
    def of(name: str, raw: Mapping[str, Any]) -> Net:
        """Of what the script says of it."""
        kind = np.array([vertex[4] for vertex in raw["vertices"]], np.int64)
        return Net(name, kind, np.array(raw["joins"], np.int64).reshape(-1, 2), raw)

    @cached_property
    def shapes(self) -> dict[int, NDArray[np.float64]]:
        """``shape`` of one vertex of each kind."""
        steps = np.array(list(product((-2, -1, 0, 1, 2), repeat=3)))
        vertices = np.array([vertex[:3] for vertex in self.raw["vertices"]], float)
        around: list[list[NDArray]] = [[] for _ in vertices]
        for middle, (one, other) in zip(np.array(self.raw["edges"], float), self.joins.tolist(), strict=True):
            for vertex in {one, other}:
                arms = (middle + steps - vertices[vertex]) @ np.array(self.raw["cell"])
                near = np.linalg.norm(arms, axis=1).argsort(kind="stable")
                around[vertex] += [arms[k] for k in near[: 2 if one == other else 1]]
        return {int(t): shape(np.array(around[int(np.argmax(self.kind == t))])) for t in np.unique(self.kind)}


@dataclass(frozen=True)
class Choice:
    """Blocks for a net: rows of the library for its V vertices, and for edges between two kinds of contact."""

    net: Net
    vertices: tuple[int, ...]
    linkers: Mapping[tuple[int, int], int]


@dataclass(frozen=True)
class Placed:
    """What PORMAKE made of a choice.

    mofs : one framework, of which lattice, blocks and positions are meant
    pairs : (node, linker), counted within the framework, of each contact, sorted
    """

    mofs: CoarseMofs
    pairs: list[tuple[int, int]]


def shape(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cosines between the directions of points (A, 3) from their mean, in order."""
    arms = points - points.mean(0)
    arms = arms / np.linalg.norm(arms, axis=1).clip(1e-9)[:, None]
    found: NDArray = np.sort((arms @ arms.T)[np.triu_indices(len(points), 1)])
    return found


class Pool:
    """The blocks to choose from: those named by ``allowed`` (L,), each about as often as the root of its count."""

    def __init__(self, library: BlockLibrary, arms: Sequence[Arms], allowed: NDArray[np.bool_]) -> None:
        self.library, self.arms = library, arms
        simple = np.array([len(set(own.kinds.tolist())) == 1 for own in arms])
        self.weight = np.sqrt(library.count) * np.where(simple, SIMPLE, 1.0)
        self.hydrogen = np.array([(library.numbers[library.atoms(i)] == 1).any() for i in range(len(library))])
        self._by: dict[tuple[int, int], tuple[NDArray, NDArray]] = {}
        groups: dict[tuple[int, int], list[int]] = {}
        for row in np.flatnonzero(allowed).tolist():
            groups.setdefault((int(library.kind[row]), len(arms[row].points)), []).append(row)
        for key, rows in groups.items():
            if key[1] > 1:
                self._by[key] = np.array(rows), np.stack([shape(arms[row].points) for row in rows])
        self._between: dict[tuple[int, int], list[int]] = {}
        for row in self._by.get((LINKER, 2), (np.zeros(0, int), None))[0].tolist():
            self._between.setdefault(_pair(*arms[row].kinds.tolist()), []).append(row)

    def like(self, kind: int, wanted: NDArray[np.float64], contacts: int) -> NDArray[np.int64]:
        """Blocks of a kind with so many contacts, in about such directions."""
        rows, shapes = self._by.get((kind, contacts), (np.zeros(0, np.int64), np.zeros((0, len(wanted)))))
        found: NDArray = rows[np.sqrt(((shapes - wanted) ** 2).mean(1)) <= UNLIKE] if len(rows) else rows
        return found

    def choose(self, net: Net, role: Mapping[int, int], rng: np.random.Generator) -> Choice | None:
        """Blocks at random for a net of which each kind of vertex has a role; None where this draw finds none."""
        kinds = np.unique(net.kind)
        degree = {int(t): int((net.joins == np.argmax(net.kind == t)).sum()) for t in kinds}
        chosen: dict[int, int] = {}
        for kind in (NODE, LINKER):
            met = {int(k) for row in chosen.values() for k in self.arms[row].kinds}
            for t in (t for t in kinds.tolist() if role[t] == kind):
                rows = self.like(kind, net.shapes[t], degree[t])
                if kind == LINKER:
                    rows = rows[[set(self.arms[row].kinds.tolist()) <= met for row in rows.tolist()]]
                if not len(rows):
                    return None
                chosen[t] = self._draw(rows, rng)
        linkers: dict[tuple[int, int], int] = {}
        if any(role[int(net.kind[i])] == role[int(net.kind[j])] == NODE for i, j in net.joins.tolist()):
            met = {int(k) for t, row in chosen.items() if role[t] == NODE for k in self.arms[row].kinds}
            for pair in combinations_with_replacement(sorted(met), 2):
                if pair in self._between:
                    linkers[pair] = self._draw(np.array(self._between[pair]), rng)
            if any((kind, kind) not in linkers for kind in met):
                return None
        if not self.hydrogen[[*chosen.values(), *linkers.values()]].any():
            return None
        return Choice(net, tuple(chosen[int(t)] for t in net.kind), linkers)

    def _draw(self, rows: NDArray[np.int64], rng: np.random.Generator) -> int:
        weight = self.weight[rows]
        return int(rng.choice(rows, p=weight / weight.sum()))

    def asked(self, choice: Choice, rmsd: float) -> dict[str, Any]:
        """What the script is asked."""
        kind = self.library.kind
        at = [kind[row] for row in choice.vertices]
        return {
            "net": choice.net.name,
            "points": [self.arms[row].points.tolist() for row in choice.vertices],
            "kinds": [self.arms[row].kinds.tolist() for row in choice.vertices],
            "linkers": {
                f"{one} {other}": self._ordered(row, one).tolist() for (one, other), row in choice.linkers.items()
            },
            "joined": [bool(at[i] != at[j]) for i, j in choice.net.joins.tolist()],
            "rmsd": rmsd,
        }

    def _ordered(self, row: int, first: int) -> NDArray[np.float64]:
        arms = self.arms[row]
        return arms.points if arms.kinds[0] == first else arms.points[::-1]

    def placed(self, choice: Choice, answer: Mapping[str, Any], name: str) -> Placed:
        """The framework that the script's answer tells."""
        rows, pairs, places = list(choice.vertices), [], []
        size = len(rows)
        places += answer["places"][:size]
        is_node = self.library.kind[rows] == NODE
        for k, (i, j) in enumerate(choice.net.joins.tolist()):
            if not answer["linkers"][k]:
                pairs.append((i, j) if is_node[i] else (j, i))
                continue
            pairs += [(i, len(rows)), (j, len(rows))]
            one, other = answer["linkers"][k].split()
            rows.append(choice.linkers[int(one), int(other)])
            places.append(answer["places"][size + k])
        lattice = np.array(answer["cell"], float)
        if np.linalg.det(lattice) < 0:
            lattice = lattice[[1, 0, 2]]
        inside = np.array(places, float) @ np.linalg.inv(lattice)
        mofs = CoarseMofs(
            lattice[None],
            np.array([0, len(rows)], np.int64),
            np.array(rows, np.int32),
            inside - np.floor(inside),
            np.tile(np.eye(3), (len(rows), 1, 1)),
            np.zeros(len(rows), np.float32),
            np.zeros(2, np.int64),
            np.zeros((0, 2, 2), np.int32),
            np.zeros((0, 3), np.int16),
            np.array([name], object),
            np.array([3], np.int8),
        )
        return Placed(mofs, sorted(pairs))


def contact_pairs(mofs: CoarseMofs, i: int) -> list[tuple[int, int]]:
    """(node, linker), counted within framework i, of each contact, sorted: as often as they meet in other images."""
    joined = mofs.connections(i)
    met = np.unique(np.concatenate([mofs.ends[joined][..., 0], mofs.image[joined]], 1), axis=0)
    return sorted(Counter(map(tuple, met[:, :2].tolist())).elements())


def _pair(one: int, other: int) -> tuple[int, int]:
    return (one, other) if one <= other else (other, one)


def roles_of(net: Net) -> list[tuple[int, dict[int, int]]]:
    """Ways to have nodes or linkers on the kinds of vertices of a net, no two linkers meeting, each with its size."""
    kinds, found = np.unique(net.kind), []
    for roles in product((NODE, LINKER), repeat=len(kinds)):
        of_vertex = np.array(roles)[np.searchsorted(kinds, net.kind)]
        ends = of_vertex[net.joins]
        size = len(net.kind) + int((ends == NODE).all(1).sum())
        if not (ends == LINKER).all(1).any() and size <= MOST_BLOCKS:
            found.append((size, dict(zip(kinds.tolist(), roles, strict=True))))
    return found
