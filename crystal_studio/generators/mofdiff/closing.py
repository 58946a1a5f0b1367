"""Closing the gaps of assembled frameworks: places, turns and cell give way until the points that are joined meet.

A sampled cell is off by some percent, and rigid blocks that are joined in it stand apart or push each other. Which
points meet is known after the assembly; where blocks stand and what the cell is then follows by least squares.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from crystal_studio.mof.blocks import BlockLibrary
from crystal_studio.mof.coarse import CoarseMofs

SWEEPS = 60
"""Rounds of places and cell, then turns."""
MOST_STRAIN = 0.35
"""Largest logarithmic change of a length in the cell that is let through."""
_HOLD_CELL, _HOLD_PLACE, _HOLD_TURN = 0.05, 0.01, 0.02
"""Weights of squared changes (Angstrom) of cell vectors, of places, and of atoms under a turn; a gap counts 1."""


@dataclass(frozen=True)
class Closed:
    """mofs : with their gaps closed as far as they can be; gap, widest : (B,) Angstrom as in ``Assembled``, NaN where
    nothing is joined."""

    mofs: CoarseMofs
    gap: NDArray[np.float64]
    widest: NDArray[np.float64]


def close(mofs: CoarseMofs, library: BlockLibrary, sweeps: int = SWEEPS) -> Closed:
    """Close the gaps of frameworks whose connections are known; those without any stay as they are."""
    lattice, positions, rotation = mofs.lattice.copy(), mofs.positions.copy(), mofs.rotation.copy()
    image = mofs.image.copy()
    gap, widest = np.full((2, len(mofs)), np.nan)
    for i in range(len(mofs)):
        rows, joined = mofs.blocks(i), mofs.connections(i)
        if not len(mofs.ends[joined]):
            continue
        one = _One.of(mofs, library, i)
        for _ in range(sweeps):
            one.place()
            one.turn()
        one.place()
        lengths = np.linalg.norm(one.gaps(), axis=1)
        gap[i], widest[i] = np.sqrt((lengths**2).mean()), lengths.max()
        placed = one.places @ np.linalg.inv(one.lattice)
        cell = np.floor(placed).astype(np.int64)
        lattice[i], positions[rows], rotation[rows] = one.lattice, placed - cell, one.rotation
        image[joined] = one.image + cell[one.linker] - cell[one.node]
    made = replace(mofs, lattice=lattice, positions=positions, rotation=rotation, image=image)
    return Closed(made, gap, widest)


class _One:
    """One framework while its gaps are closed: Cartesian places (K, 3), turns (K, 3, 3), cell (3, 3)."""

    def __init__(
        self,
        lattice: NDArray,
        places: NDArray,
        rotation: NDArray,
        ends: tuple[NDArray, NDArray],
        image: NDArray,
        local: tuple[NDArray, NDArray],
        atoms: list[NDArray],
    ) -> None:
        self.lattice, self.places, self.rotation = lattice, places, rotation
        (self.node, self.linker), self.image, self.local, self.atoms = ends, image, local, atoms
        count = np.arange(len(self.node))
        apart = np.zeros((len(count), len(places) + 3))
        apart[count, self.linker] += 1
        apart[count, self.node] -= 1
        apart[:, len(places) :] = image
        self.hold = np.concatenate([np.full(len(places), _HOLD_PLACE), np.full(3, _HOLD_CELL)])
        self.apart = apart
        self.normal = np.linalg.inv(apart.T @ apart + np.diag(self.hold))
        self.start = np.concatenate([places, lattice])

    @staticmethod
    def of(mofs: CoarseMofs, library: BlockLibrary, i: int) -> _One:
        """Framework i of a batch."""
        rows, joined = mofs.blocks(i), mofs.connections(i)
        block, ends = mofs.block[rows], mofs.ends[joined]
        local = library.points[library.point_offsets[block[ends[..., 0]]] + ends[..., 1]]
        atoms = [
            np.concatenate([library.positions[library.atoms(b)], library.points[library.point_rows(b)]]) for b in block
        ]
        return _One(
            mofs.lattice[i].copy(),
            mofs.positions[rows] @ mofs.lattice[i],
            mofs.rotation[rows].copy(),
            (ends[:, 0, 0], ends[:, 1, 0]),
            mofs.image[joined].astype(np.int64),
            (local[:, 0], local[:, 1]),
            atoms,
        )

    def arms(self) -> tuple[NDArray, NDArray]:
        """(C, 3) from the origins of both blocks to their points."""
        return (
            np.einsum("cij,cj->ci", self.rotation[self.node], self.local[0]),
            np.einsum("cij,cj->ci", self.rotation[self.linker], self.local[1]),
        )

    def gaps(self) -> NDArray:
        """(C, 3) from each node's point to the linker's that it meets."""
        node, linker = self.arms()
        found: NDArray = self.apart @ np.concatenate([self.places, self.lattice]) + linker - node
        return found

    def place(self) -> None:
        """The best places and cell for these turns: linear least squares."""
        node, linker = self.arms()
        found = self.normal @ (self.apart.T @ (node - linker) + self.hold[:, None] * self.start)
        self.places, self.lattice = found[:-3], found[-3:]

    def turn(self) -> None:
        """The best turns for these places, each block by itself (Kabsch), held near what they are."""
        gaps, (node, linker) = self.gaps(), self.arms()
        cross = np.stack([_HOLD_TURN * (r @ a.T) @ a for r, a in zip(self.rotation, self.atoms, strict=True)])
        for side, (owner, arm, local) in enumerate(
            ((self.node, node, self.local[0]), (self.linker, linker, self.local[1]))
        ):
            # Half of the gap each, since both turn at once.
            goal = arm + (0.5 if side == 0 else -0.5) * gaps
            np.add.at(cross, owner, goal[:, :, None] * local[:, None, :])
        u, _, vt = np.linalg.svd(cross)
        sign = np.sign(np.linalg.det(u @ vt))
        u[:, :, 2] *= sign[:, None]
        self.rotation = u @ vt
