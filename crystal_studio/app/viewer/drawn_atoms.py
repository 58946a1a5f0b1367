"""Which atoms and bonds are drawn: those of the cells, their equals on the border, and what completes them beyond."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crystal_studio.app.viewer.polyhedra import LIGANDS, is_centre

BOUNDARY = 1e-3  # fractional: as near to a face as this counts as on it
_NONMETALS = (1, 2, 5, 6, 7, 8, 9, 10, 14, 15, 16, 17, 18, 33, 34, 35, 36, 52, 53, 54, 85, 86)


def without_metal_contacts(
    numbers: NDArray, i: NDArray, j: NDArray, image: NDArray
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Drop metal-metal contacts where both metals are bonded to nonmetals.

    Covalent radii of metals are large: Ti-Ti in rutile or Li-Li in a layered oxide
    would else be drawn as bonds and hide the structure. Metals and alloys keep theirs.
    """
    metal = ~np.isin(numbers, _NONMETALS)
    bound = np.zeros(len(numbers), bool)
    bound[i[~metal[j]]] = True
    bound[j[~metal[i]]] = True
    keep = ~(metal[i] & metal[j] & bound[i] & bound[j])
    return i[keep], j[keep], image[keep]


def atoms_of_cells(
    fractional: NDArray[np.float64], size: NDArray[np.int64], near: float | NDArray[np.float64] = BOUNDARY
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Every atom of the supercell, then its equals on the upper faces, edges and corners.

    What is within ``near``, fractional, of a lower face stands on it.
    """
    cells = np.stack(np.meshgrid(*(np.arange(n + 1) for n in size), indexing="ij"), -1).reshape(-1, 3)
    on_face = np.abs(fractional) <= near
    allowed = np.all((cells[:, None] < size) | on_face[None], axis=2)
    proper = np.all(cells < size, axis=1)
    order = np.argsort(~proper, kind="stable")
    which, atom = np.nonzero(allowed[order])
    return atom, cells[order][which]


def _both_ways(
    links: tuple[NDArray, NDArray, NDArray],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    i, j, image = links
    return np.concatenate([i, j]), np.concatenate([j, i]), np.concatenate([image, -image])


def _keys(atom: NDArray, cell: NDArray, n_atoms: int) -> NDArray[np.int64]:
    """One whole number a drawn atom; cells from -1000 to 1000 along each axis."""
    shifted = cell + 1000
    return ((shifted[:, 0] * 2001 + shifted[:, 1]) * 2001 + shifted[:, 2]) * n_atoms + atom


def _expand(
    atom: NDArray, cell: NDArray, n_atoms: int, links: tuple[NDArray, NDArray, NDArray]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """All bonds of the given drawn atoms: row of the drawn atom, partner atom, partner cell, row of the link."""
    order = np.argsort(links[0], kind="stable")
    i, j, image = (part[order] for part in links)
    first = np.searchsorted(i, np.arange(n_atoms + 1))
    count = (first[1:] - first[:-1])[atom]
    row = np.repeat(np.arange(len(atom)), count)
    start = np.repeat(first[atom] - (np.cumsum(count) - count), count)
    at = start + np.arange(len(row))
    return row, j[at], cell[row] + image[at], order[at]


def to_complete(
    atom: NDArray,
    cell: NDArray,
    fractional: NDArray,
    size: NDArray,
    numbers: NDArray,
    links: tuple[NDArray, NDArray, NDArray],
    polyhedra: bool,
) -> NDArray[np.bool_]:
    """Drawn atoms whose surroundings are to be drawn too, beyond the cell.

    Bonds leaving through a face are followed from atoms strictly inside; from atoms
    on the border only where a group of nonmetals (SiO4, CO3, NH4) would be cut, and
    with polyhedra from every centre. Rock salt so keeps its 27 atoms.
    """
    where = fractional[atom] + cell
    seeds = np.all((where > BOUNDARY) & (where < size - BOUNDARY), axis=1)
    if polyhedra:  # ligands pull nothing in: their further centres would stand without a polyhedron
        seeds &= ~np.isin(numbers, list(LIGANDS))[atom]
        seeds |= is_centre(numbers, links[0], links[1])[atom]
    return seeds | _is_group_centre(numbers, links[0], links[1])[atom]


def grow(
    atom: NDArray, cell: NDArray, seeds: NDArray[np.bool_], n_atoms: int, links: tuple[NDArray, NDArray, NDArray]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The drawn atoms and those that ``seeds`` among them are bonded to."""
    _, partner, partner_cell, _ = _expand(atom[seeds], cell[seeds], n_atoms, _both_ways(links))
    keys = _keys(partner, partner_cell, n_atoms)
    new = ~np.isin(keys, _keys(atom, cell, n_atoms))
    _, once = np.unique(keys[new], return_index=True)
    return np.concatenate([atom, partner[new][once]]), np.concatenate([cell, partner_cell[new][once]])


def close(
    atom: NDArray,
    cell: NDArray,
    ends: NDArray[np.bool_],
    block: NDArray[np.int64],
    links: tuple[NDArray, NDArray, NDArray],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The drawn atoms and the whole blocks beyond the cell that they are bonded to by an atom of ``ends`` (n,)."""
    n_atoms = len(block)
    _, partner, partner_cell, _ = _expand(atom, cell, n_atoms, _both_ways(links))
    seen = ends[partner]
    beyond = np.unique(np.column_stack([block[partner[seen]], partner_cell[seen]]), axis=0)
    which, more = np.nonzero(beyond[:, :1] == block[None])
    keys = _keys(more, beyond[which, 1:], n_atoms)
    new = ~np.isin(keys, _keys(atom, cell, n_atoms))
    return np.concatenate([atom, more[new]]), np.concatenate([cell, beyond[which, 1:][new]])


def bonds_among(
    atom: NDArray, cell: NDArray, n_atoms: int, links: tuple[NDArray, NDArray, NDArray]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(K, 2) bonds with both ends drawn, each once, and the link (K,) that each is."""
    if not len(links[0]) or not len(atom):
        return np.zeros((0, 2), np.int64), np.zeros(0, np.int64)
    row, partner, partner_cell, link = _expand(atom, cell, n_atoms, links)
    drawn = _keys(atom, cell, n_atoms)
    order = np.argsort(drawn)
    wanted = _keys(partner, partner_cell, n_atoms)
    at = np.minimum(np.searchsorted(drawn[order], wanted), len(drawn) - 1)
    found = drawn[order][at] == wanted
    return np.stack([row[found], order[at[found]]], 1), link[found]


def _is_group_centre(numbers: NDArray, i: NDArray, j: NDArray) -> NDArray[np.bool_]:
    """(n,) nonmetals with at least three bonds to nonmetals of other elements."""
    nonmetal = np.isin(numbers, _NONMETALS)
    covalent = (nonmetal[i] & nonmetal[j] & (numbers[i] != numbers[j])).astype(np.int64)
    count = np.bincount(i, covalent, len(numbers)) + np.bincount(j, covalent, len(numbers))
    return nonmetal & (count >= 3)
