"""One crystal out of whatever tells it: a CIF text, ASE's atoms, a row of a table; ``ValueError`` where it is none."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.crystal.lattice import from_parameters
from crystal_studio.crystal.soundness import READABLE, CellLimits, fault_text
from crystal_studio.exchange.cif_reader import Crystal, crystals_of_text

_CELLS = ("lattice", "cell", "lattice_matrix", "lattice_parameters")
_NUMBERS = ("atomic_numbers", "numbers", "atom_types", "atomic_numbers_list", "species", "elements")
_POSITIONS = ("frac_coords", "fractional_coordinates", "positions")
_CIFS = ("cif", "cif_string", "cifs")
_NUMBER_OF = {symbol: z for z, symbol in enumerate(SYMBOLS)}


def usable(lattice: Any, numbers: Any, positions: Any, limits: CellLimits = READABLE) -> Crystal:
    """The crystal as arrays; raises ``ValueError`` with a clause where nothing can be computed of it."""
    lattice, numbers = np.asarray(lattice, float), np.asarray(numbers)
    if lattice.shape != (3, 3):
        raise ValueError("it has no three-dimensional cell")
    positions = np.asarray(positions, float).reshape(-1, 3)
    if len(numbers) != len(positions):
        raise ValueError(f"it names {len(numbers)} atoms and has {len(positions)} positions")
    if fault := fault_text(lattice, numbers, positions, limits):
        raise ValueError(fault)
    return lattice, numbers.astype(np.int16), positions


def of_cif(text: Any, limits: CellLimits = READABLE) -> Crystal:
    """The first crystal of a CIF text."""
    if not isinstance(text, str) or not text.strip():
        raise ValueError("there is no CIF text")
    return usable(*crystals_of_text(text)[0], limits)


def cif_blocks(text: str) -> list[tuple[str, str]]:
    """(name, text) of every data block of a CIF file, so that a malformed block costs itself alone."""
    blocks: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        if line.lower().startswith("data_"):
            blocks.append((line[5:].strip() or str(len(blocks) + 1), []))
        if blocks:
            blocks[-1][1].append(line)
    return [(name, "\n".join(lines) + "\n") for name, lines in blocks]


def of_atoms(atoms: Any, limits: CellLimits = READABLE) -> Crystal:
    """The crystal that ASE read."""
    if any("occupancy" in key for key in atoms.info):
        raise ValueError("it has partly occupied sites, and only fully ordered crystals can be used")
    cell = np.array(atoms.cell[:], float)
    # Coordinates in a flat cell cannot be solved for.
    if len(atoms) and (fault := fault_text(cell, atoms.numbers, np.zeros((len(atoms), 3)), limits)):
        raise ValueError(fault)
    return usable(cell, atoms.numbers, atoms.get_scaled_positions(wrap=False) if len(atoms) else [], limits)


def row_columns(columns: Sequence[str]) -> tuple[str, ...]:
    """Columns of a table that tell its crystals, in the order that ``of_row`` takes; none where nothing does."""
    for name in columns:
        if name.lower() in _CIFS:
            return (name,)
    if "structure" in columns:
        return ("structure",)
    numbers = next((c for c in _NUMBERS if c in columns), "")
    positions = next((c for c in _POSITIONS if c in columns), "")
    cell = next((c for c in _CELLS if c in columns), "")
    if numbers and positions and cell:
        return cell, numbers, positions
    if numbers and positions and {"lengths", "angles"} <= set(columns):
        return "lengths", "angles", numbers, positions
    return ()


def of_row(row: Sequence, limits: CellLimits = READABLE) -> Crystal:
    """The crystal of one row: the values of ``row_columns``."""
    if len(row) == 1:
        return _of_text(row[0], limits)
    *cell, numbers, positions = row
    edges = np.concatenate([_flat(part) for part in cell]).astype(float)
    lattice = edges.reshape(3, 3) if len(edges) == 9 else from_parameters(edges.reshape(6))
    return usable(lattice, _elements(numbers), _flat(positions).astype(float), limits)


def _of_text(value: Any, limits: CellLimits) -> Crystal:
    """A CIF text, or pymatgen's dictionary of a structure."""
    if not isinstance(value, dict) and not str(value).lstrip().startswith("{"):
        return of_cif(value, limits)
    from pymatgen.core import Structure

    structure = Structure.from_dict(json.loads(value) if isinstance(value, str) else value)
    return usable(structure.lattice.matrix, np.array(structure.atomic_numbers), structure.frac_coords, limits)


def _flat(value: Any) -> NDArray:
    """Numbers out of nested lists or their JSON."""
    if isinstance(value, str):
        value = json.loads(value)
    array = np.asarray(value)
    return np.concatenate([_flat(part) for part in array]) if array.dtype == object else array.ravel()


def _elements(value: Any) -> NDArray:
    found = _flat(value)
    if found.dtype.kind in "US":
        return np.array([_NUMBER_OF.get(str(s), 0) for s in found])
    return found.astype(int)
