"""Nearest images with the edges that run back: every edge of the set has its inverse operation's in the set too.

Of two atoms one may be among the nearest of the other and not the other way round; a network that passes messages from
edge to edge needs both (Sultanov et al.).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from crystal_studio.crystal.multigraph import Edges, Orbits, edges_within, reverse

_SPREAD = 1.15
"""Radius searched first, of that of the sphere that holds so many atoms at the mean density."""
_GROWTH = 1.0
"""Angstrom by which it grows where an atom has too few, as published."""
_TRIES = 12
_LEAST = 0.1
"""Angstrom: no atom this near is another one; the direction to it would mean nothing."""


class Symmetrised(NamedTuple):
    """The edges of n representatives to the k nearest images and the reverse ones, at most M of each; padding has a
    share of 1 and a vector and length of 0.

    other : (n, M) int64, the orbit that each is an image of (for padding the orbit itself)
    equivalent : (n, M) bool, whether that is the orbit itself
    vector : (n, M, 3) Angstrom; length : (n, M)
    share : (n, M) length, of the distance at which neither end would count the other among its k nearest; below 1
    reverse : (n, M) int64, the edge that runs back, carried by the inverse operation to the other end's
        representative, as row * M + column (for padding itself)
    """

    other: Tensor
    equivalent: Tensor
    vector: Tensor
    length: Tensor
    share: Tensor
    reverse: Tensor


def symmetrised(orbits: Orbits, x: Tensor, lattice: Tensor, k: int) -> Symmetrised:
    """Of representatives x (n, 3), fractional, in conventional cells (B, 3, 3).

    All that are nearer than the k-th neighbour of either end: a function that falls to zero at a share of 1 does not
    depend on which of several equally distant images are counted.
    """
    edges, reach = _enough(orbits, x, lattice, k)
    n, centre, other, length = len(orbits), edges.centre, orbits.orbit[edges.atom], edges.length
    counts = torch.bincount(centre, minlength=n)
    rank = torch.arange(len(centre), device=x.device) - (counts.cumsum(0) - counts)[centre]
    last = reach[orbits.crystal].clone()
    last[centre[rank == k - 1]] = length[rank == k - 1]
    # Of both directions the same number, though each is rounded for itself.
    far = torch.maximum(last[centre], last[other])
    back = reverse(orbits, edges, x)
    kept = (length < far) & (length > _LEAST) & (back >= 0)
    # Going back twice ends at an edge that site symmetry relates to the first, of which rounding may have lost one.
    while not torch.equal(kept, both := kept & kept[back]):
        kept = both
    return _padded(orbits, edges, length / far, back, kept)


def _enough(orbits: Orbits, x: Tensor, lattice: Tensor, k: int) -> tuple[Edges, Tensor]:
    """All edges within a reach (B,) of each crystal that gives every representative k of them, if any does."""
    volume = torch.linalg.det(orbits.basis @ lattice).abs() / orbits.n_atoms
    reach = _SPREAD * (3 * k * volume / (4 * np.pi)) ** (1 / 3)
    for _ in range(_TRIES):
        edges = edges_within(orbits, x, lattice, reach)
        few = torch.bincount(edges.centre, minlength=len(orbits)) < k
        if not few.any():
            break
        short = torch.zeros_like(reach).index_add_(0, orbits.crystal, few.to(reach.dtype)) > 0
        reach = reach + _GROWTH * short
    return edges, reach


def _padded(orbits: Orbits, edges: Edges, share: Tensor, back: Tensor, kept: Tensor) -> Symmetrised:
    """Those kept, side by side for each representative."""
    n, device = len(orbits), kept.device
    order = kept.nonzero().squeeze(1)
    centre = edges.centre[order]
    counts = torch.bincount(centre, minlength=n)
    most = max(int(counts.max()) if n else 0, 1)
    place = torch.arange(len(order), device=device) - (counts.cumsum(0) - counts)[centre] + centre * most
    place_of = torch.zeros_like(edges.centre)
    place_of[order] = place

    def laid(values: Tensor, empty: Tensor) -> Tensor:
        out = empty.clone()
        out[place] = values
        return out.view(n, most, *values.shape[1:])

    own = torch.arange(n, device=device).repeat_interleave(most)
    nothing = share.new_zeros(n * most)
    other = laid(orbits.orbit[edges.atom[order]], own)
    return Symmetrised(
        other,
        other == torch.arange(n, device=device).unsqueeze(1),
        laid(edges.vector[order], share.new_zeros(n * most, 3)),
        laid(edges.length[order], nothing),
        laid(share[order], nothing + 1),
        laid(place_of[back[order]], torch.arange(n * most, device=device)),
    )
