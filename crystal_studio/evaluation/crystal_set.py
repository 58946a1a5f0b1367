"""Sets of crystals to judge or to compare with, from almost any file; what cannot be read is listed, never fatal.

Read are: parquet and CSV with a column of CIF texts (the layout of MP-20), of
pymatgen's JSON, or with cells and coordinates as numbers; extended XYZ; ASE
databases; folders of CIF, POSCAR and such; project files with their candidates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import Structures
from crystal_studio.errors import FileError
from crystal_studio.evaluation.parallel import Failure, Workers
from crystal_studio.evaluation.rows import Crystal, cif_rows, of_cif, of_file, of_row, usable

SECONDS_AN_ENTRY = 20.0
ASKED = ("asked_space_group", "requested_space_group")
"""Columns that say which space group was asked for."""


@dataclass(frozen=True)
class CrystalSet:
    """B crystals and what is known of them.

    name : the file, and the part of it that was taken
    ids : (B,) strings
    asked : (B,) int16 space group that was asked for (0 = unknown), None where nothing is known
    columns : name -> (B,) array of whatever else the file tells
    unreadable : entries without a crystal, as (id, reason); they count as generated and invalid
    """

    name: str
    structures: Structures
    ids: NDArray
    asked: NDArray[np.int16] | None = None
    columns: Mapping[str, NDArray] = field(default_factory=dict)
    unreadable: tuple[tuple[str, str], ...] = ()

    def __len__(self) -> int:
        return len(self.structures)

    @property
    def total(self) -> int:
        """Entries, readable or not."""
        return len(self) + len(self.unreadable)

    @property
    def label(self) -> str:
        """Such as "mp20.parquet [val] (877)"."""
        return f"{self.name} ({self.total:,})"


def read(path: str | Path, workers: Workers, split: str = "", count: int = 0, campaign: int = 0) -> CrystalSet:
    """Read a set.

    split : keeps the rows whose column ``split`` equals it; count : the first so many entries (0 = all);
    campaign : of a project file, the candidates of that campaign alone (0 = all).

    Raises ``FileError`` if the file is missing, of an unknown kind or holds no entry.
    """
    path = Path(path)
    if not path.exists():
        raise FileError(f"{path} does not exist: give a parquet, CSV, extxyz, db or project file, or a folder of CIFs.")
    name = path.name + (f" [{split}]" if split else "") + (f", first {count}" if count else "")
    kind = path.suffix.lower()
    if split and kind not in (".parquet", ".csv"):
        raise FileError(f"{path.name} has no column 'split': leave the split out.")
    if kind == ".crystals":
        found = _project(path, campaign, count)
    elif path.is_dir():
        found = _folder(path, count, workers)
    elif kind in (".parquet", ".csv"):
        found = _table(path, split, count, workers)
    elif kind in (".extxyz", ".xyz", ".db"):
        found = _ase(path, count)
    elif kind == ".cif":
        entries = cif_rows(path.read_text(errors="replace"))[: count or None]
        found = _gathered([(n, text) for n, text in entries], of_cif, workers, {}, path.name)
    else:
        raise FileError(f"{path.name}: unknown kind of data; use parquet, csv, extxyz, db, cif, crystals or a folder.")
    if not found.total:
        raise FileError(f"{path}{f' [{split}]' if split else ''} holds no entry: check the file and the split.")
    return CrystalSet(name, found.structures, found.ids, found.asked, found.columns, found.unreadable)


def splits(path: str | Path) -> set[str]:
    """Values of the column ``split`` of a parquet or CSV file; empty where there is none."""
    path = Path(path)
    try:
        if path.suffix.lower() == ".parquet":
            import pyarrow.parquet as pq

            if "split" in pq.read_schema(path).names:
                return set(map(str, pq.read_table(path, columns=["split"])["split"].to_pylist()))
        elif path.suffix.lower() == ".csv":
            import pandas as pd

            return set(pd.read_csv(path, usecols=["split"])["split"].astype(str))
    except (OSError, ValueError):
        pass
    return set()


def _project(path: Path, campaign: int, count: int) -> CrystalSet:
    from crystal_studio.project.queries import ProjectReader

    with ProjectReader(path) as reader:
        if campaign:
            reader.campaign(campaign)
        ids = reader.ids(f"campaign_id == {campaign}" if campaign else "")[: count or None]
        structures = reader.structures(ids, "generated")
        asked = reader.units(ids).space_group
    return _checked(structures, ids.astype(str), asked, {}, [])


def _table(path: Path, split: str, count: int, workers: Workers) -> CrystalSet:
    import pandas as pd

    try:
        if path.suffix.lower() == ".csv":
            table = pd.read_csv(path, low_memory=False)
        else:
            import pyarrow as pa
            import pyarrow.parquet as pq

            try:
                table = pq.read_table(path).to_pandas()
            except pa.ArrowInvalid as error:
                raise FileError(f"{path} is not a parquet file or is damaged.") from error
    except (OSError, ValueError) as error:
        raise FileError(f"{path} cannot be read: {error}") from error
    if split:
        if "split" not in table:
            raise FileError(f"{path} has no column 'split': leave the split out or add the column.")
        table = table[table["split"].astype(str) == split]
    table = table.iloc[: count or None]
    names = next((table[c] for c in ("material_id", "source_id", "id", "name") if c in table), None)
    ids = [str(n) for n in (table.index if names is None else names)]
    columns = {str(c): table[c].to_numpy() for c in table.columns if table[c].dtype.kind in "iufb"}
    asked = next((columns[c] for c in ASKED if c in columns), None)
    if asked is None and "detected_space_group" in columns:  # our own export: space_group is the one asked for
        asked = columns.get("space_group")
    if asked is not None:
        columns["asked"] = np.nan_to_num(asked).astype(np.int16)
    cif = next((c for c in table.columns if str(c).lower() in ("cif", "cif_string", "cifs")), None)
    if cif is not None:
        return _gathered(list(zip(ids, table[cif], strict=True)), of_cif, workers, columns, path.name)
    function, wanted = of_row(list(map(str, table.columns)))
    if function is None:
        raise FileError(
            f"{path.name} tells no crystals: it needs a column 'cif', or lattice, atomic_numbers and frac_coords "
            f"(it has {', '.join(map(str, table.columns[:12]))})."
        )
    rows = list(zip(ids, zip(*(table[c] for c in wanted), strict=True), strict=True))
    return _gathered(rows, function, workers, columns, path.name)


def _folder(path: Path, count: int, workers: Workers) -> CrystalSet:
    from crystal_studio.exchange.readers import find_files

    files = find_files([path])[: count or None]
    answers = workers.map(of_file, [str(f) for f in files], f"Reading {path.name}", SECONDS_AN_ENTRY, 32)
    names: list[str] = []
    found: list[Crystal | Failure] = []
    for file, answer in zip(files, answers, strict=True):
        name = str(file.relative_to(path))
        entries = [("", answer)] if isinstance(answer, Failure) else answer
        names += [name + suffix for suffix, _ in entries]
        found += [entry for _, entry in entries]
    return _assembled(names[: count or None], found[: count or None], {})


def _ase(path: Path, count: int) -> CrystalSet:
    from ase.io import iread

    names: list[str] = []
    found: list[Crystal | Failure] = []
    try:
        if path.suffix.lower() == ".db":
            from ase.db import connect

            images: Any = ((str(row.id), row.toatoms()) for row in connect(str(path), type="db").select())
        else:
            images = ((str(i), atoms) for i, atoms in enumerate(iread(str(path), index=":", format="extxyz")))
        for name, atoms in images:
            crystal = (atoms.cell.array, atoms.numbers, None if atoms.cell.rank < 3 else atoms.get_scaled_positions())
            names.append(name)
            found.append(usable(crystal))
            if len(names) == count:
                break
    except Exception as error:  # readers fail in many ways; what was read before stays
        names.append(f"after {len(names)}")
        found.append(Failure(f"The rest of the file cannot be read: {' '.join(str(error).split())[:120]}"))
        if len(names) == 1:
            raise FileError(f"{path} cannot be read as {path.suffix[1:]}: {error}") from error
    return _assembled(names, found, {})


def _gathered(
    entries: list[tuple[str, Any]], function: Any, workers: Workers, columns: Mapping[str, NDArray], title: str
) -> CrystalSet:
    """Entries (name, what tells the crystal) turned into crystals by ``function``, in parallel."""
    block = 64 if len(entries) > 2000 else max(1, len(entries))  # not worth a pool below that
    found = workers.map(
        partial(_usable_of, function), [e for _, e in entries], f"Reading {title}", SECONDS_AN_ENTRY, block
    )
    return _assembled([n for n, _ in entries], found, columns)


def _usable_of(function: Any, entry: Any) -> Crystal | Failure:
    return usable(function(entry))


def _assembled(names: Sequence[str], found: Sequence[Crystal | Failure], columns: Mapping[str, NDArray]) -> CrystalSet:
    kept = np.array([i for i, f in enumerate(found) if not isinstance(f, Failure)], int)
    crystals: list[Crystal] = [f for f in found if not isinstance(f, Failure)]
    structures = Structures.from_lists(*([c[k] for c in crystals] for k in range(3)))
    bad = [(names[i], f.reason) for i, f in enumerate(found) if isinstance(f, Failure)]
    columns = {k: v[kept] for k, v in columns.items()}
    ids = np.array([names[i] for i in kept], dtype=str)
    return _checked(structures, ids, columns.get("asked"), columns, bad)


def _checked(
    structures: Structures, ids: NDArray, asked: NDArray | None, columns: Mapping[str, NDArray], bad: list
) -> CrystalSet:
    """Leaves out what is no crystal at all."""
    finite = np.isfinite(structures.lattice).all((1, 2)) & (structures.n_atoms > 0)
    atoms = np.isfinite(structures.positions).all(1)
    finite &= np.bincount(structures.crystal, ~atoms, len(structures)) == 0
    if not finite.all():
        bad = bad + [(str(ids[i]), "Its cell or coordinates are no finite numbers.") for i in np.flatnonzero(~finite)]
        structures, ids = structures.take(finite), ids[finite]
        asked = None if asked is None else asked[finite]
        columns = {k: v[finite] for k, v in columns.items()}
    return CrystalSet("", structures, ids, asked, columns, tuple(bad))
