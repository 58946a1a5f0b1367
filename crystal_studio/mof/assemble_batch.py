"""The steps of an assembly, for a batch of balanced frameworks: proposals, choices, fit, atoms."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.neighbours import reduce_cells
from crystal_studio.mof.alternatives import Alternatives, alternatives
from crystal_studio.mof.blocks import LINKER, NODE, BlockLibrary
from crystal_studio.mof.choosing import choose
from crystal_studio.mof.coarse import CoarseMofs
from crystal_studio.mof.ends import bond_ends, point_table
from crystal_studio.mof.exchanging import SIGMA, crowding, exchange
from crystal_studio.mof.fitting import Joined, Parts, Placed, fit, gaps, gather, join, placed
from crystal_studio.mof.proposing import propose
from crystal_studio.mof.searching import Search

if TYPE_CHECKING:
    import torch

_AS_GOOD = 0.1
"""Angstrom: ways that end with gaps as near to the smallest differ in their atoms alone."""
_WAYS = 2
"""So many of them, at most, are compared."""
_DIFFERENT = 0.2
"""Angstrom by which an end of a bond stands elsewhere in another way."""


@dataclass(frozen=True)
class Assembly:
    """One framework: as in ``CoarseMofs`` and ``assemble.Assembled``."""

    lattice: NDArray[np.float64]
    positions: NDArray[np.float64]
    rotation: NDArray[np.float64]
    ends: NDArray[np.int32]
    image: NDArray[np.int16]
    gap: float
    widest: float


def assemble_batch(
    mofs: CoarseMofs, library: BlockLibrary, seeds: list[tuple[int, int]], options: Search, device: str,
    known: dict[int, Alternatives],
) -> list[Assembly]:  # fmt: skip
    """Each framework from its own seed; ``known`` keeps what was found out about blocks, for the next batch."""
    spun, noise = [], []
    for seed, count in zip(seeds, mofs.n_blocks.tolist(), strict=True):
        random = np.random.default_rng(seed)
        spun.append(_random_rotation(random))
        noise.append(_gumbel(random, (options.sweeps, options.restarts, count, options.kept), device))
    for block in np.unique(mofs.block).tolist():
        if block not in known:
            known[block] = alternatives(library, block)
    turned = choose(mofs, library, propose(mofs, library, np.array(spun), options, device), noise, options)
    parts = gather(mofs, library, device)
    now, joined = _closed(parts, placed(parts, mofs, turned), options)
    square, _ = _squares(parts, now, joined)
    whole, exchanged, ways = bond_ends(library), now.turned.clone(), []
    for i in range(len(mofs)):
        rms = np.sqrt(square[:, i] / (2 * int(parts.mask[i].sum())))
        good = [k for k in np.argsort(rms, kind="stable").tolist() if rms[k] <= rms.min() + _AS_GOOD]
        ways.append(_different(parts, now, good, i)[:_WAYS])
        for k in ways[i]:
            one = _One(mofs, library, whole, parts, now, joined, k, i)
            exchanged[k, i, : one.count] = _torch_of(one.by_atoms(known), exchanged)
    now, joined = _closed(parts, replace(now, turned=exchanged), options)
    square, middle = _squares(parts, now, joined)
    found = []
    for i, tried in enumerate(ways):
        ones = [_One(mofs, library, whole, parts, now, joined, k, i) for k in tried]
        cost = [square[one.way, i] / SIGMA**2 + (one.crowding() if len(ones) > 1 else 0.0) for one in ones]
        best = ones[int(np.argmin(cost))]
        found.append(best.put(middle[best.way, i, : int(parts.mask[i].sum())], options))
    return found


def _torch_of(array: NDArray, like: torch.Tensor) -> torch.Tensor:
    import torch

    return torch.as_tensor(array, dtype=like.dtype, device=like.device)


def _random_rotation(random: np.random.Generator) -> NDArray[np.float64]:
    from scipy.spatial.transform import Rotation

    return Rotation.from_quat(random.normal(size=4)).as_matrix()


def _gumbel(random: np.random.Generator, shape: tuple[int, ...], device: str) -> torch.Tensor:
    import torch

    return torch.as_tensor(-np.log(random.standard_exponential(shape, np.float32) + 1e-12), device=device)


def _closed(parts: Parts, now: Placed, options: Search) -> tuple[Placed, Joined]:
    """Joined and fitted by turns, since what is nearest depends on the fit."""
    for _ in range(3):
        joined = join(parts, now)
        now = fit(parts, now, joined, 3, options)
    return now, joined


def _squares(parts: Parts, now: Placed, joined: Joined) -> tuple[NDArray, NDArray]:
    """(S, F) sums of squared distances of ends of bonds, and (S, F, P) squared distances of their middles."""
    apart = gaps(parts, now, joined)
    return apart.square().sum((-1, -2, -3)).cpu().numpy(), apart.mean(-2).square().sum(-1).cpu().numpy()


def _different(parts: Parts, now: Placed, ways: list[int], i: int) -> list[int]:
    """Of ways in order those in which some bond stands elsewhere than in all before."""
    import torch

    found: list[int] = []
    places: list[torch.Tensor] = []
    for k in ways:
        turned = now.turned[k, i][parts.owner[:, i]]
        ends = torch.einsum("gpij,gpej->gpei", turned, parts.local[:, i]) * parts.mask[i][:, None, None]
        if all(float((ends - other).norm(dim=-1).max()) > _DIFFERENT for other in places):
            found.append(k)
            places.append(ends)
    return found


class _One:
    """One way of one framework, in double precision on the processor."""

    def __init__(
        self, mofs: CoarseMofs, library: BlockLibrary, ends: NDArray, parts: Parts, now: Placed, joined: Joined,
        way: int, i: int,
    ) -> None:  # fmt: skip
        self.mofs, self.library, self.way, self.i = mofs, library, way, i
        self.block = mofs.block[mofs.blocks(i)]
        self.count = len(self.block)
        self.cell = now.cell[way, i].double().cpu().numpy()
        self.place = now.place[way, i, : self.count].double().cpu().numpy()
        turned = now.turned[way, i, : self.count].double().cpu().numpy()
        u, _, v = np.linalg.svd(turned)  # what single precision took from it being a rotation
        self.rotation = u @ v
        self.partner = joined.partner[way, i, : int(parts.mask[i].sum())].cpu().numpy()
        self.image = joined.image[way, i, : len(self.partner)].double().cpu().numpy()
        self.tables = [point_table(mofs, library, i, kind) for kind in (NODE, LINKER)]
        self.local = [ends[library.point_rows(int(b))] for b in self.block]
        self.numbers = [library.numbers[library.atoms(int(b))] for b in self.block]
        self.atoms = [library.positions[library.atoms(int(b))] for b in self.block]

    def by_atoms(self, known: dict[int, Alternatives]) -> NDArray[np.float64]:
        """Rotations (K, 3, 3) after ``exchange``."""
        choices = [known[int(b)] for b in self.block]
        target = self._targets()

        def misfit(k: int, turned: NDArray) -> NDArray[np.float64]:
            moved = np.einsum("aij,pej->apei", turned, self.local[k]) + self.place[k]
            return ((moved - target[k][choices[k].order]) ** 2).sum((1, 2, 3))

        chosen = exchange(self.cell, self.numbers, self.atoms, self.rotation, self.place, misfit, choices)
        return np.array([r @ c.turns[a] for r, c, a in zip(self.rotation, choices, chosen, strict=True)])

    def _targets(self) -> list[NDArray[np.float64]]:
        """For each block where the blocks that it meets want the ends of its bonds (p, 2, 3)."""
        ends = [
            np.einsum("ij,pej->pei", r, e) + x for r, e, x in zip(self.rotation, self.local, self.place, strict=True)
        ]
        nodes, linkers = (np.array([ends[k][p] for k, p in table]) for table in self.tables)
        step = (self.image @ self.cell)[:, None]
        wanted = [linkers[self.partner] + step, (nodes - step)[np.argsort(self.partner)]]
        found: list[NDArray] = [np.zeros((0, 2, 3))] * self.count
        for table, places in zip(self.tables, wanted, strict=True):
            for k in np.unique(table[:, 0]).tolist():
                found[k] = places[table[:, 0] == k]
        return found

    def crowding(self) -> float:
        """As ``exchanging.crowding``."""
        places = np.concatenate([a @ r.T + x for a, r, x in zip(self.atoms, self.rotation, self.place, strict=True)])
        block = np.repeat(np.arange(self.count), [len(a) for a in self.atoms])
        return crowding(self.cell, np.concatenate(self.numbers), places, block)

    def put(self, square: NDArray, options: Search) -> Assembly:
        """In the cell and the axes of the framework as given; ``square`` (P,) of the gaps."""
        given = self.mofs.lattice[self.i]
        _, change = reduce_cells(given[None])
        back = np.linalg.inv(change[0].astype(float))
        lattice = back @ self.cell if options.strain else given
        inside = self.place @ np.linalg.inv(self.cell) @ change[0]
        whole = np.floor(inside).astype(int)
        positions = inside - whole
        nodes, linkers = self.tables
        ends = np.stack([nodes, linkers[self.partner]], 1)
        image = np.rint(self.image @ change[0]).astype(int) + whole[ends[:, 1, 0]] - whole[ends[:, 0, 0]]
        return Assembly(
            lattice, positions, self.rotation, ends.astype(np.int32), image.astype(np.int16),
            float(np.sqrt(square.mean())), float(np.sqrt(square.max())),
        )  # fmt: skip
