"""One entry of a table or folder as a crystal; raises, or answers a ``Failure``, where it is none."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.crystal.lattice import from_parameters
from crystal_studio.evaluation.parallel import Failure

Crystal = tuple[NDArray, NDArray, NDArray]
"""Lattice (3, 3) in Angstrom, atomic numbers (n,), fractional coordinates (n, 3)."""

MAX_ATOMS = 4000

_CELLS = ("lattice", "cell", "lattice_matrix", "lattice_parameters")
_NUMBERS = ("atomic_numbers", "numbers", "atom_types", "atomic_numbers_list", "species", "elements")
_POSITIONS = ("frac_coords", "fractional_coordinates", "positions")
_NUMBER_OF = {symbol: z for z, symbol in enumerate(SYMBOLS)}


def usable(crystal: tuple) -> Crystal | Failure:
    """The crystal as arrays, or why nothing can be computed of it."""
    lattice = np.asarray(crystal[0], float)
    numbers = np.asarray(crystal[1])
    if crystal[2] is None or lattice.shape != (3, 3):
        return Failure("It has no three-dimensional cell.")
    positions = np.asarray(crystal[2], float).reshape(-1, 3)
    if not len(numbers):
        return Failure("It holds no atoms.")
    if len(numbers) != len(positions):
        return Failure(f"It names {len(numbers)} atoms and has {len(positions)} positions.")
    if len(numbers) > MAX_ATOMS:
        return Failure(f"Its cell holds {len(numbers)} atoms, more than {MAX_ATOMS}.")
    if not (np.isfinite(lattice).all() and np.isfinite(positions).all()):
        return Failure("Its cell or coordinates are no finite numbers.")
    if abs(np.linalg.det(lattice)) < 1e-6:
        return Failure("Its cell has no volume.")
    if (numbers < 1).any() or (numbers > 118).any():
        return Failure("It holds atoms that are no chemical element.")
    return lattice, numbers.astype(np.int16), positions


def of_cif(text: Any) -> Crystal:
    """The first crystal of a CIF text."""
    from crystal_studio.exchange.cif_reader import crystals_of_text

    if not isinstance(text, str) or not text.strip():
        raise ValueError("There is no CIF text.")
    return crystals_of_text(text)[0]


def cif_rows(text: str) -> list[tuple[str, str]]:
    """(name, text) of every data block of a CIF file, so that a malformed block costs itself alone."""
    blocks: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        if line.lower().startswith("data_"):
            blocks.append((line[5:].strip() or str(len(blocks) + 1), []))
        if blocks:
            blocks[-1][1].append(line)
    return [(name, "\n".join(lines) + "\n") for name, lines in blocks]


def of_file(path: str) -> list[tuple[str, Crystal | Failure]]:
    """(suffix of the name, crystal or failure) of every structure in a file."""
    from crystal_studio.exchange.readers import read_one

    found, complaints = read_one(Path(path))
    answers: list[tuple[str, Crystal | Failure]] = [(suffix, usable(crystal)) for suffix, crystal in found]
    return answers + [(suffix, Failure(text)) for suffix, text in complaints]


def of_row(columns: Sequence[str]) -> tuple[Callable[[Sequence], tuple] | None, list[str]]:
    """What reads a row of a table with these columns, and the columns it wants; (None, []) where nothing does."""
    if "structure" in columns:
        return _of_json, ["structure"]
    numbers = next((c for c in _NUMBERS if c in columns), "")
    positions = next((c for c in _POSITIONS if c in columns), "")
    cell = next((c for c in _CELLS if c in columns), "")
    if numbers and positions and cell:
        return _of_numbers, [cell, numbers, positions]
    if numbers and positions and {"lengths", "angles"} <= set(columns):
        return _of_parameters, ["lengths", "angles", numbers, positions]
    return None, []


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


def _of_numbers(row: Sequence) -> tuple:
    cell = _flat(row[0]).astype(float)
    lattice = cell.reshape(3, 3) if len(cell) == 9 else from_parameters(cell.reshape(6))
    return lattice, _elements(row[1]), _flat(row[2]).astype(float)


def _of_parameters(row: Sequence) -> tuple:
    cell = np.concatenate([_flat(row[0]), _flat(row[1])]).astype(float)
    return from_parameters(cell.reshape(6)), _elements(row[2]), _flat(row[3]).astype(float)


def _of_json(row: Sequence) -> tuple:
    """pymatgen's dictionary of a structure, or a CIF text under the same name."""
    value = row[0]
    if isinstance(value, str) and not value.lstrip().startswith("{"):
        return of_cif(value)
    from pymatgen.core import Structure

    structure = Structure.from_dict(json.loads(value) if isinstance(value, str) else value)
    return structure.lattice.matrix, np.array(structure.atomic_numbers), structure.frac_coords
