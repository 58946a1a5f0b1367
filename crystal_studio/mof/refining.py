"""Frameworks drawn together: places, turns and cells give way until the points that meet do so and atoms leave each
other room.

A sampled cell is off by some percent and places by more. Which points meet is looked at anew while blocks move: what
pulls are the ends of bonds, what pushes are atoms of different blocks, so that a framework does not close by falling in
on itself. All frameworks of a batch move at once, by Adam.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crystal_studio.crystal.neighbours import reduce_cells
from crystal_studio.mof.blocks import LINKER, NODE, BlockLibrary
from crystal_studio.mof.bonds import neighbours
from crystal_studio.mof.coarse import CoarseMofs
from crystal_studio.mof.ends import bond_ends, point_table
from crystal_studio.mof.exchanging import room
from crystal_studio.mof.proposing import rotations

STEPS, ANEW = 240, 12
"""Steps in all, and after how many it is looked at anew which points meet and which atoms are near."""
SHAKEN, _SHAKING = 0.4, 0.7
"""Angstrom by which blocks are shaken at first, each time that it is looked at anew, and the share of the steps over
which that falls to 0."""
RATE = (0.10, 0.01)
"""Angstrom a step at first and at last, of places."""
_PARTS = (1.0, 0.25, 0.05)
"""The same of places, of turns (radians) and of the strain of the cell, for each Angstrom."""
_LINEAR = 1.0
"""Angstrom beyond which a gap pulls no more the wider it is."""
_REACH = 3.8
"""Angstrom within which atoms are kept in sight: the widest room and what they may come nearer meanwhile."""


@dataclass(frozen=True)
class Refined:
    """mofs : with their connections; gap, widest : (B,) Angstrom as in ``Assembled``, NaN where nothing is joined."""

    mofs: CoarseMofs
    gap: NDArray[np.float64]
    widest: NDArray[np.float64]


@dataclass
class _Pull:
    """Bonds: ends (P, 2, 3) of nodes and those that they meet, their blocks (P,), images (P, 3), crystals (P,)."""

    node: Tensor
    linker: Tensor
    of_node: Tensor
    of_linker: Tensor
    image: Tensor
    crystal: Tensor


@dataclass
class _Push:
    """Atoms that are near: rows (C,) of both, image (C, 3) of the second, the room that they need (C,), crystals."""

    one: Tensor
    other: Tensor
    image: Tensor
    room: Tensor
    crystal: Tensor


class _State:
    """B frameworks on their way: fractional places (K, 3), turns (K, 3, 3), cells (B, 3, 3), all in reduced cells."""

    def __init__(self, mofs: CoarseMofs, library: BlockLibrary) -> None:
        self.mofs, self.library = mofs, library
        cells, change = reduce_cells(mofs.lattice)
        self.change = change.astype(float)
        self.crystal = np.repeat(np.arange(len(mofs)), mofs.n_blocks)
        inverse = np.linalg.inv(self.change)
        self.places = np.einsum("ki,kij->kj", mofs.positions, inverse[self.crystal])
        self.turned, self.cells = mofs.rotation.copy(), np.asarray(cells, float)
        ends = bond_ends(library)
        rows = mofs.block
        self.atoms = [library.positions[library.atoms(int(b))] for b in rows]
        self.numbers = [library.numbers[library.atoms(int(b))] for b in rows]
        self.owner = np.repeat(np.arange(len(rows)), [len(a) for a in self.atoms])
        self.tables = []
        for i in range(len(mofs)):
            own, start = mofs.block[mofs.blocks(i)], int(mofs.offsets[i])
            pair = []
            for kind in (NODE, LINKER):
                table = point_table(mofs, library, i, kind)
                pair.append((table, table[:, 0] + start, ends[library.point_offsets[own[table[:, 0]]] + table[:, 1]]))
            self.tables.append(pair)

    def ends(self, i: int, side: int) -> NDArray[np.float64]:
        """(P, 2, 3) Cartesian ends of the bonds of nodes or of linkers of framework i."""
        _, owner, local = self.tables[i][side]
        arms = np.einsum("pij,pej->pei", self.turned[owner], local)
        found: NDArray = arms + (self.places[owner] @ self.cells[i])[:, None]
        return found

    def joined(self, i: int) -> tuple[NDArray, NDArray, NDArray]:
        """Partner (P,) and image (P, 3) of each bond of a node of framework i, and gaps (P, 2, 3)."""
        from scipy.optimize import linear_sum_assignment

        one, other = self.ends(i, 0), self.ends(i, 1)
        middle = other.mean(1)[None] - one.mean(1)[:, None]
        shift = np.rint(middle @ np.linalg.inv(self.cells[i]))
        middle = middle - shift @ self.cells[i]
        along = 0.5 * ((other[:, 0] - other[:, 1])[None] - (one[:, 0] - one[:, 1])[:, None])
        square = (middle**2).sum(-1) + (along**2).sum(-1)
        # Far ones count by their distance, as they pull: one hopeless bond does not decide about the others.
        _, partner = linear_sum_assignment(np.where(square > 1, 2 * np.sqrt(square) - 1, square))
        image = -shift[np.arange(len(partner)), partner]
        return partner, image, other[partner] + (image @ self.cells[i])[:, None] - one

    def shake(self, size: float, random: np.random.Generator) -> None:
        """Move and turn blocks at random: by ``size`` Angstrom, and by as much at an arm of 4 Angstrom."""
        moves = random.normal(size=self.places.shape) * size
        self.places = self.places + np.einsum("ki,kij->kj", moves, np.linalg.inv(self.cells)[self.crystal])
        spins = _tensor(random.normal(size=self.places.shape) * size / 4)
        self.turned = rotations(spins).numpy() @ self.turned

    def pull(self) -> _Pull:
        """Which bonds meet now."""
        parts: list[list[NDArray]] = [[] for _ in range(6)]
        for i, ((_, node, mine), (_, linker, theirs)) in enumerate(self.tables):
            partner, image, _ = self.joined(i)
            found = (mine, theirs[partner], node, linker[partner], image, np.full(len(partner), i))
            for part, value in zip(parts, found, strict=True):
                part.append(value)
        return _Pull(*(_tensor(np.concatenate(part)) for part in parts))

    def push(self) -> _Push:
        """Which atoms are near now."""
        numbers, first = np.concatenate(self.numbers), 0
        whole = np.concatenate(self.atoms)
        parts: list[list[NDArray]] = [[] for _ in range(5)]
        for i in range(len(self.mofs)):
            rows = self.mofs.blocks(i)
            count = sum(len(a) for a in self.atoms[rows])
            own = slice(first, first + count)
            block = self.owner[own]
            placed = self.places[block] + np.einsum("nij,nj->ni", self.turned[block], whole[own]) @ np.linalg.inv(
                self.cells[i]
            )
            pair, image, distance = neighbours(self.cells[i], placed, _REACH)
            need = room(numbers[own][pair[:, 0]], numbers[own][pair[:, 1]])
            kept = ((block[pair[:, 0]] != block[pair[:, 1]]) | (image != 0).any(1)) & (distance < need + 0.6)
            pair, image, need = pair[kept], image[kept], need[kept]
            found = (pair[:, 0] + first, pair[:, 1] + first, image.astype(float), need, np.full(len(pair), i))
            for part, value in zip(parts, found, strict=True):
                part.append(value)
            first += count
        return _Push(*(_tensor(np.concatenate(part)) for part in parts))


def refine(mofs: CoarseMofs, library: BlockLibrary, seed: int = 0, steps: int = STEPS) -> Refined:
    """Draw together frameworks that were assembled, whose nodes and linkers have as many connection points."""
    if not len(mofs):
        return Refined(mofs, np.zeros(0), np.zeros(0))
    state, random = _State(mofs, library), np.random.default_rng(seed)
    crystal, owner = _tensor(state.crystal), _tensor(state.owner)
    atoms = _tensor(np.concatenate(state.atoms))
    for first in range(0, steps, ANEW):
        if (size := SHAKEN * (1 - first / (_SHAKING * steps))) > 0:
            state.shake(size, random)
        _run(state, crystal, owner, atoms, np.arange(first, min(first + ANEW, steps)) / max(steps - 1, 1))
    return _told(state)


def _run(state: _State, crystal: Tensor, owner: Tensor, atoms: Tensor, done: NDArray[np.float64]) -> None:
    """Steps, each at a share of the way that is ``done``, with the bonds and contacts that there are at their start."""
    pull, push = state.pull(), state.push()
    places, turned, cells = (_tensor(one) for one in (state.places, state.turned, state.cells))
    moved = torch.zeros(len(crystal), 3, dtype=torch.float64, requires_grad=True)
    spun = torch.zeros(len(crystal), 3, dtype=torch.float64, requires_grad=True)
    strain = torch.zeros(len(cells), 3, 3, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.Adam([{"params": [one]} for one in (moved, spun, strain)], betas=(0.8, 0.95))

    def now() -> tuple[Tensor, Tensor, Tensor]:
        cell = cells @ (torch.eye(3, dtype=torch.float64) + 0.5 * (strain + strain.mT))
        return torch.einsum("ki,kij->kj", places, cell[crystal]) + moved, rotations(spun) @ turned, cell

    for share in done.tolist():
        for group, part in zip(optimiser.param_groups, _PARTS, strict=True):
            group["lr"] = part * RATE[0] * (RATE[1] / RATE[0]) ** share
        where, turn, cell = now()
        gap = (_gaps(pull, where, turn, cell).square().sum((-1, -2)) / 2 + 1e-6).sqrt()
        bonds = torch.where(gap < _LINEAR, 0.5 * gap.square(), _LINEAR * (gap - 0.5 * _LINEAR)).sum()
        placed = where[owner] + torch.einsum("nij,nj->ni", turn[owner], atoms)
        apart = placed[push.other] + torch.einsum("ci,cij->cj", push.image, cell[push.crystal]) - placed[push.one]
        short = (push.room - (apart.square().sum(-1) + 1e-6).sqrt()).clamp_min(0)
        optimiser.zero_grad(set_to_none=True)
        moved.grad, spun.grad, strain.grad = torch.autograd.grad(
            bonds + 0.5 * short.square().sum(), [moved, spun, strain]
        )
        optimiser.step()
    with torch.no_grad():
        where, turn, cell = now()
        state.places = torch.linalg.solve(cell[crystal], where[:, None], left=False)[:, 0].numpy()
        state.turned, state.cells = turn.numpy(), cell.numpy()


def _tensor(array: NDArray) -> Tensor:
    return torch.as_tensor(np.asarray(array, np.float64 if array.dtype.kind == "f" else np.int64).copy())


def _gaps(pull: _Pull, where: Tensor, turn: Tensor, cells: Tensor) -> Tensor:
    node = torch.einsum("pij,pej->pei", turn[pull.of_node], pull.node) + where[pull.of_node][:, None]
    linker = torch.einsum("pij,pej->pei", turn[pull.of_linker], pull.linker) + where[pull.of_linker][:, None]
    return linker + torch.einsum("pi,pij->pj", pull.image, cells[pull.crystal])[:, None] - node


def _told(state: _State) -> Refined:
    """In the vectors in which the frameworks were given."""
    mofs, change = state.mofs, state.change
    lattice = np.linalg.inv(change) @ state.cells
    inside = np.einsum("ki,kij->kj", state.places, change[state.crystal])
    whole = np.floor(inside)
    gap, widest = np.zeros(len(mofs)), np.zeros(len(mofs))
    ends, images, counts = [], [], []
    for i, ((node, mine, _), (linker, theirs, _)) in enumerate(state.tables):
        partner, image, apart = state.joined(i)
        square = (apart.mean(1) ** 2).sum(-1)
        gap[i], widest[i] = np.sqrt(square.mean()), np.sqrt(square.max())
        ends.append(np.stack([node, linker[partner]], 1))
        images.append(np.rint(image @ change[i]) + whole[theirs[partner]] - whole[mine])
        counts.append(len(partner))
    u, _, v = np.linalg.svd(state.turned)
    made = replace(
        mofs,
        lattice=lattice,
        positions=inside - whole,
        rotation=u @ v,
        connection_offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        ends=np.concatenate(ends).astype(np.int32),
        image=np.concatenate(images).astype(np.int16),
    )
    return Refined(made, gap, widest)
