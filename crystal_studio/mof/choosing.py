"""One orientation of each block such that neighbours agree: annealed choices among proposals, many at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.neighbours import reduce_cells
from crystal_studio.mof.blocks import LINKER, NODE, BlockLibrary
from crystal_studio.mof.coarse import CoarseMofs
from crystal_studio.mof.ends import bond_ends, point_table
from crystal_studio.mof.proposing import Proposals
from crystal_studio.mof.searching import Search

if TYPE_CHECKING:
    import torch

WIDTH = 0.7
"""Angstrom, how near the ends of two bonds are where they count as one bond."""


def choose(
    mofs: CoarseMofs, library: BlockLibrary, proposals: Proposals, noise: list[torch.Tensor], options: Search
) -> torch.Tensor:
    """(fitted, K, 3, 3) the best choices of orientations, best first; the last repeats where there are fewer.

    noise : of each framework Gumbel noise (sweeps, restarts, blocks, C); nodes and linkers are chosen in turn
    """
    import torch

    ends = bond_ends(library)
    found = torch.zeros(options.fitted, len(mofs.block), dtype=torch.long, device=proposals.score.device)
    for i in range(len(mofs)):
        rows = mofs.block[mofs.blocks(i)]
        own = mofs.blocks(i)
        nodes, linkers = (np.flatnonzero(library.kind[rows] == kind) for kind in (NODE, LINKER))
        met = _met(mofs, library, ends, proposals.turned[own], i)
        there = torch.where(proposals.score[own] > -torch.inf, 0.0, -1e6)
        label = _annealed(met, there[nodes], there[linkers], noise[i][:, :, nodes], noise[i][:, :, linkers], options)
        best = _best(met, label, options.fitted)
        found[:, own.start + nodes] = best[:, : len(nodes)]
        found[:, own.start + linkers] = best[:, len(nodes) :]
    return proposals.turned[torch.arange(found.shape[1], device=found.device), found]


def _met(mofs: CoarseMofs, library: BlockLibrary, ends: NDArray, turned: torch.Tensor, i: int) -> torch.Tensor:
    """(n, C, l, C) bonds met between each node and each linker of framework i, in each orientation of both."""
    import torch

    device = turned.device
    rows = mofs.block[mofs.blocks(i)]
    lattice, _ = reduce_cells(mofs.lattice[i : i + 1])
    basis = torch.as_tensor(lattice[0], dtype=torch.float32, device=device)
    inverse = torch.linalg.inv(basis)
    origin = torch.as_tensor(mofs.positions[mofs.blocks(i)] @ mofs.lattice[i], dtype=torch.float32, device=device)
    places, owner = [], []
    for kind in (NODE, LINKER):
        table = point_table(mofs, library, i, kind)
        local = ends[library.point_offsets[rows[table[:, 0]]] + table[:, 1]]
        own = torch.as_tensor(table[:, 0], device=device)
        turn = torch.einsum("pcij,pej->cpei", turned[own], torch.as_tensor(local, dtype=torch.float32, device=device))
        places.append((turn + origin[own][:, None]).flatten(2))
        owner.append(torch.unique_consecutive(own, return_inverse=True)[1])
    kept, n, m = turned.shape[1], int(owner[0].max()) + 1, int(owner[1].max()) + 1
    found = torch.zeros(n, kept, m, kept, device=device)
    other = places[1].reshape(-1, 6)
    index = (owner[1] + m * torch.arange(kept, device=device)[:, None]).reshape(-1)
    for node in range(n):
        mine = places[0][:, owner[0] == node]
        apart = other[None] - mine.reshape(-1, 6)[:, None]
        middle = 0.5 * (apart[..., :3] + apart[..., 3:])
        shift = torch.round(middle @ inverse) @ basis
        square = (middle - shift).square().sum(-1)
        # Of the two ends, what they have in common and what they differ in.
        square = square + (0.5 * (apart[..., :3] - apart[..., 3:])).square().sum(-1)
        score = torch.exp(-0.5 * square / WIDTH**2).reshape(kept, mine.shape[1], -1).sum(1)
        total = torch.zeros(kept, m * kept, device=device).index_add_(1, index, score)
        found[node] = total.reshape(kept, kept, m).transpose(1, 2)
    return found


def _annealed(
    met: torch.Tensor, nodes: torch.Tensor, linkers: torch.Tensor, first: torch.Tensor, second: torch.Tensor,
    options: Search,
) -> torch.Tensor:  # fmt: skip
    """(restarts, n + l) labels."""
    import torch

    n, kept, m, _ = met.shape
    table = met.reshape(n * kept, m * kept)
    high, low = options.temperature
    of_linkers = (linkers + second[0]).argmax(-1)
    of_nodes = of_linkers[:, :1].expand(-1, n)
    for step in range(options.sweeps):
        heat = high * (low / high) ** (step / max(options.sweeps - 1, 1))
        if step == options.sweeps - 1:
            heat = 0.0
        hot = torch.nn.functional.one_hot(of_linkers, kept).float().flatten(1)
        of_nodes = ((hot @ table.T).reshape(-1, n, kept) + nodes + heat * first[step]).argmax(-1)
        hot = torch.nn.functional.one_hot(of_nodes, kept).float().flatten(1)
        of_linkers = ((hot @ table).reshape(-1, m, kept) + linkers + heat * second[step]).argmax(-1)
    return torch.cat([of_nodes, of_linkers], 1)


def _best(met: torch.Tensor, label: torch.Tensor, count: int) -> torch.Tensor:
    """(count, n + l) the best choices that differ."""
    import torch

    n, _, m, _ = met.shape
    label = torch.unique(label, dim=0)
    of_nodes, of_linkers = label[:, :n], label[:, n:]
    score = met[
        torch.arange(n, device=met.device)[:, None], of_nodes[:, :, None],
        torch.arange(m, device=met.device), of_linkers[:, None, :],
    ].sum((1, 2))  # fmt: skip
    order = score.argsort(descending=True)[:count]
    return label[torch.cat([order, order[-1:].expand(count - len(order))])]
