"""First orientations of blocks, each by itself: its connection points are turned to where other blocks can meet them.

Wherever a block of the other kind is turned, each of its connection points lies on a sphere about the block's place.
A block is well turned where all its own points lie on such spheres.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.neighbours import reduce_cells
from crystal_studio.mof.blocks import BlockLibrary
from crystal_studio.mof.coarse import CoarseMofs

if TYPE_CHECKING:
    import torch

WIDTH = 0.7
"""Angstrom, how near to a sphere counts."""
_SLACK = 2.0
_SAME_RADIUS = 0.2


def first_turns(
    mofs: CoarseMofs, library: BlockLibrary, tried: torch.Tensor, noise: torch.Tensor, device: str
) -> torch.Tensor:
    """(starts, K) which of M rotations each block starts from.

    tried : (K, M, 3, 3) rotations to be looked at; noise : (starts, K, M) added to the scores, in points met
    """
    import torch

    chosen = torch.zeros(noise.shape[:2], dtype=torch.long, device=device)
    for i in range(len(mofs)):
        spheres = _spheres(mofs, library, i)
        for k, row in enumerate(range(int(mofs.offsets[i]), int(mofs.offsets[i + 1]))):
            centre, radius = (torch.as_tensor(part, dtype=torch.float32, device=device) for part in spheres[k])
            if not len(radius):
                continue
            local = library.points[library.point_rows(int(mofs.block[row]))]
            places = torch.einsum("mij,pj->mpi", tried[row], torch.as_tensor(local, dtype=torch.float32, device=device))
            off = (torch.cdist(places.reshape(-1, 3), centre) - radius).abs().amin(-1).reshape(places.shape[:2])
            score = torch.exp(-off / WIDTH).sum(-1)
            chosen[:, row] = (score + noise[:, row]).argmax(-1)
    return chosen


def _spheres(mofs: CoarseMofs, library: BlockLibrary, i: int) -> list[tuple[NDArray, NDArray]]:
    """For each block of framework i the centres (E, 3), from its own place, and radii (E,) of spheres in its reach."""
    rows = mofs.block[mofs.blocks(i)]
    lattice, change = reduce_cells(mofs.lattice[i : i + 1])
    places = mofs.positions[mofs.blocks(i)] @ np.linalg.inv(change[0].astype(float))
    arms = [np.linalg.norm(library.points[library.point_rows(int(row))], axis=1) for row in rows]
    radii = [_distinct(arm) for arm in arms]
    reach = 2 * max(arm.max() for arm in arms) + _SLACK
    steps = np.ceil(reach * np.linalg.norm(np.linalg.inv(lattice[0]), axis=0)).astype(int)
    sides = [np.arange(-n, n + 1) for n in steps]
    cells = np.stack(np.meshgrid(*sides, indexing="ij"), -1).reshape(-1, 3)
    owner = np.repeat(np.arange(len(rows)), [len(r) for r in radii])
    radius = np.concatenate(radii)
    found = []
    for k, row in enumerate(rows):
        others = np.flatnonzero(library.kind[rows] != library.kind[row])
        apart = places[others] - places[k]
        centre = ((apart - np.rint(apart))[:, None] + cells) @ lattice[0]
        distance = np.linalg.norm(centre, axis=-1)
        at, cell = np.nonzero(distance <= arms[k].max() + _SLACK + np.array([arms[o].max() for o in others])[:, None])
        keep = [np.flatnonzero(owner == others[a]) for a in at]
        counts = np.array([len(part) for part in keep], np.int64)
        chosen = np.concatenate([np.zeros(0, np.int64), *keep])
        middle = np.repeat(centre[at, cell], counts, axis=0)
        far = np.linalg.norm(middle, axis=1)
        near = far <= arms[k].max() + radius[chosen] + _SLACK
        found.append((middle[near], radius[chosen][near]))
    return found


def _distinct(values: NDArray) -> NDArray[np.float64]:
    """One of all that are nearly equal."""
    ordered = np.sort(values)
    return ordered[np.concatenate([[True], np.diff(ordered) > _SAME_RADIUS])]
