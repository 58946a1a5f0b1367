"""The symmetric multigraph: inequivalent atoms of many crystals and their edges to symmetry and periodic images.

A node is an orbit, stood for by its representative x_i. An edge leads from x_i to an image g x_j + n of a
representative: g an operation of the group, n a lattice vector. Whatever is invariant under the group need only be
known of nodes and edges. What does not depend on coordinates and cells is found once (``Orbits``); the edges are
rebuilt at every denoising step, on any device and without a loop over crystals or atoms. Neighbour-list libraries
take one cell of atoms at a time, and know nothing of operations.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crystal_studio.crystal.orbit_images import on_device

_MOST_CELLS = 6
"""Primitive cells on each side that are searched: one thinner than a seventh of the reach is no crystal."""
_SPREAD = 1.35
"""Radius searched for the nearest images, of that of the sphere that holds so many atoms at the mean density."""


@dataclass(frozen=True)
class Orbits:
    """The n orbits of B crystals, flat and sorted by crystal, and the N atoms of their primitive cells.

    crystal, row : (n,) int64, crystal and Wyckoff row of each orbit
    n_atoms, first_atom : (B,) int64, atoms of the primitive cell of each crystal
    orbit, operation : (N,) int64, orbit of each atom, and row of ``tables().rotations`` that makes it of the
        representative
    itself : (n,) int64, the atom that is the representative, the first of its orbit
    rotation, translation : (N, 3, 3), (N, 3) float32, of the operation
    basis, to_basis : (B, 3, 3) float32, primitive vectors in units of the conventional ones, and the inverse
    """

    crystal: Tensor
    row: Tensor
    n_atoms: Tensor
    first_atom: Tensor
    orbit: Tensor
    operation: Tensor
    itself: Tensor
    rotation: Tensor
    translation: Tensor
    basis: Tensor
    to_basis: Tensor

    @staticmethod
    def of(space_group: NDArray, crystal: NDArray, row: NDArray, device: str = "cpu") -> Orbits:
        """From space groups (B,) and each orbit's crystal and Wyckoff row (n,), sorted by crystal."""
        known = on_device(device)
        crystals, rows = torch.as_tensor(crystal, device=device).long(), torch.as_tensor(row, device=device).long()
        count = known.images[rows]
        n_atoms = torch.zeros(len(space_group), dtype=torch.int64, device=device).index_add_(0, crystals, count)
        operation = known.operation[ranges(known.start[rows], count)]
        basis = known.basis[torch.as_tensor(space_group, device=device).long() - 1]
        return Orbits(
            crystals,
            rows,
            n_atoms,
            n_atoms.cumsum(0) - n_atoms,
            torch.repeat_interleave(count),
            operation,
            count.cumsum(0) - count,
            known.rotation[operation],
            known.translation[operation],
            basis,
            torch.linalg.inv(basis),
        )

    def __len__(self) -> int:
        return len(self.row)

    def atoms(self, x: Tensor) -> Tensor:
        """(N, 3) in primitive vectors: the atoms made of representatives x (n, 3), fractional."""
        at = (self.rotation @ x[self.orbit].unsqueeze(2)).squeeze(2) + self.translation
        return (at.unsqueeze(1) @ self.to_basis[self.crystal[self.orbit]]).squeeze(1)


class Edges(NamedTuple):
    """E edges, sorted by centre and length.

    centre : (E,) int64, the orbit whose representative they start at
    atom : (E,) int64, the atom of the primitive cell that they lead to an image of
    cell : (E, 3) int64, that image: so many primitive vectors from where ``Orbits.atoms`` puts the atom
    vector : (E, 3) Angstrom from the representative to the image; length : (E,)
    """

    centre: Tensor
    atom: Tensor
    cell: Tensor
    vector: Tensor
    length: Tensor


class Nearest(NamedTuple):
    """The K nearest images of each of n representatives; padding has weight 0 and a vector and length of 0.

    other : (n, K) int64, the orbit that each is an image of (for padding the orbit itself)
    equivalent : (n, K) bool, whether that is the orbit itself
    operation : (n, K) int64, row of ``tables().rotations``
    vector : (n, K, 3) Angstrom; length : (n, K)
    weight : (n, K) from 1, falling smoothly to 0 at the distance of the last of them, so that no result depends on
        which of several equally distant images are counted
    """

    other: Tensor
    equivalent: Tensor
    operation: Tensor
    vector: Tensor
    length: Tensor
    weight: Tensor


def ranges(start: Tensor, count: Tensor) -> Tensor:
    """start[0]..start[0]+count[0]-1, start[1].., ... in one flat tensor."""
    ends = count.cumsum(0)
    offset = torch.repeat_interleave(start - (ends - count), count)
    return torch.arange(len(offset), device=start.device) + offset


def edges_within(orbits: Orbits, x: Tensor, lattice: Tensor, reach: Tensor) -> Edges:
    """All images nearer than ``reach`` (B,) Angstrom to each representative.

    x : (n, 3) fractional coordinates of the representatives; lattice : (B, 3, 3) conventional cells, Angstrom.
    A representative is no image of itself; another atom that coincides with it is.
    """
    per_orbit = orbits.n_atoms[orbits.crystal]
    centre = torch.repeat_interleave(per_orbit)
    atom = ranges(orbits.first_atom[orbits.crystal], per_orbit)
    at = orbits.atoms(x)
    edges = _reached(orbits, centre, atom, at[atom] - at[orbits.itself][centre], lattice, reach)
    home = (edges.atom == orbits.itself[edges.centre]) & (edges.cell == 0).all(1)
    kept = (~home).nonzero().squeeze(1)
    kept = kept[edges.length[kept].argsort(stable=True)]
    kept = kept[edges.centre[kept].argsort(stable=True)]
    return Edges(*(column[kept] for column in edges))


def own_images(orbits: Orbits, x: Tensor, of: Tensor, lattice: Tensor, reach: Tensor) -> Edges:
    """From points x (n, 3) to images of the representatives ``of`` (n, 3) of their orbits, sorted by centre alone."""
    centre, atom = orbits.orbit, torch.arange(len(orbits.orbit), device=x.device)
    here = (x.unsqueeze(1) @ orbits.to_basis[orbits.crystal]).squeeze(1)
    return _reached(orbits, centre, atom, orbits.atoms(of) - here[centre], lattice, reach)


def _reached(orbits: Orbits, centre: Tensor, atom: Tensor, offset: Tensor, lattice: Tensor, reach: Tensor) -> Edges:
    """Edges, sorted by centre only, for pairs (P,) with offsets (P, 3) in primitive vectors, in every cell."""
    cells = orbits.basis @ lattice
    cell_of, step = _steps(cells, reach)
    moved = (step.to(cells.dtype).unsqueeze(1) @ cells[cell_of]).squeeze(1)
    steps = torch.bincount(cell_of, minlength=len(cells))
    first_step = steps.cumsum(0) - steps
    crystal = orbits.crystal[centre]
    whole = offset.round()
    near = ((offset - whole).unsqueeze(1) @ cells[crystal]).squeeze(1)
    pair = torch.repeat_interleave(steps[crystal])
    shift = ranges(first_step[crystal], steps[crystal])
    vector = near[pair] + moved[shift]
    square = (vector * vector).sum(1)
    kept = (square < (reach * reach)[crystal][pair]).nonzero().squeeze(1)
    pair, shift = pair[kept], shift[kept]
    return Edges(centre[pair], atom[pair], step[shift] - whole[pair].long(), vector[kept], square[kept].sqrt())


def _steps(cells: Tensor, reach: Tensor) -> tuple[Tensor, Tensor]:
    """Crystal (S,) and number of primitive vectors (S, 3) of each cell that can matter, sorted by crystal.

    Offsets are wrapped to half a cell, so that along axis k floor(reach / height_k + 1/2) cells either side do.
    """
    heights = torch.linalg.inv(cells).norm(dim=1)
    sides = (reach.unsqueeze(1) * heights + 0.5).floor().clamp(max=_MOST_CELLS).long()
    width = 2 * sides + 1
    crystal = torch.repeat_interleave(width.prod(1))
    place = ranges(torch.zeros_like(width[:, 0]), width.prod(1))
    w = width[crystal]
    digits = [place // (w[:, 1] * w[:, 2]), place // w[:, 2] % w[:, 1], place % w[:, 2]]
    return crystal, torch.stack(digits, 1) - sides[crystal]


def nearest(orbits: Orbits, x: Tensor, lattice: Tensor, k: int) -> Nearest:
    """The k nearest images of each representative; arguments as for ``edges_within``."""
    volume = torch.linalg.det(orbits.basis @ lattice).abs() / orbits.n_atoms
    reach = _SPREAD * (3 * k * volume / (4 * np.pi)) ** (1 / 3)
    edges = edges_within(orbits, x, lattice, reach)
    n, device = len(orbits), x.device
    counts = torch.bincount(edges.centre, minlength=n)
    rank = torch.arange(len(edges.centre), device=device) - (counts.cumsum(0) - counts)[edges.centre]
    row = torch.full((n, k + 1), len(edges.centre), device=device)
    row[edges.centre, rank.clamp(max=k)] = torch.arange(len(edges.centre), device=device)
    row = row[:, :k]
    there = row < len(edges.centre)
    # One more edge, for the padding.
    length = torch.cat([edges.length, edges.length.new_zeros(1)])[row]
    vector = torch.cat([edges.vector, edges.vector.new_zeros(1, 3)])[row]
    own = orbits.itself.unsqueeze(1).expand(n, k)
    atom = torch.where(there, torch.cat([edges.atom, edges.atom.new_zeros(1)])[row], own)
    other = orbits.orbit[atom]
    # The last of them, or the radius searched where there are fewer.
    last = torch.where(there[:, -1:], length[:, -1:], reach[orbits.crystal].unsqueeze(1))
    weight = there * _fading(length / last)
    same = other == torch.arange(n, device=device).unsqueeze(1)
    return Nearest(other, same, orbits.operation[atom], vector, length, weight)


def _fading(share: Tensor) -> Tensor:
    """1 up to 0.6, 0 from 1, with two continuous derivatives."""
    t = ((1 - share) / 0.4).clamp(0, 1)
    return t * t * t * (t * (6 * t - 15) + 10)


def reverse(orbits: Orbits, edges: Edges, x: Tensor) -> Tensor:
    """(E,) the edge that runs the other way, carried by the inverse operation to the other end's representative; -1
    where it is not among the edges, as no edge of ``edges_within`` is but for rounding."""
    known = on_device(str(x.device))
    at = orbits.atoms(x)
    centre, atom = edges.centre, edges.atom
    other = orbits.orbit[atom]
    basis = orbits.basis[orbits.crystal[centre]]
    away = x[centre] - orbits.translation[atom] - (edges.cell.to(x.dtype).unsqueeze(1) @ basis).squeeze(1)
    back = torch.linalg.solve(orbits.rotation[atom], away)
    back = (back.unsqueeze(1) @ orbits.to_basis[orbits.crystal[centre]]).squeeze(1)
    start = (
        orbits.itself[centre] + known.slot[known.slot_start[orbits.row[centre]] + known.inverse[orbits.operation[atom]]]
    )
    codes = _codes(edges.centre, edges.atom, edges.cell, len(orbits.orbit))
    wanted = _codes(other, start, (back - at[start]).round().long(), len(orbits.orbit))
    code, order = codes.sort()
    found = torch.searchsorted(code, wanted).clamp(max=max(len(code) - 1, 0))
    return torch.where(code[found] == wanted, order[found], -1)


def _codes(centre: Tensor, atom: Tensor, cell: Tensor, atoms: int) -> Tensor:
    """One number an edge; cells further than 63 from home, which none is, would share theirs."""
    c = cell.clamp(-63, 63) + 64
    return (((centre * atoms + atom) * 128 + c[:, 0]) * 128 + c[:, 1]) * 128 + c[:, 2]
