"""Blocks turned and moved together, rigidly, until the bonds between them close: many frameworks at once, on torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.neighbours import reduce_cells
from crystal_studio.mof.blocks import LINKER, NODE, BlockLibrary
from crystal_studio.mof.coarse import CoarseMofs
from crystal_studio.mof.ends import bond_ends, point_table
from crystal_studio.mof.proposing import rotations
from crystal_studio.mof.searching import Search

if TYPE_CHECKING:
    import torch

_SIGMA = 0.3
"""Angstrom by which an end of a bond may be off where all is well."""


@dataclass(frozen=True)
class Parts:
    """What is to be joined: F frameworks, padded to K blocks, P bonds. N is nodes, L linkers.

    owner : (2, F, P) int64, the block whose bond it is, in order N, L; 0 where padded
    local : (2, F, P, 2, 3) both ends of that bond in the frame of its block; mask : (F, P) bool
    fractional : (F, K, 3) where blocks were put, in the reduced cell (F, 3, 3) ``cell``
    """

    owner: torch.Tensor
    local: torch.Tensor
    mask: torch.Tensor
    fractional: torch.Tensor
    cell: torch.Tensor


@dataclass(frozen=True)
class Placed:
    """S ways of every framework: rotations (S, F, K, 3, 3), places (S, F, K, 3), strained cells (S, F, 3, 3)."""

    turned: torch.Tensor
    place: torch.Tensor
    cell: torch.Tensor


@dataclass(frozen=True)
class Joined:
    """Which bond of a linker, ``partner`` (S, F, P), in which cell, ``image`` (S, F, P, 3), is that of each node."""

    partner: torch.Tensor
    image: torch.Tensor


def gather(mofs: CoarseMofs, library: BlockLibrary, device: str) -> Parts:
    """The bonds of balanced frameworks."""
    import torch

    size, ends = len(mofs), bond_ends(library)
    sides = [[point_table(mofs, library, i, kind) for i in range(size)] for kind in (NODE, LINKER)]
    width, most = max(len(table) for table in sides[0]), int(mofs.n_blocks.max())
    owner, local = np.zeros((2, size, width), np.int64), np.zeros((2, size, width, 2, 3))
    mask, fractional = np.zeros((size, width), bool), np.zeros((size, most, 3))
    cell, change = reduce_cells(mofs.lattice)
    for i in range(size):
        own = mofs.blocks(i)
        fractional[i, : own.stop - own.start] = mofs.positions[own] @ np.linalg.inv(change[i].astype(float))
        for side, tables in enumerate(sides):
            table, n = tables[i], len(tables[i])
            owner[side, i, :n], mask[i, :n] = table[:, 0], True
            local[side, i, :n] = ends[library.point_offsets[mofs.block[own][table[:, 0]]] + table[:, 1]]

    def real(array: NDArray) -> torch.Tensor:
        return torch.as_tensor(array, dtype=torch.float32, device=device)

    return Parts(
        torch.as_tensor(owner, device=device), real(local), torch.as_tensor(mask, device=device),
        real(fractional), real(cell),
    )  # fmt: skip


def placed(parts: Parts, mofs: CoarseMofs, turned: torch.Tensor) -> Placed:
    """Blocks where they were put, turned by (S, all blocks, 3, 3)."""
    import torch

    starts, (size, most) = len(turned), parts.fractional.shape[:2]
    own = torch.eye(3, device=turned.device).expand(starts, size, most, 3, 3).clone()
    for i in range(size):
        rows = mofs.blocks(i)
        own[:, i, : rows.stop - rows.start] = turned[:, rows]
    cell = parts.cell.expand(starts, -1, -1, -1)
    return Placed(own, parts.fractional @ cell, cell)


def join(parts: Parts, now: Placed) -> Joined:
    """Bonds of nodes and linkers paired with the least sum of squared distances of their ends."""
    import torch
    from scipy.optimize import linear_sum_assignment

    one, other = (_ends(parts, now, side) for side in (0, 1))
    middle = other.mean(-2)[:, :, None] - one.mean(-2)[:, :, :, None]
    shift = torch.round(torch.einsum("sfpqi,sfij->sfpqj", middle, torch.linalg.inv(now.cell)))
    middle = middle - torch.einsum("sfpqi,sfij->sfpqj", shift, now.cell)
    along = (
        0.5 * (other[..., 0, :] - other[..., 1, :])[:, :, None] - 0.5 * (one[..., 0, :] - one[..., 1, :])[..., None, :]
    )
    square = (middle.square().sum(-1) + along.square().sum(-1)).cpu().numpy()
    partner = np.tile(np.arange(square.shape[-1]), (*square.shape[:2], 1))
    for k in range(square.shape[0]):
        for i, n in enumerate(parts.mask.sum(-1).tolist()):
            partner[k, i, :n] = linear_sum_assignment(square[k, i, :n, :n])[1]
    chosen = torch.as_tensor(partner, device=one.device)
    image = -torch.gather(shift, 3, chosen[..., None, None].expand(*chosen.shape, 1, 3))[..., 0, :]
    return Joined(chosen, image)


def gaps(parts: Parts, now: Placed, joined: Joined) -> torch.Tensor:
    """(S, F, P, 2, 3) Angstrom from the ends that the node expects to those of the linker; 0 where padded."""
    import torch

    own, other, image = _sides(parts, now, joined)
    apart = other + torch.einsum("sfpi,sfij->sfpj", image, now.cell)[..., None, :] - own
    return apart * parts.mask[..., None, None]


def fit(parts: Parts, now: Placed, joined: Joined, rounds: int, options: Search) -> Placed:
    """Rotations, and places and cell as far as ``options`` lets them, nearest to closing all bonds (Gauss-Newton)."""
    for _ in range(rounds):
        now = _round(parts, now, joined, options)
    return now


def _ends(parts: Parts, now: Placed, side: int) -> torch.Tensor:
    """(S, F, P, 2, 3) Cartesian ends of the bonds of nodes or of linkers."""
    arms, place = _arms(parts, now, side)
    return arms + place[..., None, :]


def _arms(parts: Parts, now: Placed, side: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Ends (S, F, P, 2, 3) about the origins (S, F, P, 3) of their blocks."""
    import torch

    frame = torch.arange(parts.owner.shape[1], device=parts.owner.device)[:, None]
    owner = parts.owner[side]
    return torch.einsum("sfpij,fpej->sfpei", now.turned[:, frame, owner], parts.local[side]), now.place[:, frame, owner]


def _paired(values: torch.Tensor, partner: torch.Tensor) -> torch.Tensor:
    import torch

    extra = values.dim() - partner.dim()
    index = partner.reshape(*partner.shape, *[1] * extra).expand(*partner.shape, *values.shape[3:])
    return torch.gather(values, 2, index)


def _sides(parts: Parts, now: Placed, joined: Joined) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    return _ends(parts, now, 0), _paired(_ends(parts, now, 1), joined.partner), joined.image


def _round(parts: Parts, now: Placed, joined: Joined, options: Search) -> Placed:
    import torch

    starts, size, most = now.place.shape[:3]
    device = now.place.device
    own, at = _arms(parts, now, 0)
    other, there = (_paired(part, joined.partner) for part in _arms(parts, now, 1))
    apart = there + torch.einsum("sfpi,sfij->sfpj", joined.image, now.cell) - at
    weight = parts.mask[None, :, :, None, None] / _SIGMA
    gap = (apart[..., None, :] + other - own) * weight
    hot = torch.nn.functional.one_hot(parts.owner, most).float()
    first, second = hot[0].expand(starts, -1, -1, -1), _paired(hot[1].expand(starts, -1, -1, -1), joined.partner)
    turn = torch.einsum("sfpk,sfpeij->sfpeikj", first, _cross(own)) - torch.einsum(
        "sfpk,sfpeij->sfpeikj", second, _cross(other)
    )
    unit = torch.eye(3, device=device)
    move = torch.einsum("sfpk,ij->sfpikj", second - first, unit)[:, :, :, None].expand_as(turn)
    x, y, z = apart.unbind(-1)
    none = torch.zeros_like(x)
    # Of the six strains xx, yy, zz, yz, xz, xy.
    strain = torch.stack(
        [x, none, none, none, z, y, none, y, none, z, none, x, none, none, z, y, x, none], -1
    ).reshape(*x.shape, 1, 3, 6).expand(-1, -1, -1, 2, -1, -1)  # fmt: skip
    slope = torch.cat([turn.flatten(-2), move.flatten(-2), strain], -1) * weight[..., None]
    slope, gap = slope.reshape(starts, size, -1, slope.shape[-1]), gap.reshape(starts, size, -1)
    normal = slope.transpose(-1, -2) @ slope
    right = (slope.transpose(-1, -2) @ gap[..., None])[..., 0]
    loose = 1 / max(options.place, 1e-4) ** 2
    stiff = 1 / max(options.strain, 1e-6) ** 2
    held = torch.tensor([0.1, loose, stiff], device=device).repeat_interleave(
        torch.tensor([3 * most, 3 * most, 6], device=device)
    )
    anchor = torch.einsum("fki,sfij->sfkj", parts.fractional, now.cell)
    strained = torch.linalg.solve(parts.cell, now.cell) - unit
    strained = 0.5 * (strained + strained.transpose(-1, -2))
    voigt = torch.stack(
        [*strained.diagonal(dim1=-2, dim2=-1).unbind(-1)]
        + [2 * strained[..., i, j] for i, j in ((1, 2), (0, 2), (0, 1))], -1
    )  # fmt: skip
    right = right + torch.cat(
        [torch.zeros_like(anchor).flatten(2), loose * (now.place - anchor).flatten(2), stiff * voigt], -1
    )
    change = -torch.linalg.solve(normal + torch.diag(held), right)
    spin = change[..., : 3 * most].reshape(starts, size, most, 3)
    spin = spin * (0.5 / spin.norm(dim=-1, keepdim=True).clamp(min=0.5))
    moved = change[..., 3 * most : 6 * most].reshape(starts, size, most, 3)
    xx, yy, zz, yz, xz, xy = change[..., 6 * most :].unbind(-1)
    stretch = unit + torch.stack([xx, xy, xz, xy, yy, yz, xz, yz, zz], -1).reshape(starts, size, 3, 3)
    return Placed(rotations(spin) @ now.turned, (now.place + moved) @ stretch, now.cell @ stretch)


def _cross(vector: torch.Tensor) -> torch.Tensor:
    """(..., 3, 3) that turn w into vector x w."""
    import torch

    x, y, z = vector.unbind(-1)
    zero = torch.zeros_like(x)
    return torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).reshape(*vector.shape, 3)
