"""Bonds in CIF: the loop ``_geom_bond`` with symmetry codes, written and read back.

A code ``n_klm`` is operation n of the file's list on an atom of the asymmetric unit, then k - 5, l - 5 and m - 5
cells on; ``.`` stands for the atom as it is listed. A bond stands for all that the operations make of it.
``_ccdc_geom_bond_type`` states the order.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.candidates.bonds import BondTable
from crystal_studio.crystal.batches import AsymmetricUnits, Structures
from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.crystal.space_groups import tables

_HEADER = (
    "loop_\n_geom_bond_atom_site_label_1\n_geom_bond_atom_site_label_2\n_geom_bond_distance\n"
    "_geom_bond_site_symmetry_1\n_geom_bond_site_symmetry_2\n_ccdc_geom_bond_type"
)
_TAGS = [
    "_geom_bond_atom_site_label_1",
    "_geom_bond_atom_site_label_2",
    "?_geom_bond_distance",
    "?_geom_bond_site_symmetry_1",
    "?_geom_bond_site_symmetry_2",
    "_ccdc_geom_bond_type",
]
_OPERATIONS = ("_space_group_symop_operation_xyz", "_symmetry_equiv_pos_as_xyz")
_NUMBERS = ("_space_group_symop_id", "_symmetry_equiv_pos_site_id")
_TYPES = {"S": 1.0, "A": 1.5, "D": 2.0, "T": 3.0}
_SAME = 1e-4
_ON_SITE = 0.5
"""Angstrom by which readers put an atom in its special position."""
_TOLD = 0.1
"""Angstrom by which a distance told may differ from that between the atoms."""


def bond_loop(cell: Structures, bonds: BondTable) -> str | None:
    """The loop of a file with every atom of one crystal in P 1; None where a bond reaches farther than codes tell."""
    lattice, numbers, positions = cell.cell(0)
    pair, image, order = bonds
    if np.linalg.det(lattice) < 0:  # the file has all three axes the other way, and coordinates in [0, 1) again
        moved = np.rint(turned(positions) + positions).astype(int)
        positions, image = turned(positions), -image - moved[pair[:, 1]] + moved[pair[:, 0]]
        lattice = -lattice
    cells = np.zeros((len(pair), 2, 3))
    cells[:, 1] = image
    return _loop(lattice, positions[pair] + cells, pair, np.zeros_like(pair), cells, site_labels(numbers), order)


def turned(positions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fractional coordinates in [0, 1) along axes that point the other way."""
    return -positions % 1.0


def site_labels(numbers: NDArray) -> list[str]:
    """The symbol of each atom and how many of its element have come."""
    seen: dict[int, int] = {}
    labels = []
    for z in numbers.tolist():
        seen[z] = seen.get(z, 0) + 1
        labels.append(f"{SYMBOLS[z]}{seen[z]}")
    return labels


def bond_loop_of_units(units: AsymmetricUnits, cell: Structures, bonds: BondTable) -> str | None:
    """The loop of a file with the asymmetric unit of one crystal alone, a line for all bonds that symmetry makes equal.

    ``cell`` holds the atoms that ``bonds`` names. None where the operations would make bonds that are not there,
    or carry atoms elsewhere.
    """
    rotations, translations = (part.astype(float) for part in tables().operations(int(units.space_group[0])))
    lattice, _, atoms = cell.cell(0)
    kept = np.flatnonzero(units.mask[0])
    sites = units.positions[0, kept]
    made = np.einsum("kij,sj->ksi", rotations, sites) + translations[:, None]
    row, shift, near = _rows(made, atoms)
    if not near.all():
        return None
    # What makes each atom: the first operation that does, identity first.
    site, operation, cells = np.full(len(atoms), -1), np.zeros(len(atoms), int), np.zeros((len(atoms), 3))
    for k in range(len(rotations))[::-1]:
        site[row[k]], operation[row[k]], cells[row[k]] = np.arange(len(sites)), k, -shift[k]
    carried, moved, near = _rows(np.einsum("kij,nj->kni", rotations, atoms) + translations[:, None], atoms)
    if (site < 0).any() or not near.all():
        return None
    pair, image, order = bonds
    keys = _canonical(pair, image)
    known = {tuple(key): float(o) for key, o in zip(keys.tolist(), order, strict=True)}
    images = np.einsum("kij,bj->kbi", rotations, image) + moved[:, pair[:, 1]] - moved[:, pair[:, 0]]
    copies = _canonical(carried[:, pair].reshape(-1, 2), images.reshape(-1, 3)).reshape(len(rotations), -1, 5)
    chosen: dict[tuple[int, ...], tuple[int, ...]] = {}
    for b, key in enumerate(map(tuple, keys.tolist())):
        family = set(map(tuple, copies[:, b].tolist()))
        if any(known.get(copy) != known[key] for copy in family):
            return None
        chosen[min(family)] = min(family, key=lambda copy: _effort(copy, operation, cells))
    picked = np.array(sorted(chosen.values()), int).reshape(-1, 5)
    ends_of, reach = picked[:, :2], np.zeros((len(picked), 2, 3))
    reach[:, 1] = picked[:, 2:]
    orders = np.array([known[tuple(key)] for key in picked.tolist()])
    return _loop(lattice, atoms[ends_of] + reach, site[ends_of], operation[ends_of], cells[ends_of] + reach,
                 site_labels(units.numbers[0, kept]), orders)  # fmt: skip


def _effort(bond: tuple[int, ...], operation: NDArray, cells: NDArray) -> tuple:
    """Bonds that start at a listed atom come first."""
    first, second = bond[:2]
    return bool(operation[first] or cells[first].any()), bool(operation[second]), bond


def _loop(
    lattice: NDArray,
    ends: NDArray,
    site: NDArray,
    operation: NDArray,
    cells: NDArray,
    labels: list[str],
    order: NDArray,
) -> str | None:
    """``ends`` (k, 2, 3) fractional; ``site``, ``operation`` (k, 2); ``cells`` (k, 2, 3) of their codes."""
    digits = np.rint(cells).astype(int) + 5
    if ((digits < 0) | (digits > 9)).any():
        return None
    names = {value: name for name, value in _TYPES.items()}
    distance = np.linalg.norm((ends[:, 1] - ends[:, 0]) @ lattice, axis=-1)
    lines = [_HEADER]
    for k, length in enumerate(distance.tolist()):
        codes = [
            "." if not operation[k, e] and (digits[k, e] == 5).all()
            else "{}_{}{}{}".format(operation[k, e] + 1, *digits[k, e]) for e in (0, 1)
        ]  # fmt: skip
        first, second = (labels[s] for s in site[k])
        lines.append(f"{first} {second} {length:.5f} {codes[0]} {codes[1]} {names.get(float(order[k]), '.')}")
    return "\n".join(lines)


def _rows(points: NDArray, atoms: NDArray) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """For fractional points (..., 3): the nearest atom, the cells from it to the point, and whether it lies there."""
    from scipy.spatial import cKDTree

    tree = cKDTree(_wrapped(atoms), boxsize=1.0)
    _, row = tree.query(_wrapped(points))
    apart = points - atoms[row]
    shift = np.rint(apart)
    return row, shift.astype(int), np.abs(apart - shift).max(-1) < _SAME


def _wrapped(points: NDArray) -> NDArray:
    inside = points - np.floor(points)
    return np.where(inside >= 1.0, 0.0, inside)


def _canonical(pair: NDArray, image: NDArray) -> NDArray[np.int64]:
    """(k, 5) atoms and image of each bond in one of its two directions, the same for both."""
    ahead = np.concatenate([pair, np.rint(image)], 1).astype(np.int64)
    back = np.concatenate([pair[:, ::-1], -np.rint(image)], 1).astype(np.int64)
    apart = ahead != back
    at = np.argmax(apart, 1)[:, None]
    lower = np.take_along_axis(ahead, at, 1) < np.take_along_axis(back, at, 1)
    return np.where(lower, ahead, back)


def bonds_of_block(block: Any, lattice: NDArray, numbers: NDArray, positions: NDArray) -> BondTable | None:
    """The bonds that a data block of gemmi states among the atoms that were read from it; None where it states none.

    Only a loop with ``_ccdc_geom_bond_type`` states what is bonded; without it ``_geom_bond`` is a table of selected
    distances. Images hold for positions in [0, 1). Raises ``ValueError`` with a clause where the loop cannot be right.
    """
    import gemmi

    loop = block.find(_TAGS)
    if not len(loop):
        return None
    small = gemmi.make_small_structure_from_block(block)
    sites = {site.label: site for site in small.sites}
    if len(sites) != len(small.sites):
        raise ValueError("its bonds name atoms by labels that several atoms share")
    listed: list[str] = next((t for t in (list(block.find_values(tag)) for tag in _OPERATIONS) if t), [])
    named: list[str] = next(
        (t for t in (list(block.find_values(tag)) for tag in _NUMBERS) if len(t) == len(listed)), []
    )
    texts = [gemmi.cif.as_string(text) for text in listed]
    operations = [gemmi.Op(text) for text in texts]
    codes = {gemmi.cif.as_string(n): k for k, n in enumerate(named)} or {str(k + 1): k for k in range(len(listed))}
    group = operations or list(small.spacegroup.operations() if small.spacegroup else [gemmi.Op("x,y,z")])
    ends, orders, told = [], [], []
    for line in loop:
        values = [gemmi.cif.as_string(line[k]) if line.has(k) else "." for k in range(len(_TAGS))]
        first, second = (_end(sites, operations, codes, values[k], values[k + 3]) for k in (0, 1))
        ends.append((first, second))
        told.append(gemmi.cif.as_number(values[2].split("(")[0]))
        orders.append(_TYPES.get(values[5].upper(), 0.0))
    where = np.array([[p for p, _ in pair] for pair in ends])
    elements = np.array([[z for _, z in pair] for pair in ends])
    length = np.linalg.norm((where[:, 1] - where[:, 0]) @ lattice, axis=-1)
    if (np.abs(length - np.array(told)) > _TOLD).any():  # a length that is not told is NaN
        raise ValueError("its bonds are not as long as it says")
    rotations = np.array([np.array(op.rot) / gemmi.Op.DEN for op in group])
    shifts = np.array([np.array(op.tran) / gemmi.Op.DEN for op in group])
    points = np.einsum("kij,bej->kbei", rotations, where) + shifts[:, None, None]
    atoms = positions % 1.0
    row, cells, _ = _rows(points, atoms)
    off = np.linalg.norm((points - atoms[row] - cells) @ lattice, axis=-1)
    if (off > _ON_SITE).any() or (numbers[row] != elements).any():
        raise ValueError("its bonds lead to where no atom is")
    keys = _canonical(row.reshape(-1, 2), (cells[:, :, 1] - cells[:, :, 0]).reshape(-1, 3))
    if ((keys[:, 0] == keys[:, 1]) & ~keys[:, 2:].any(1)).any():
        raise ValueError("it bonds an atom to itself")
    keys, first_of = np.unique(keys, axis=0, return_index=True)
    order = np.tile(orders, len(group))[first_of]
    return keys[:, :2].astype(np.int32), keys[:, 2:].astype(np.int16), order.astype(np.float32)


def _end(sites: dict, operations: list, codes: dict[str, int], label: str, code: str) -> tuple[list[float], int]:
    """Fractional coordinates and element of one end of a bond."""
    site = sites.get(label)
    if site is None:
        raise ValueError(f"its bonds name {label}, and no atom is called that")
    point = np.array(site.fract.tolist())
    if code not in (".", "?", ""):
        match = re.fullmatch(r"(\w+?)(?:_(\d)(\d)(\d))?", code)
        if match is None or (operations and match.group(1) not in codes) or (not operations and match.group(1) != "1"):
            raise ValueError(f"its bonds speak of the symmetry code {code}, which means nothing here")
        if operations:
            point = np.array(operations[codes[match.group(1)]].apply_to_xyz(point.tolist()))
        point = point + [int(digit) - 5 if digit else 0 for digit in match.groups()[1:]]
    return point.tolist(), site.element.atomic_number
