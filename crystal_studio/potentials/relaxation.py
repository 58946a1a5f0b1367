"""Relaxation of positions and cells that keeps the space group, many crystals at once.

Each crystal is reduced to its primitive cell and to the coordinates that its symmetry leaves free (``reduced``), and
searched by ``trust_region``; what a potential brings is energies and gradients of many geometries together. Crystals
that are done make room for those that wait, so that the batches of a network stay full.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from crystal_studio.candidates.verdicts import Reason
from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.primitive import PrimitiveCell, primitive_cell
from crystal_studio.crystal.soundness import COMPUTABLE, CellFault, cell_faults, fault_texts
from crystal_studio.potentials.protocol import Cautious, Relaxation
from crystal_studio.potentials.reduced import Geometry, Gradient, ReducedCell
from crystal_studio.potentials.trust_region import Search, Steps, minimise

LARGEST_VOLUME_RATIO = 3.0
"""A cell that swells or shrinks by more than this factor is given up."""

AT_ONCE = 32
"""Crystals that are evaluated together."""


class Evaluator(Protocol):
    """Energies of many geometries; ``prepare`` makes what it keeps of a crystal between them."""

    def prepare(self, cell: ReducedCell) -> object:
        """Anything; handed back with every geometry of the crystal."""

    def evaluate(self, kept: Sequence[object], geometries: Sequence[Geometry]) -> Sequence[Gradient | None]:
        """One gradient a crystal, None where there is no answer."""


def relax(
    structures: Structures,
    evaluator: Evaluator,
    max_steps: int,
    fmax: float,
    symmetric: bool = True,
    cautious: Cautious | None = None,
    moving_cell: bool = True,
    at_once: int = AT_ONCE,
) -> Relaxation:
    """Every crystal relaxed in its primitive cell and given back in the cell that came.

    ``symmetric`` keeps the space group that it has; ``cautious`` says when to leave one that cannot come near the
    hull; without ``moving_cell`` only atoms move. ``at_once`` crystals are evaluated together.
    """
    unsound = problems(structures)
    waiting = [i for i in range(len(structures)) if unsound[i] is None][::-1]
    ends: list[_End] = [_End(reason=reason) for reason in unsound]
    active: list[_Active] = []
    while waiting or active:
        while waiting and len(active) < at_once:
            i = waiting.pop()
            active.append(_Active.of(i, structures, evaluator, symmetric, moving_cell))
        geometries = [one.cell.geometry(one.x) for one in active]
        found = _evaluated(active, geometries, evaluator)
        kept = []
        for one, geometry, answer in zip(active, geometries, found, strict=True):
            end = one.learn(geometry, answer, max_steps, fmax, cautious)
            if end is None:
                kept.append(one)
            else:
                ends[one.row] = end
        active = kept
    return _gathered(structures, ends)


def problems(structures: Structures) -> list[Reason | None]:
    """B reasons why a cell cannot even be started with, None where it can."""
    faults = cell_faults(structures, COMPUTABLE)
    texts = fault_texts(structures, COMPUTABLE) if faults.any() else [""] * len(faults)
    return [_of_fault(structures, i, CellFault(fault), texts[i]) for i, fault in enumerate(faults.tolist())]


def _of_fault(structures: Structures, i: int, fault: CellFault, text: str) -> Reason | None:
    match fault:
        case CellFault.NONE:
            return None
        case CellFault.EMPTY:
            return Reason("empty")
        case CellFault.NOT_FINITE:
            return Reason("not_finite")
        case CellFault.FLAT:
            return Reason("no_volume", {"volume": abs(float(np.linalg.det(structures.lattice[i])))})
    return Reason("no_crystal", {"text": text})


@dataclass(frozen=True)
class _End:
    """How the relaxation of one crystal ended: its geometry in the cell that came, or the reason why not."""

    reason: Reason | None = None
    steps: int = 0
    energy: float = np.nan
    converged: bool = False
    stopped: bool = False
    lattice: NDArray[np.float64] | None = None
    positions: NDArray[np.float64] | None = None


@dataclass
class _Active:
    """One crystal on its way downhill."""

    row: int
    primitive: PrimitiveCell
    cell: ReducedCell
    kept: object
    search: Search
    route: Steps
    x: NDArray[np.float64]
    volume: float
    steps: int = 0
    lowest: float = np.inf
    best: Geometry | None = field(default=None)

    @staticmethod
    def of(row: int, structures: Structures, evaluator: Evaluator, symmetric: bool, moving_cell: bool) -> _Active:
        primitive = primitive_cell(*structures.cell(row))
        cell = ReducedCell(primitive.lattice, primitive.numbers, primitive.positions, symmetric, moving_cell)
        search = Search()
        route = minimise(cell, search)
        volume = abs(float(np.linalg.det(cell.start.lattice)))
        return _Active(row, primitive, cell, evaluator.prepare(cell), search, route, next(route), volume)

    def ratio(self, geometry: Geometry) -> float:
        """Volume over the volume at the start."""
        return abs(float(np.linalg.det(geometry.lattice))) / self.volume

    def learn(
        self, geometry: Geometry, answer: Gradient | Reason, max_steps: int, fmax: float, cautious: Cautious | None
    ) -> _End | None:
        """Take a step from what was found there; how it ended where that was the last."""
        self.steps += 1
        if isinstance(answer, Reason):
            return _End(Reason(answer.code, {**answer.parameters, "steps": self.steps}), self.steps)
        n = len(self.cell.numbers)
        gradient, largest = self.cell.gradient(answer, geometry.deformation)
        energy = answer.energy / n
        if energy <= self.lowest or largest < fmax:
            self.lowest, self.best = energy, geometry
        self.search.path.append(energy)
        if largest < fmax:
            return self._end(converged=True)
        if cautious is not None and cautious.hopeless(self.row, self.search.path, self.search.gain):
            return self._end(stopped=True)
        if self.steps >= max_steps:
            return self._end()
        self.x = self.route.send((answer.energy, gradient))
        return None

    def _end(self, converged: bool = False, stopped: bool = False) -> _End:
        assert self.best is not None
        lattice, positions = self.primitive.restore(self.best.lattice, self.best.positions)
        return _End(None, self.steps, self.lowest, converged, stopped, lattice, positions)


def _evaluated(
    active: Sequence[_Active], geometries: Sequence[Geometry], evaluator: Evaluator
) -> list[Gradient | Reason]:
    """A gradient each, or the reason why there is none."""
    answers: list[Gradient | Reason] = [Reason("no_answer")] * len(active)
    asked = []
    for k, (one, geometry) in enumerate(zip(active, geometries, strict=True)):
        ratio = one.ratio(geometry)
        if 1 / LARGEST_VOLUME_RATIO < ratio < LARGEST_VOLUME_RATIO:
            asked.append(k)
        else:
            answers[k] = Reason("swelled" if ratio > 1 else "shrank", {"ratio": ratio})
    found = evaluator.evaluate([active[k].kept for k in asked], [geometries[k] for k in asked]) if asked else []
    for k, gradient in zip(asked, found, strict=True):
        if gradient is not None:
            answers[k] = gradient if gradient.finite else Reason("no_energy")
    return answers


def _gathered(structures: Structures, ends: Sequence[_End]) -> Relaxation:
    lattice, positions = structures.lattice.copy(), structures.positions.copy()
    for i, end in enumerate(ends):
        if end.lattice is not None and end.positions is not None:
            lattice[i], positions[structures.atoms(i)] = end.lattice, end.positions % 1.0
    return Relaxation(
        Structures(lattice, structures.offsets, structures.numbers, positions, structures.orbit),
        np.array([end.energy for end in ends], float),
        np.array([end.converged for end in ends], bool),
        np.array([end.steps for end in ends], np.int64),
        tuple(end.reason for end in ends),
        np.array([end.stopped for end in ends], bool),
    )
