"""CHGNet's energies and gradients of many crystals, each on its own quotient graph that lasts some steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.cell_orbits import CellOrbits, cell_orbits
from crystal_studio.crystal.quotient_graph import QuotientGraph, quotient_graph
from crystal_studio.potentials.chgnet.network import ANGLE_CUTOFF, BOND_CUTOFF, Network
from crystal_studio.potentials.chgnet.weights import WIDTH
from crystal_studio.potentials.quotient_batch import QuotientBatch
from crystal_studio.potentials.reduced import Geometry, Gradient, ReducedCell

HIGHEST_NUMBER = 94
"""CHGNet embeds the elements up to plutonium."""

SKIN = 0.6
"""Angstrom by which a graph reaches further than the cutoffs, so that it lasts while atoms move."""

MOST_BONDS = 3_000_000
"""Directed bonds of one crystal beyond which it is taken for crushed: it has no answer, and memory is spared."""


@dataclass
class Listed:
    """A crystal with the graph of the geometry ``at`` which it was last listed."""

    numbers: NDArray[np.int64]
    orbits: CellOrbits
    graph: QuotientGraph | None = None
    at: Geometry | None = field(default=None)


class QuotientEvaluator:
    """Behind ``relaxation.Evaluator``."""

    def __init__(self, network: Network, skin: float = SKIN) -> None:
        self._network, self._skin = network, skin

    def prepare(self, cell: ReducedCell) -> Listed:
        """What is kept of a crystal."""
        return Listed(cell.numbers, cell.orbits)

    def evaluate(
        self, kept: Sequence[object], geometries: Sequence[Geometry], slopes: bool = True
    ) -> list[Gradient | None]:
        """One gradient a crystal, zero but for the energy without ``slopes``; None for unknown elements, for atoms
        without a neighbour and for crushed cells."""
        answers: list[Gradient | None] = [None] * len(kept)
        rows, batch = self._batch(kept, geometries)
        if batch is None:
            return answers
        measured = batch.measured
        energy, slope, bend = self._network.energies(measured, slopes)
        total = np.bincount(measured.crystal, energy * measured.multiplicity, len(rows))
        if slopes:
            found = batch.gradients(total, slope, bend)
        else:
            atoms = [end - start for start, end in pairwise(batch.first.tolist())]
            found = [Gradient(float(e), np.zeros((n, 3)), np.zeros((3, 3))) for e, n in zip(total, atoms, strict=True)]
        for k, i in enumerate(rows):
            if not measured.alone[k]:
                answers[i] = found[k]
        return answers

    def features(self, kept: Sequence[object], geometries: Sequence[Geometry]) -> NDArray[np.float64]:
        """(C, 64) mean over the atoms of each crystal of what the network knows of them; NaN where it has no answer."""
        answers = np.full((len(kept), WIDTH), np.nan)
        rows, batch = self._batch(kept, geometries)
        if batch is None:
            return answers
        measured = batch.measured
        found = np.zeros((len(rows), WIDTH))
        np.add.at(found, measured.crystal, self._network.features(measured) * measured.multiplicity[:, None])
        atoms = np.bincount(measured.crystal, measured.multiplicity, len(rows))
        answers[rows] = np.where(measured.alone[:, None], np.nan, found / atoms[:, None])
        return answers

    def _batch(self, kept: Sequence[object], geometries: Sequence[Geometry]) -> tuple[list[int], QuotientBatch | None]:
        """The rows of the crystals that have a graph, and the batch of these; None where none has."""
        listed = [one for one in kept if isinstance(one, Listed)]
        rows = [i for i, (one, at) in enumerate(zip(listed, geometries, strict=True)) if self._list(one, at)]
        if not rows:
            return rows, None
        chosen = [listed[i] for i in rows]
        batch = QuotientBatch(
            [one.numbers for one in chosen],
            [one.orbits for one in chosen],
            [one.graph for one in chosen if one.graph is not None],
            [geometries[i] for i in rows],
            (BOND_CUTOFF, ANGLE_CUTOFF),
        )
        return rows, batch

    def _list(self, one: Listed, geometry: Geometry) -> bool:
        """Renew the graph of a crystal where its atoms have moved too far; whether it has one."""
        if one.at is not None and self._lasts(one.at, geometry):
            return one.graph is not None
        one.at, one.graph = geometry, None
        if one.numbers.max() > HIGHEST_NUMBER or self._crushed(one, geometry):
            return False
        reach = (BOND_CUTOFF + self._skin, ANGLE_CUTOFF + self._skin)
        one.graph = quotient_graph(one.orbits, geometry.lattice, geometry.positions, *reach)
        if one.graph is None and len(one.orbits.rotations) > 1:
            # An image that rounding has put beyond the cutoff: without symmetry nothing is missing.
            one.orbits = cell_orbits(geometry.lattice, one.numbers, geometry.positions, symmetric=False)
            one.graph = quotient_graph(one.orbits, geometry.lattice, geometry.positions, *reach)
        return one.graph is not None

    def _lasts(self, at: Geometry, now: Geometry) -> bool:
        """Whether no pair that was not listed can have come within a cutoff."""
        strain = np.linalg.solve(at.lattice, now.lattice)
        least = float(np.linalg.svd(strain, compute_uv=False)[-1])
        moved = (now.positions - at.positions) @ now.lattice
        moved -= moved.mean(0)
        furthest = float(np.sqrt((moved * moved).sum(1).max()))
        return all((c + self._skin) * least - 2 * furthest >= c for c in (BOND_CUTOFF, ANGLE_CUTOFF))

    def _crushed(self, one: Listed, geometry: Geometry) -> bool:
        volume = abs(float(np.linalg.det(geometry.lattice)))
        sphere = 4 / 3 * np.pi * (BOND_CUTOFF + self._skin) ** 3
        return len(one.orbits.representatives) * len(one.numbers) * sphere > MOST_BONDS * volume
