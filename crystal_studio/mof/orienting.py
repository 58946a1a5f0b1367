"""Orientations of rigid blocks that let their connection points meet: many frameworks and starts at once, on torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.neighbours import reduce_cells
from crystal_studio.mof.blocks import NODE, BlockLibrary
from crystal_studio.mof.coarse import CoarseMofs

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Annealing:
    """How orientations are searched.

    starts : orientations of a framework from which a search starts
    tried : random orientations of each block from which its first are chosen (``shells``)
    noise : scale of the Gumbel noise, in points met, by which the starts after the first differ
    steps : of Adam, along which sigma falls from ``sigma[0]`` to ``sigma[1]`` (Angstrom) in equal ratios
    rate : of Adam at the start, as a change of unit quaternions; falls with the square root of sigma
    sweeps : rounds of exact fits after points were told which to meet, nodes and linkers in turn
    """

    starts: int = 8
    tried: int = 600
    noise: float = 0.15
    steps: int = 80
    sigma: tuple[float, float] = (1.5, 0.3)
    rate: float = 0.15
    sweeps: int = 12


@dataclass(frozen=True)
class Points:
    """Connection points of S frameworks for torch, all with as many points of nodes as of linkers; padded to P.

    owner : (2, S, P) int64, block of each point of nodes and of linkers, counted through the batch; 0 where padded
    local : (2, S, P, 3), Angstrom about the block's origin
    origin : (2, S, P, 3), Cartesian, of that block
    mask : (S, P) bool
    lattice, inverse : (S, 3, 3) of a reduced cell of the same lattice
    """

    owner: torch.Tensor
    local: torch.Tensor
    origin: torch.Tensor
    mask: torch.Tensor
    lattice: torch.Tensor
    inverse: torch.Tensor


def point_table(mofs: CoarseMofs, library: BlockLibrary, i: int, kind: int) -> NDArray[np.int64]:
    """(P, 2) block (counted within framework i) and point of every connection point of nodes or of linkers."""
    rows = mofs.block[mofs.blocks(i)]
    chosen = np.flatnonzero(library.kind[rows] == kind)
    counts = library.n_points[rows[chosen]]
    point = np.concatenate([np.arange(n) for n in counts]) if len(counts) else np.zeros(0, np.int64)
    return np.stack([np.repeat(chosen, counts), point], 1)


def gather(mofs: CoarseMofs, library: BlockLibrary, device: str) -> Points:
    """The connection points of balanced frameworks."""
    import torch

    size = len(mofs)
    sides = [[point_table(mofs, library, i, kind) for i in range(size)] for kind in (NODE, 1 - NODE)]
    width = max(len(table) for table in sides[0])
    owner = np.zeros((2, size, width), np.int64)
    local, origin = np.zeros((2, size, width, 3)), np.zeros((2, size, width, 3))
    mask = np.zeros((size, width), bool)
    for side, tables in enumerate(sides):
        for i, table in enumerate(tables):
            rows, n = int(mofs.offsets[i]) + table[:, 0], len(table)
            owner[side, i, :n], mask[i, :n] = rows, True
            local[side, i, :n] = library.points[library.point_offsets[mofs.block[rows]] + table[:, 1]]
            origin[side, i, :n] = mofs.positions[rows] @ mofs.lattice[i]
    lattice, _ = reduce_cells(mofs.lattice)

    def real(array: NDArray) -> torch.Tensor:
        return torch.as_tensor(array, dtype=torch.float32, device=device)

    return Points(
        torch.as_tensor(owner, device=device),
        real(local),
        real(origin),
        torch.as_tensor(mask, device=device),
        real(lattice),
        real(np.linalg.inv(lattice)),
    )


def anneal(points: Points, turned: torch.Tensor, options: Annealing) -> torch.Tensor:
    """Rotations (starts, K, 3, 3) of K blocks, from the unit quaternions (starts, K, 4) given.

    Maximises the sum over points of nodes and linkers of exp(-d / sigma), d to the nearest image, while sigma falls
    (as MOFDiff, Fu et al. 2024). All frameworks and starts move in one batch and none feels another.
    """
    import torch

    turned = turned.clone().requires_grad_(True)
    high, low = options.sigma
    first, second = torch.zeros_like(turned), torch.zeros_like(turned)
    both = (points.mask[:, :, None] & points.mask[:, None, :])[None]
    for step in range(options.steps):
        sigma = high * (low / high) ** (step / max(options.steps - 1, 1))
        apart = _apart(points, *_places(points, rotations(turned)))
        distance = (apart.square().sum(-1) + 1e-6).sqrt()
        # Each point weighs the same whatever the framework: no normalisation is needed for Adam.
        score = (torch.exp(-distance / sigma) * both).sum()
        (slope,) = torch.autograd.grad(-score * sigma, turned)
        with torch.no_grad():
            first = 0.8 * first + 0.2 * slope
            second = 0.95 * second + 0.05 * slope.square()
            scale = second.sum(-1, keepdim=True) / (1 - 0.95 ** (step + 1))
            change = first / (1 - 0.8 ** (step + 1)) / (scale.sqrt() + 1e-9)
            moved = turned - options.rate * (sigma / high) ** 0.5 * change
            turned = (moved / moved.norm(dim=-1, keepdim=True)).requires_grad_(True)
    return rotations(turned.detach())


def distances(points: Points, turned: torch.Tensor) -> torch.Tensor:
    """(starts, S, P, P) squared distances of points of nodes (rows) and linkers; 0 among padding, else huge."""
    import torch

    square = _apart(points, *_places(points, turned)).square().sum(-1)
    one, other = points.mask[None, :, :, None], points.mask[None, :, None, :]
    return torch.where(one & other, square, torch.where(one | other, 1e6, 0.0))


def fit(points: Points, turned: torch.Tensor, partner: torch.Tensor, sweeps: int) -> torch.Tensor:
    """Rotations (starts, K, 3, 3) with the least sum of squared distances between partners, from those given.

    partner : (starts, S, P) the linkers' point that each of the nodes' is to meet. Nodes and linkers are turned in
    turn, each by the exact best rotation (Kabsch), so that no round makes it worse.
    """
    import torch

    back = torch.argsort(partner, dim=-1)
    for _ in range(sweeps):
        for side, order in ((0, partner), (1, back)):
            places = _places(points, turned)
            index = order[..., None].expand(*order.shape, 3)
            gap = torch.gather(places[1 - side], 2, index) - places[side]
            gap = gap - _nearest(points, gap)
            target = places[side] - points.origin[side] + gap
            weight = points.mask[None, :, :, None].float()
            outer = (target * weight)[..., :, None] * points.local[side][None, :, :, None, :]
            starts, n = turned.shape[:2]
            total = torch.zeros(starts, n, 3, 3, device=turned.device)
            owner = points.owner[side].reshape(1, -1, 1, 1).expand(starts, -1, 3, 3)
            total.scatter_add_(1, owner, outer.reshape(starts, -1, 3, 3))
            # What the points leave open (a turn about the line of two of them) stays as it is.
            mine = torch.zeros(n, dtype=torch.bool, device=turned.device)
            mine[points.owner[side][points.mask]] = True
            u, _, v = torch.linalg.svd(total[:, mine] + 1e-2 * turned[:, mine])
            sign = torch.linalg.det(u @ v)
            u = torch.cat([u[..., :2], u[..., 2:] * sign[..., None, None]], -1)
            turned = turned.clone()
            turned[:, mine] = u @ v
    return turned


def rotations(quaternion: torch.Tensor) -> torch.Tensor:
    """(..., 3, 3) of unit quaternions (..., 4), scalar first."""
    import torch

    w, x, y, z = quaternion.unbind(-1)
    rows = [
        1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),
        2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
        2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y),
    ]  # fmt: skip
    return torch.stack(rows, -1).reshape(*quaternion.shape[:-1], 3, 3)


def _places(points: Points, turned: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Cartesian places (starts, S, P, 3) of the points of nodes and of linkers."""
    import torch

    found = [
        torch.einsum("rspij,spj->rspi", turned[:, points.owner[side]], points.local[side]) + points.origin[side]
        for side in (0, 1)
    ]
    return found[0], found[1]


def _nearest(points: Points, apart: torch.Tensor) -> torch.Tensor:
    """The lattice vector nearest to each difference (starts, S, ..., 3), in a reduced cell."""
    import torch

    flat = apart.detach().reshape(*apart.shape[:2], -1, 3)
    whole = torch.round(torch.einsum("rsni,sij->rsnj", flat, points.inverse))
    return torch.einsum("rsni,sij->rsnj", whole, points.lattice).reshape(apart.shape)


def _apart(points: Points, of_nodes: torch.Tensor, of_linkers: torch.Tensor) -> torch.Tensor:
    """(starts, S, P, P, 3) from each point of nodes to the nearest image of each of linkers."""
    apart = of_linkers[:, :, None, :] - of_nodes[:, :, :, None]
    return apart - _nearest(points, apart)
