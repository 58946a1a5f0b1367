"""CIF text: symmetrised straight from asymmetric units, or every atom in P 1; and back through gemmi.

Symmetrised files follow the core CIF dictionary: group number and
Hermann-Mauguin symbol, all operations, one site an orbit with multiplicity and
Wyckoff letter. Coordinates carry 12 decimals, so that special positions such
as 1/3 stay special for every reader. Structures lose only their orientation.
"""

from __future__ import annotations

import re
from functools import cache

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import AsymmetricUnits, Structures
from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.crystal.lattice import cell_parameters
from crystal_studio.crystal.space_groups import tables
from crystal_studio.exchange.cif_bonds import site_labels, turned

_FIELDS = ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma")


def cif_text(crystals: AsymmetricUnits | Structures, i: int = 0, name: str = "", loop: str = "") -> str:
    """The CIF of crystal i of a batch: symmetrised from asymmetric units, in P 1 from whole cells.

    ``name`` becomes the data block; ``loop`` (see ``cif_bonds``) ends it.
    """
    text = _symmetrised(crystals, i, name) if isinstance(crystals, AsymmetricUnits) else _p1(crystals, i, name)
    return f"{text}{loop}\n" if loop else text


def _symmetrised(units: AsymmetricUnits, i: int, name: str) -> str:
    table = tables()
    kept = np.flatnonzero(units.mask[i])
    group, rows = int(units.space_group[i]), units.wyckoff[i, kept]
    labels = _labels(units.numbers[i, kept])
    sites = [
        f"{label} {symbol} {table.multiplicity[row]} {table.letter[row]} {_point(point)} 1"
        for (label, symbol), row, point in zip(labels, rows.tolist(), units.positions[i, kept], strict=True)
    ]
    counts = np.bincount(units.numbers[i, kept], weights=table.multiplicity[rows], minlength=119)
    return _document(
        name or _sum(counts).replace(" ", ""),
        units.lattice[i],
        counts,
        f"_space_group_IT_number {group}\n_space_group_name_H-M_alt '{_symbol(group)}'\n{_operations(group)}",
        "loop_\n_atom_site_label\n_atom_site_type_symbol\n_atom_site_symmetry_multiplicity\n"
        "_atom_site_Wyckoff_symbol\n_atom_site_fract_x\n_atom_site_fract_y\n_atom_site_fract_z\n_atom_site_occupancy",
        sites,
    )


def _p1(structures: Structures, i: int, name: str) -> str:
    rows = structures.atoms(i)
    lattice, positions, numbers = structures.lattice[i], structures.positions[rows], structures.numbers[rows]
    if np.linalg.det(lattice) < 0:
        # Cell parameters mean a right-handed cell: turn all three axes round, and the coordinates with them.
        positions = turned(positions)
    sites = [
        f"{label} {symbol} {_point(point)} 1"
        for (label, symbol), point in zip(_labels(numbers), positions, strict=True)
    ]
    counts = np.bincount(numbers, minlength=119)
    return _document(
        name or _sum(counts).replace(" ", ""),
        lattice,
        counts,
        "_space_group_IT_number 1\n_space_group_name_H-M_alt 'P 1'\n"
        "loop_\n_space_group_symop_id\n_space_group_symop_operation_xyz\n1 'x,y,z'",
        "loop_\n_atom_site_label\n_atom_site_type_symbol\n"
        "_atom_site_fract_x\n_atom_site_fract_y\n_atom_site_fract_z\n_atom_site_occupancy",
        sites,
    )


def _document(
    name: str, lattice: NDArray[np.float64], counts: NDArray, symmetry: str, header: str, sites: list[str]
) -> str:
    parameters = cell_parameters(lattice[None])[0]
    cell = "\n".join(f"_cell_{field} {value:.10f}" for field, value in zip(_FIELDS, parameters, strict=True))
    block = re.sub(r"[^!-~]|[#'\"]", "_", name)[:60] or "crystal"
    return (
        f"data_{block}\n_audit_creation_method 'Crystal Studio'\n_chemical_formula_sum '{_sum(counts)}'\n"
        f"{cell}\n_cell_volume {abs(np.linalg.det(lattice)):.8f}\n{symmetry}\n{header}\n" + "\n".join(sites) + "\n"
    )


def _sum(counts: NDArray) -> str:
    found = {SYMBOLS[z]: int(counts[z]) for z in np.flatnonzero(counts)}
    # Hill order: carbon, hydrogen, then the alphabet.
    order: list[str] = [s for s in ("C", "H") if "C" in found and s in found]
    order += sorted(s for s in found if s not in order)
    return " ".join(f"{s}{found[s]}" if found[s] > 1 else s for s in order)


def _labels(numbers: NDArray) -> list[tuple[str, str]]:
    return [(label, SYMBOLS[z]) for label, z in zip(site_labels(numbers), numbers.tolist(), strict=True)]


def _point(point: NDArray[np.float64]) -> str:
    return "{:.12f} {:.12f} {:.12f}".format(*point)


@cache
def _symbol(group: int) -> str:
    """Hermann-Mauguin symbol with the setting of the tables, where a group has several origins or axes."""
    symbol = tables().symbol_spaced[group - 1].replace("_", "")
    if 3 <= group <= 15:
        centring, rest = symbol.split(" ", 1)
        return f"{centring} 1 {rest} 1"  # unique axis b, in full
    if symbol.startswith("R"):
        return f"{symbol}:H"
    return f"{symbol}:2" if group in _two_origins() else symbol


@cache
def _two_origins() -> frozenset[int]:
    import gemmi

    return frozenset(sg.number for sg in gemmi.spacegroup_table() if sg.ext == "2")


@cache
def _operations(group: int) -> str:
    import gemmi

    lines = ["loop_", "_space_group_symop_id", "_space_group_symop_operation_xyz"]
    for k, (rotation, translation) in enumerate(zip(*tables().operations(group), strict=True), 1):
        op = gemmi.Op()
        op.rot = (rotation.astype(int) * gemmi.Op.DEN).tolist()
        op.tran = np.rint(translation * gemmi.Op.DEN).astype(int).tolist()
        lines.append(f"{k} '{op.triplet()}'")
    return "\n".join(lines)


def reads_back(text: str, wanted: Structures) -> bool:
    """Whether a CIF, read by gemmi, is the one crystal ``wanted`` to 1e-5 of a cell edge, and its cell to 1e-5."""
    from crystal_studio.exchange.cif_reader import crystals_of_text

    try:
        found = crystals_of_text(text)
    except ValueError:
        return False
    if len(found) != 1:
        return False
    lattice, numbers, positions = found[0]
    rows = wanted.atoms(0)
    target = wanted.positions[rows]
    if np.linalg.det(wanted.lattice[0]) < 0:
        target = -target
    cells = cell_parameters(np.stack([lattice, wanted.lattice[0]]))
    if len(numbers) != len(target) or not np.allclose(cells[0], cells[1], atol=1e-5, rtol=1e-6):
        return False
    kinds = wanted.numbers[rows]
    for z in np.unique(kinds):
        here, there = positions[numbers == z], target[kinds == z]
        if len(here) != len(there):
            return False
        apart = there[:, None] - here
        close = (np.abs(apart - np.round(apart)) < 1e-5).all(-1)
        if not (close.any(0).all() and close.any(1).all()):
            return False
    return True
