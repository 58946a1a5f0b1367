"""Crystals to train on or to compare with, from the project's parquet files or a user's own.

Accepted: a parquet file with columns lattice (6), atomic_numbers, frac_coords; a
CSV with a column ``cif`` (the layout of MP-20); an extxyz file; an ASE database;
a folder of CIF files.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.lattice import from_parameters
from crystal_studio.errors import FileError


@dataclass(frozen=True)
class Dataset:
    """Structures with their ids and whatever columns the file had.

    ids : (B,) strings
    columns : name -> (B,) array; energies in eV/atom where the file follows the project's names
    skipped : entries that could not be read, as (id, reason)
    """

    structures: Structures
    ids: NDArray
    columns: Mapping[str, NDArray] = field(default_factory=dict)
    skipped: tuple[tuple[str, str], ...] = ()

    def __len__(self) -> int:
        return len(self.structures)

    def take(self, index: NDArray) -> Dataset:
        """The rows named by an index array or Boolean mask."""
        return Dataset(
            self.structures.take(index), self.ids[index], {k: v[index] for k, v in self.columns.items()}, self.skipped
        )


def load(path: str | Path, split: str = "") -> Dataset:
    """Read a data set; ``split`` keeps the rows whose column ``split`` equals it.

    Raises ``FileError`` if the file is missing, of an unknown kind or holds no crystal.
    """
    path = Path(path)
    if not path.exists():
        raise FileError(f"{path} does not exist: give a parquet, CSV, extxyz or ASE db file, or a folder of CIFs.")
    readers = {".parquet": _parquet, ".csv": _csv, ".extxyz": _ase, ".xyz": _ase, ".db": _ase}
    try:
        dataset = _folder(path) if path.is_dir() else readers[path.suffix.lower()](path)
    except KeyError as error:
        if path.suffix.lower() in readers:
            raise FileError(f"{path} lacks the column {error}.") from error
        raise FileError(f"{path.name}: unknown kind of data; use parquet, csv, extxyz, db or a folder.") from error
    except (OSError, ValueError) as error:
        raise FileError(f"{path} cannot be read: {error}") from error
    if split:
        if "split" not in dataset.columns:
            raise FileError(f"{path} has no column 'split': leave the split out or add the column.")
        dataset = dataset.take(dataset.columns["split"] == split)
    if not len(dataset):
        raise FileError(f"{path} holds no crystal that could be read.")
    return dataset


def _parquet(path: Path) -> Dataset:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except pa.ArrowInvalid as error:
        raise FileError(f"{path} is not a parquet file or is damaged.") from error

    def flat(name: str) -> tuple[NDArray, NDArray]:
        column = table[name].combine_chunks()
        return column.flatten().to_numpy(), np.diff(column.offsets.to_numpy())

    numbers, counts = flat("atomic_numbers")
    positions, triples = flat("frac_coords")
    cells, six = flat("lattice")
    if (six != 6).any() or (triples != 3 * counts).any():
        raise FileError(f"{path}: lattice needs 6 numbers, frac_coords 3 an atom.")
    structures = Structures(
        from_parameters(cells.reshape(-1, 6).astype(float)),
        np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        numbers.astype(np.int16),
        positions.reshape(-1, 3).astype(float) % 1.0,
        np.full(len(numbers), -1, np.int16),
    )
    columns = {
        name: table[name].to_numpy()
        for name in table.column_names
        if name not in ("atomic_numbers", "frac_coords", "lattice") and not name.startswith("__")
    }
    ids = columns.get("source_id", columns.get("material_id", np.arange(len(structures)))).astype(str)
    return Dataset(structures, ids, columns)


def _cif_structure(text: str) -> tuple[NDArray, NDArray, NDArray]:
    import gemmi

    small = gemmi.make_small_structure_from_block(gemmi.cif.read_string(text).sole_block())
    sites = small.get_all_unit_cell_sites()
    if not sites:
        raise ValueError("no atom sites")
    if any(abs(s.occ - 1) > 1e-3 for s in sites):
        raise ValueError("partly occupied sites")
    cell = small.cell
    lattice = from_parameters(np.array([cell.a, cell.b, cell.c, cell.alpha, cell.beta, cell.gamma]))
    numbers = np.array([s.element.atomic_number for s in sites], np.int16)
    if (numbers == 0).any():
        raise ValueError("unknown element")
    return lattice, numbers, np.array([s.fract.tolist() for s in sites])


def _collect(entries: list[tuple[str, str]], columns: Mapping[str, NDArray]) -> Dataset:
    kept, skipped, parts = [], [], []
    for i, (name, text) in enumerate(entries):
        try:
            parts.append(_cif_structure(text))
            kept.append(i)
        except (ValueError, RuntimeError, IndexError) as error:
            skipped.append((name, str(error).splitlines()[0] if str(error) else "unreadable"))
    structures = Structures.from_lists([p[0] for p in parts], [p[1] for p in parts], [p[2] for p in parts])
    ids = np.array([entries[i][0] for i in kept], dtype=str)
    return Dataset(structures, ids, {k: v[kept] for k, v in columns.items()}, tuple(skipped))


def _csv(path: Path) -> Dataset:
    import pandas as pd

    table = pd.read_csv(path)
    names = table.get("material_id", pd.Series(np.arange(len(table)))).astype(str)
    columns = {c: table[c].to_numpy() for c in table.columns if c != "cif"}
    return _collect(list(zip(names, table["cif"].astype(str), strict=True)), columns)


def _folder(path: Path) -> Dataset:
    files = sorted(path.glob("*.cif"))
    return _collect([(f.stem, f.read_text(errors="replace")) for f in files], {})


def _ase(path: Path) -> Dataset:
    from ase.io import iread
    from ase.io.formats import UnknownFileTypeError

    try:
        if path.suffix == ".db":
            from ase.db import connect

            images = [(str(row.id), row.toatoms()) for row in connect(path).select()]
        else:
            images = [(str(i), atoms) for i, atoms in enumerate(iread(path, index=":", format="extxyz"))]
    except (UnknownFileTypeError, RuntimeError, sqlite3.Error, AttributeError) as error:
        raise FileError(f"{path} cannot be read as {path.suffix[1:]}: {error}") from error
    usable = [(n, a) for n, a in images if a.cell.rank == 3 and len(a)]
    skipped = tuple((n, "no periodic cell") for n, a in images if not (a.cell.rank == 3 and len(a)))
    structures = Structures.from_lists(
        [a.cell.array for _, a in usable],
        [a.numbers for _, a in usable],
        [a.get_scaled_positions() for _, a in usable],
    )
    return Dataset(structures, np.array([n for n, _ in usable], dtype=str), {}, skipped)
