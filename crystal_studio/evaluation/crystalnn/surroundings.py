"""The atoms around chosen sites of many crystals, as vectors, in one flat list."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.asymmetric_unit import flat_ranges
from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.neighbours import reduce_cells

_CANDIDATES_AT_ONCE = 1_500_000


@dataclass(frozen=True)
class Surroundings:
    """Neighbours of S sites; those of site i are rows ``offsets[i]:offsets[i + 1]``, nearest first.

    offsets : (S + 1,) int64
    vectors : (n, 3) from the site to the neighbour, Angstrom
    distances : (n,) Angstrom
    atoms : (n,) rows of the neighbours in the batch
    """

    offsets: NDArray[np.int64]
    vectors: NDArray[np.float64]
    distances: NDArray[np.float64]
    atoms: NDArray[np.int64]


class Finder:
    """Finds neighbours in a batch whose cells are all sound (finite, with a volume)."""

    def __init__(self, structures: Structures) -> None:
        self.structures = structures
        self.lattice, change = reduce_cells(structures.lattice)
        # frac_reduced @ reduced == frac @ lattice, with reduced = T @ lattice.
        to_reduced = np.linalg.inv(change.astype(float))
        self.crystal = structures.crystal
        self.positions = np.einsum("ni,nij->nj", structures.positions, to_reduced[self.crystal])
        self.reciprocal = np.linalg.norm(np.linalg.inv(self.lattice), axis=1)

    def within(self, sites: NDArray[np.int64], radius: NDArray[np.float64]) -> Surroundings:
        """All atoms up to ``radius`` (S,) Angstrom around the rows ``sites`` (S,), the sites themselves left out."""
        parts = list(self._blocks(sites, radius))
        site, atoms = (np.concatenate([p[i] for p in parts]) for i in (0, 1))
        vectors = np.concatenate([p[2] for p in parts])
        distances = np.linalg.norm(vectors, axis=1)
        order = np.lexsort((distances, site))
        offsets = np.concatenate([[0], np.cumsum(np.bincount(site, minlength=len(sites)))])
        return Surroundings(offsets, vectors[order], distances[order], atoms[order])

    def _blocks(self, sites: NDArray, radius: NDArray) -> Iterator[tuple[NDArray, NDArray, NDArray]]:
        crystal = self.crystal[sites]
        # Differences of positions are brought into [-1/2, 1/2], hence the half.
        reach = np.floor(radius[:, None] * self.reciprocal[crystal] + 0.5).astype(np.int64)
        n_images = (2 * reach + 1).prod(1)
        n_atoms = self.structures.n_atoms[crystal]
        blocks = np.cumsum(n_atoms * n_images) // _CANDIDATES_AT_ONCE
        for block in np.unique(blocks):
            site = np.flatnonzero(blocks == block)
            pair_site = np.repeat(site, n_atoms[site])
            pair_atom = flat_ranges(self.structures.offsets[crystal[site]], n_atoms[site])
            offset = self.positions[pair_atom] - self.positions[sites[pair_site]]
            offset -= np.rint(offset)
            base = np.einsum("ni,nij->nj", offset, self.lattice[crystal[pair_site]])
            images, start = self._images(crystal[site], reach[site])
            counts = n_images[pair_site]
            which = flat_ranges(np.repeat(start, n_atoms[site]), counts)
            vectors = np.repeat(base, counts, axis=0) + images[which]
            owner = np.repeat(pair_site, counts)
            square = np.einsum("ni,ni->n", vectors, vectors)
            atom = np.repeat(pair_atom, counts)
            near = (square <= radius[owner] ** 2) & ((square > 1e-16) | (atom != sites[owner]))
            yield owner[near], atom[near], vectors[near]

    def _images(self, crystal: NDArray, reach: NDArray) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Lattice vectors up to ``reach`` of each site in one list, and where those of each site start."""
        width = 2 * reach + 1
        counts = width.prod(1)
        owner = np.repeat(np.arange(len(reach)), counts)
        number = flat_ranges(np.zeros(len(reach), np.int64), counts)
        shift = np.stack(
            [
                number // (width[owner, 1] * width[owner, 2]),
                number // width[owner, 2] % width[owner, 1],
                number % width[owner, 2],
            ],
            axis=1,
        )
        moved = np.einsum("ni,nij->nj", (shift - reach[owner]).astype(float), self.lattice[crystal[owner]])
        return moved, np.cumsum(counts) - counts
