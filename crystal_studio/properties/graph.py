"""Orbit graphs: what the property network sees of a crystal.

Atoms on one orbit have the same surroundings, so a crystal is a small graph: a
node an orbit, weighted by its share of the atoms, and for every ordered pair of
orbits (a, b) the radial distribution of the atoms of b around an atom of a,
distances in units of the sum of the two covalent radii. The graph does not
depend on the choice of cell, origin or setting.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.asymmetric_unit import flat_ranges
from crystal_studio.crystal.batch_neighbours import pairs_within
from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.element_data import COVALENT_RADII

CUTOFF = 6.0
"""Angstrom; contributions fall to zero there as (1 + cos(pi d / CUTOFF)) / 2."""

RADIAL = 16
"""Bins of a radial distribution, evenly spaced in the logarithm of the scaled distance."""

_LOG_RANGE = (np.log(0.55), np.log(2.6))
BIN_WIDTH = float((_LOG_RANGE[1] - _LOG_RANGE[0]) / (RADIAL - 1))
"""Width of a bin in the logarithm of the distance."""

_AT_ONCE = 256
GLOBALS = ("log_volume_per_atom", "log_packing", "log_min_ratio")


@dataclass(frozen=True)
class OrbitGraphs:
    """B crystals as graphs of S orbits and E ordered pairs of orbits, flat.

    Orbits of crystal i are rows ``site_offsets[i]:site_offsets[i + 1]``, its pairs ``edge_offsets[i]:...``.

    numbers : (S,) int16, atomic numbers
    weight : (S,) float32, share of the crystal's atoms; sums to 1 a crystal
    receiver, sender : (E,) int32, rows of the two orbits
    radial : (E, RADIAL) float16, smoothed counts of atoms of the sender around one atom of the receiver
    whole : (B, 3) float32, the columns of ``GLOBALS`` (Angstrom^3, fraction filled by covalent spheres,
        shortest distance over the sum of covalent radii)
    """

    site_offsets: NDArray[np.int64]
    edge_offsets: NDArray[np.int64]
    numbers: NDArray[np.int16]
    weight: NDArray[np.float32]
    receiver: NDArray[np.int32]
    sender: NDArray[np.int32]
    radial: NDArray[np.float16]
    whole: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.whole)

    @property
    def site_crystal(self) -> NDArray[np.int64]:
        """(S,) which crystal each orbit belongs to."""
        return np.repeat(np.arange(len(self)), np.diff(self.site_offsets))

    def take(self, index: NDArray[np.int64]) -> OrbitGraphs:
        """The crystals named by an index array or Boolean mask, in that order."""
        index = np.arange(len(self))[index]
        n_sites, n_edges = np.diff(self.site_offsets)[index], np.diff(self.edge_offsets)[index]
        site_offsets = np.concatenate([[0], np.cumsum(n_sites)])
        sites = flat_ranges(self.site_offsets[index], n_sites)
        edges = flat_ranges(self.edge_offsets[index], n_edges)
        shift = np.repeat(site_offsets[:-1] - self.site_offsets[index], n_edges)
        return OrbitGraphs(
            site_offsets,
            np.concatenate([[0], np.cumsum(n_edges)]),
            self.numbers[sites],
            self.weight[sites],
            (self.receiver[edges] + shift).astype(np.int32),
            (self.sender[edges] + shift).astype(np.int32),
            self.radial[edges],
            self.whole[index],
        )

    @staticmethod
    def concatenate(parts: Iterable[OrbitGraphs]) -> OrbitGraphs:
        """One batch out of several."""
        parts = list(parts)
        sites = np.cumsum([0] + [len(p.numbers) for p in parts])
        edges = np.cumsum([0] + [len(p.receiver) for p in parts])
        return OrbitGraphs(
            np.concatenate([[0]] + [p.site_offsets[1:] + s for p, s in zip(parts, sites, strict=False)]),
            np.concatenate([[0]] + [p.edge_offsets[1:] + s for p, s in zip(parts, edges, strict=False)]),
            np.concatenate([p.numbers for p in parts]),
            np.concatenate([p.weight for p in parts]),
            np.concatenate([p.receiver + s for p, s in zip(parts, sites, strict=False)]).astype(np.int32),
            np.concatenate([p.sender + s for p, s in zip(parts, sites, strict=False)]).astype(np.int32),
            np.concatenate([p.radial for p in parts]),
            np.concatenate([p.whole for p in parts]),
        )


def build(structures: Structures) -> OrbitGraphs:
    """Graphs of sound cells (a positive volume, at least one atom each).

    Where a batch does not say which atoms form an orbit, atoms of one element whose surroundings agree
    are taken together.
    """
    starts = range(0, len(structures), _AT_ONCE)
    parts = [_build(structures.take(np.arange(s, min(s + _AT_ONCE, len(structures))))) for s in starts]
    return OrbitGraphs.concatenate(parts) if parts else _build(structures)


def _hats(ratio: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Bin below each scaled distance, and how far (0..1) it lies towards the next."""
    low, high = _LOG_RANGE
    place = (np.log(np.maximum(ratio, 1e-6)) - low) * ((RADIAL - 1) / (high - low))
    place = np.clip(place, 0, RADIAL - 1.001).astype(np.float32)
    below = place.astype(np.int64)
    return below, place - below


def _build(structures: Structures) -> OrbitGraphs:
    n, crystal = len(structures.numbers), structures.crystal
    known = structures.orbit >= 0
    label = np.where(known, structures.orbit, 0).astype(np.int64)
    _, first, site = np.unique(crystal * 100_000 + label, return_index=True, return_inverse=True)
    rows = np.unique(np.concatenate([first[site[known]], np.flatnonzero(~known)]))
    blocks = list(pairs_within(structures, CUTOFF, rows))
    i = np.concatenate([b[0] for b in blocks]) if blocks else np.zeros(0, np.int64)
    j = np.concatenate([b[1] for b in blocks]) if blocks else np.zeros(0, np.int64)
    distance = np.concatenate([b[2] for b in blocks]) if blocks else np.zeros(0, np.float32)
    radius = COVALENT_RADII[structures.numbers].astype(np.float32)
    ratio = distance / (radius[i] + radius[j])
    below, part = _hats(ratio)
    fade = (0.5 + 0.5 * np.cos(distance * np.float32(np.pi / CUTOFF))).astype(np.float32)
    if not known.all():
        site, first = _alike(structures, i, j, below, part, fade, site)
        central = np.zeros(n, bool)
        central[first] = True
        keep = central[i]
        i, j, below, part, fade, ratio = i[keep], j[keep], below[keep], part[keep], fade[keep], ratio[keep]
    counts = np.bincount(site)
    owner = crystal[first]
    pair, edge = np.unique(site[i] * len(first) + site[j], return_inverse=True)
    receiver, sender = np.divmod(pair, len(first))
    size = len(pair) * RADIAL
    cell = edge * RADIAL + below
    radial = np.bincount(cell, fade * (1 - part), size) + np.bincount(cell + 1, fade * part, size + 1)[:size]
    closest = np.full(len(structures), np.log(3.0))
    np.minimum.at(closest, crystal[i], np.log(np.maximum(ratio, 1e-3)))
    atoms = np.maximum(structures.n_atoms, 1)
    spheres = np.bincount(crystal, 4 / 3 * np.pi * COVALENT_RADII[structures.numbers] ** 3, len(structures))
    volume = np.maximum(structures.volume, 1e-3)
    whole = np.stack([np.log(volume / atoms), np.log(np.maximum(spheres, 1e-6) / volume), closest], 1)
    return OrbitGraphs(
        np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=len(structures)))]),
        np.concatenate([[0], np.cumsum(np.bincount(owner[receiver], minlength=len(structures)))]),
        structures.numbers[first],
        (counts / atoms[owner]).astype(np.float32),
        receiver.astype(np.int32),
        sender.astype(np.int32),
        np.minimum(radial.reshape(-1, RADIAL), 1e4).astype(np.float16),
        whole.astype(np.float32),
    )


def _alike(
    structures: Structures,
    i: NDArray[np.int64],
    j: NDArray[np.int64],
    below: NDArray[np.int64],
    part: NDArray[np.float32],
    fade: NDArray[np.float32],
    site: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Class (N,) of every atom and the first atom of each class, by element and two random sums over neighbours.

    Equal sums to 1e-2 mean equal radial surroundings; rounding that splits a class costs time, not accuracy.
    """
    table = np.random.default_rng(0).normal(size=(2, 119, RADIAL)).astype(np.float32)
    z = structures.numbers[j].astype(np.int64)
    sums = [np.bincount(i, fade * ((1 - part) * t[z, below] + part * t[z, below + 1]), len(site)) for t in table]
    known = structures.orbit >= 0
    code = [np.where(known, 0, np.rint(s * 100)).astype(np.int64) for s in sums]
    key = np.stack([structures.crystal, structures.numbers, np.where(known, structures.orbit, -1), *code], 1)
    _, first, found = np.unique(key, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(structures.crystal[first] * 10**9 + first, kind="stable")
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return rank[found.ravel()], first[order]
