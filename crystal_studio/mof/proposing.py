"""Orientations of blocks, each by itself: its bonds are turned to where blocks around it can take them.

However a block of the other kind is turned, both ends of each of its bonds lie on spheres about its place. A block
is well turned where all its own bonds do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.neighbours import reduce_cells
from crystal_studio.mof.blocks import BlockLibrary
from crystal_studio.mof.coarse import CoarseMofs
from crystal_studio.mof.ends import bond_ends
from crystal_studio.mof.searching import Search

if TYPE_CHECKING:
    import torch

WIDTH = 0.7
"""Angstrom, how near to a sphere counts."""
_COARSE = 1.2
"""The same for orientations that are not refined yet."""
_ROUNDS = 8
_SLACK = 2.0
_SAME_RADIUS = 0.2
_SAME_ENDS = 0.6
"""Angstrom: orientations whose bonds differ less are one."""
_NUMBERS_AT_ONCE = 20_000_000


@dataclass(frozen=True)
class Proposals:
    """Orientations of K blocks, C of each at most.

    turned : (K, C, 3, 3) rotations, best first
    score : (K, C) bonds met, each alone; -inf where there is none
    """

    turned: torch.Tensor
    score: torch.Tensor


def propose(
    mofs: CoarseMofs, library: BlockLibrary, spun: NDArray[np.float64], options: Search, device: str,
    looked: NDArray[np.bool_] | None = None,
) -> Proposals:  # fmt: skip
    """Orientations of every block, or of those that ``looked`` (K,) names; ``spun`` (B, 3, 3) turns those that are
    tried, framework by framework."""
    import torch

    count = len(mofs.block)
    # A block out of reach of all others stays as it is in the library.
    turned = torch.eye(3, device=device).repeat(count, options.kept, 1, 1)
    score = torch.full((count, options.kept), -torch.inf, device=device)
    score[:, 0] = 0.0
    spheres = [found for i in range(len(mofs)) for found in _spheres(mofs, library, i)]
    sizes = library.n_points[mofs.block]
    wide = np.array([len(radius) for _, radius in spheres], np.int64)
    rows_looked = wide > 0 if looked is None else (wide > 0) & looked
    tried = even_rotations(options.tried, device)
    crystal = np.repeat(np.arange(len(mofs)), mofs.n_blocks)
    ends = bond_ends(library)
    for rows in _chunks(np.flatnonzero(rows_looked), sizes, wide, options):
        padded = _padded(mofs, library, ends, spheres, rows, device)
        spin = torch.as_tensor(spun[crystal[rows]], dtype=torch.float32, device=device)
        best, value = _best(tried @ spin[:, None], *padded, options)
        turned[rows], score[rows] = best, value
    return Proposals(turned, score)


def even_rotations(count: int, device: str) -> torch.Tensor:
    """(count, 3, 3) rotations spread evenly: super-Fibonacci spirals (Alexa, CVPR 2022)."""
    import torch

    s = np.arange(count) + 0.5
    first, second = 2 * np.pi * s / np.sqrt(2), 2 * np.pi * s / 1.533751168755204288118041
    inner, outer = np.sqrt(s / count), np.sqrt(1 - s / count)
    quaternion = np.stack(
        [inner * np.sin(first), inner * np.cos(first), outer * np.sin(second), outer * np.cos(second)], -1
    )
    from scipy.spatial.transform import Rotation

    return torch.as_tensor(Rotation.from_quat(quaternion).as_matrix(), dtype=torch.float32, device=device)


def rotations(vector: torch.Tensor) -> torch.Tensor:
    """(..., 3, 3) about vectors (..., 3) by their length in radians (Rodrigues)."""
    import torch

    angle = vector.norm(dim=-1, keepdim=True)[..., None]
    x, y, z = vector.unbind(-1)
    zero = torch.zeros_like(x)
    cross = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).reshape(*vector.shape, 3)
    # sin(a)/a and (1 - cos a)/a^2
    half = torch.sinc(angle / (2 * torch.pi))
    unit = torch.eye(3, dtype=vector.dtype, device=vector.device)
    return unit + torch.sinc(angle / torch.pi) * cross + 0.5 * half * half * (cross @ cross)


def _chunks(rows: NDArray, sizes: NDArray, wide: NDArray, options: Search) -> list[NDArray[np.int64]]:
    """Blocks of like sizes together."""
    order = rows[np.lexsort((wide[rows], sizes[rows]))]
    chunks: list[list[int]] = []
    largest = 0
    for row in order.tolist():
        each = int(sizes[row]) * int(wide[row]) * 2 * max(options.tried, 4 * options.refined)
        largest = max(largest, each)
        if chunks and (len(chunks[-1]) + 1) * largest <= _NUMBERS_AT_ONCE:
            chunks[-1].append(row)
        else:
            chunks.append([row])
            largest = each
    return [np.array(chunk, np.int64) for chunk in chunks]


def _padded(
    mofs: CoarseMofs, library: BlockLibrary, ends: NDArray, spheres: list[tuple[NDArray, NDArray]], rows: NDArray,
    device: str,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:  # fmt: skip
    """Ends (b, P, 2, 3), which of them are (b, P), centres (b, E, 3) and radii (b, E, 2), far away where padded."""
    import torch

    blocks = mofs.block[rows]
    width, reach = int(library.n_points[blocks].max()), max(len(spheres[row][1]) for row in rows)
    local, mask = np.zeros((len(rows), width, 2, 3)), np.zeros((len(rows), width))
    centre, radius = np.full((len(rows), reach, 3), 1e3), np.zeros((len(rows), reach, 2))
    for k, (row, block) in enumerate(zip(rows.tolist(), blocks.tolist(), strict=True)):
        own = library.point_rows(block)
        n, e = own.stop - own.start, len(spheres[row][1])
        local[k, :n], mask[k, :n] = ends[own], 1.0
        centre[k, :e], radius[k, :e] = spheres[row]

    def real(array: NDArray) -> torch.Tensor:
        return torch.as_tensor(array, dtype=torch.float32, device=device)

    return real(local), real(mask), real(centre), real(radius)


def _best(
    tried: torch.Tensor, local: torch.Tensor, mask: torch.Tensor, centre: torch.Tensor, radius: torch.Tensor,
    options: Search,
) -> tuple[torch.Tensor, torch.Tensor]:  # fmt: skip
    """(b, C, 3, 3) and scores (b, C) of the best of ``tried`` (b, M, 3, 3) that differ."""
    import torch

    off, _ = _off(tried, local, centre, radius)
    score = (torch.exp(-0.5 * off / _COARSE**2) * mask[:, None]).sum(-1)
    first = score.topk(min(options.refined, score.shape[1])).indices
    turned = torch.gather(tried, 1, first[..., None, None].expand(*first.shape, 3, 3))
    for step in range(_ROUNDS):
        width = _COARSE * (WIDTH / _COARSE) ** (step / (_ROUNDS - 1))
        off, chosen = _off(turned, local, centre, radius)
        places = torch.einsum("btij,bpej->btpei", turned, local)
        index = chosen.flatten(1)
        mid = torch.gather(centre, 1, index[..., None].expand(*index.shape, 3)).reshape(*chosen.shape, 1, 3)
        size = torch.gather(radius, 1, index[..., None].expand(*index.shape, 2)).reshape(*chosen.shape, 2)
        apart = places - mid
        length = apart.norm(dim=-1)
        slope = torch.linalg.cross(places, apart / (length[..., None] + 1e-6))
        weight = (torch.exp(-0.5 * off / width**2) * mask[:, None])[..., None]
        weighted = slope * weight[..., None]
        normal = torch.einsum("btpei,btpej->btij", weighted, slope)
        right = torch.einsum("btpei,btpe->bti", weighted, length - size)
        damping = 0.02 * normal.diagonal(dim1=-2, dim2=-1).sum(-1) + 0.1
        normal = normal + damping[..., None, None] * torch.eye(3, device=normal.device)
        change = -torch.linalg.solve(normal, right)
        change = change * (0.4 / change.norm(dim=-1, keepdim=True).clamp(min=0.4))
        turned = rotations(change) @ turned
    off, _ = _off(turned, local, centre, radius)
    score = (torch.exp(-0.5 * off / WIDTH**2) * mask[:, None]).sum(-1)
    return _distinct_turns(turned, score, local, mask, options.kept)


def _off(
    turned: torch.Tensor, local: torch.Tensor, centre: torch.Tensor, radius: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """(b, T, P) mean square distance of both ends of each bond from the nearest spheres, and which (b, T, P)."""
    import torch

    b, t, p = *turned.shape[:2], local.shape[1]
    places = torch.einsum("btij,bpej->betpi", turned, local).reshape(b, 2, t * p, 3)
    exact = "donot_use_mm_for_euclid_dist"
    off, more = (
        torch.cdist(places[:, end], centre, compute_mode=exact).sub_(radius[:, None, :, end]).square_()
        for end in (0, 1)
    )
    off = off.add_(more).mul_(0.5)
    least, chosen = off.min(-1)
    return least.reshape(b, t, p), chosen.reshape(b, t, p)


def _distinct_turns(
    turned: torch.Tensor, score: torch.Tensor, local: torch.Tensor, mask: torch.Tensor, kept: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """The best, then the best of those whose bonds stand elsewhere, and so on."""
    import torch

    b, t = score.shape
    places = torch.einsum("btij,bpej->btpei", turned, local).flatten(3)
    left = score.clone()
    found = torch.zeros(b, kept, dtype=torch.long, device=score.device)
    value = torch.full((b, kept), -torch.inf, device=score.device)
    rows = torch.arange(b, device=score.device)
    outside = (1 - mask)[:, None, None, :] * 1e6
    for k in range(min(kept, t)):
        best, at = left.max(1)
        found[:, k], value[:, k] = at, best
        mine = places[rows, at]
        near = torch.cdist(places, mine[:, None].expand(-1, t, -1, -1)) + outside
        apart = (near.amin(-1) * mask[:, None]).amax(-1)
        left = torch.where(apart < 2**0.5 * _SAME_ENDS, -torch.inf, left)
    index = found[..., None, None].expand(b, kept, 3, 3)
    return torch.gather(turned, 1, index), value


def _spheres(mofs: CoarseMofs, library: BlockLibrary, i: int) -> list[tuple[NDArray, NDArray]]:
    """For each block of framework i centres (E, 3), from its own place, and radii (E, 2) of spheres in its reach."""
    rows = mofs.block[mofs.blocks(i)]
    lattice, change = reduce_cells(mofs.lattice[i : i + 1])
    places = mofs.positions[mofs.blocks(i)] @ np.linalg.inv(change[0].astype(float))
    ends = bond_ends(library)
    arms = [np.linalg.norm(ends[library.point_rows(int(row))], axis=-1) for row in rows]
    radii = [_distinct(arm) for arm in arms]
    longest = np.array([arm.max() for arm in arms])
    reach = 2 * longest.max() + _SLACK
    steps = np.ceil(reach * np.linalg.norm(np.linalg.inv(lattice[0]), axis=0)).astype(int)
    sides = [np.arange(-n, n + 1) for n in steps]
    cells = np.stack(np.meshgrid(*sides, indexing="ij"), -1).reshape(-1, 3)
    found = []
    for k, row in enumerate(rows):
        centres, sizes = [np.zeros((0, 3))], [np.zeros((0, 2))]
        for other in np.flatnonzero(library.kind[rows] != library.kind[row]).tolist():
            apart = places[other] - places[k]
            centre = (apart - np.rint(apart) + cells) @ lattice[0]
            far = np.linalg.norm(centre, axis=1)
            near = (far <= longest[k] + longest[other] + _SLACK) & (far >= 0.1)
            centres.append(np.repeat(centre[near], len(radii[other]), axis=0))
            sizes.append(np.tile(radii[other], (int(near.sum()), 1)))
        found.append((np.concatenate(centres), np.concatenate(sizes)))
    return found


def _distinct(values: NDArray) -> NDArray[np.float64]:
    """One row of all that are nearly equal."""
    kept: list[NDArray] = []
    for value in values[np.lexsort(values.T)]:
        if not any(np.abs(value - other).max() < _SAME_RADIUS for other in kept):
            kept.append(value)
    return np.array(kept)
