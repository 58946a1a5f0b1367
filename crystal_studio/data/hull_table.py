"""A user's table of phases with energies, for the hull of the potential that computed them.

CSV with the columns ``file`` (a structure, its path from the table's folder) or ``composition``, ``energy_per_atom``
(eV/atom), ``method`` (key of the potential, unless one is given for the whole table), and if wanted ``corrected`` (yes
or no) and ``id``.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.composition import counts
from crystal_studio.crystal.elements import atomic_number
from crystal_studio.crystal.formula import parse_formula
from crystal_studio.data.hull import GIVEN, WIDTH, ReferenceHull, hulls
from crystal_studio.errors import FileError, KnownError
from crystal_studio.exchange.one_file import read_one

UNCORRECTED = "-raw"
"""End of the key of a potential whose energies are left without the MP2020 corrections."""

YES, NO = ("yes", "true", "1"), ("no", "false", "0")


@dataclass(frozen=True)
class Table:
    """Phases by key of the potential, and the structures (B) with their ids of the rows that name files."""

    phases: Mapping[str, ReferenceHull]
    structures: Structures
    ids: tuple[str, ...]


def read(path: Path, method: str = "", known: Sequence[str] | None = None) -> Table:
    """Read a table; ``known`` are the keys of the potentials that have a hull, by default those that there are.

    Raises ``KnownError`` that names the row, says why its energy cannot stand on that hull, and what to do.
    """
    known = hulls() if known is None else known
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = [{k.strip().lower(): (v or "").strip() for k, v in row.items() if k} for row in csv.DictReader(file)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FileError(f"The table {path} cannot be read ({error}).") from error
    if not rows or "energy_per_atom" not in rows[0] or not {"file", "composition"} & set(rows[0]):
        raise FileError(
            f"{path.name} is no table of energies: it needs the columns energy_per_atom (eV/atom), file or composition,"
            " and method."
        )
    found: dict[str, list[tuple[str, NDArray, float]]] = {}
    cells, ids = [], []
    for k, row in enumerate(rows, 2):
        at = f"Line {k} of {path.name}"
        key = row.get("method") or method
        _check(at, key, row.get("corrected", ""), known)
        name = row.get("id") or row.get("file") or row.get("composition") or ""
        if row.get("file"):
            crystal = _structure(at, path.parent / row["file"])
            cells.append(crystal)
            ids.append(name)
            atoms = counts(crystal)[0]
        else:
            atoms = _composition(at, row.get("composition", ""))
        found.setdefault(key, []).append((name, atoms // np.gcd.reduce(atoms), _energy(at, row["energy_per_atom"])))
    phases = {
        key: ReferenceHull(
            np.array([atoms for _, atoms, _ in entries]),
            np.array([energy for _, _, energy in entries]),
            np.array([name for name, _, _ in entries]),
            key,
            np.full(len(entries), GIVEN),
        )
        for key, entries in found.items()
    }
    return Table(phases, Structures.concatenate(cells) if cells else Structures.from_lists([], [], []), tuple(ids))


def _check(at: str, key: str, corrected: str, known: Sequence[str]) -> None:
    """Raises ``KnownError`` where an energy by this method cannot stand on a hull that there is."""
    if not key:
        raise KnownError(
            f"{at} does not say which method computed its energy: add the column method, or give --method."
        )
    if key not in known:
        raise KnownError(
            f"{at}: its energy is by {key}, and there are reference hulls by {', '.join(known) or 'no method'}."
            " Energies by two methods lie on two scales and cannot stand on one hull: add the structures, and have one"
            " of these compute their energies (crystal-studio reference energies)."
        )
    if corrected and corrected.lower() not in YES + NO:
        raise KnownError(f"{at}: corrected is {corrected!r}, write yes or no.")
    with_corrections = not key.endswith(UNCORRECTED)
    if corrected and (corrected.lower() in YES) != with_corrections:
        scale = "holds the MP2020 corrections, which this energy lacks"
        scale = scale if with_corrections else "is without the MP2020 corrections, which this energy holds"
        raise KnownError(f"{at}: the reference hull by {key} {scale}: bring it to the same scale, or leave it out.")


def _energy(at: str, text: str) -> float:
    try:
        energy = float(text)
    except ValueError:
        energy = np.nan
    if not np.isfinite(energy) or abs(energy) > 1000:
        raise KnownError(f"{at}: {text!r} is no energy in eV/atom.")
    return energy


def _composition(at: str, text: str) -> NDArray[np.int64]:
    atoms = np.zeros(WIDTH, np.int64)
    try:
        for symbol, n in parse_formula(text).items():
            atoms[atomic_number(symbol)] += n
    except (KnownError, ValueError, KeyError) as error:
        raise KnownError(f"{at}: {text!r} is no composition ({error}).") from error
    if not atoms.any():
        raise KnownError(f"{at} names neither a file nor a composition.")
    return atoms


def _structure(at: str, path: Path) -> Structures:
    found, complaints = read_one(path)
    if len(found) != 1:
        why = complaints[0][1] if complaints else f"it holds {len(found)} structures, and one energy belongs to one."
        raise KnownError(f"{at}, {path.name}: {why}")
    lattice, numbers, positions = found[0][1]
    return Structures.from_lists([lattice], [numbers], [positions])
