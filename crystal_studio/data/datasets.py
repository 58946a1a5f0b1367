"""Sets of crystals, to train on or to judge, from almost any file; what cannot be read is listed, never fatal.

Read are: parquet and CSV with a column of CIF texts (the layout of MP-20), of
pymatgen's JSON, or with cells and coordinates as numbers; extended XYZ; ASE
databases; CIF files with many blocks; folders of CIF, POSCAR and such.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.lattice import from_parameters
from crystal_studio.crystal.soundness import READABLE, CellLimits, is_sound
from crystal_studio.errors import FileError
from crystal_studio.exchange.entries import Crystal, cif_blocks, of_atoms, of_cif, of_row, row_columns
from crystal_studio.exchange.one_file import find_files, images, read_one

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_IDS = ("source_id", "material_id", "id", "name")
_KINDS = {".extxyz": "xyz", ".xyz": "xyz", ".db": "ase-db"}


@dataclass(frozen=True)
class Unreadable:
    """In place of a crystal: why an entry is none."""

    reason: str


class Each(Protocol):
    """Calls ``function`` on every item; in place of an answer an ``Unreadable`` where it raised.

    ``block`` items are worth one journey to another process.
    """

    def __call__(self, function: Callable[[Any], Any], items: Sequence[Any], title: str, block: int) -> list[Any]: ...


def in_turn(function: Callable[[Any], Any], items: Sequence[Any], title: str = "", block: int = 1) -> list[Any]:
    """One item after the other, in this process."""
    answers = []
    for item in items:
        try:
            answers.append(function(item))
        except Exception as error:  # whatever a library raises on a malformed crystal
            answers.append(Unreadable(" ".join(str(error).split())[:160] or type(error).__name__))
    return answers


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
    dataset = read(path, split)
    if not len(dataset):
        name, why = dataset.skipped[0]
        raise FileError(f"{path} holds no crystal that could be read: of {name}, {why}.")
    return dataset


def read(
    path: str | Path, split: str = "", count: int = 0, limits: CellLimits = READABLE, each: Each = in_turn
) -> Dataset:
    """Read a set, readable or not: ``skipped`` names the entries that are no crystal.

    split : keeps the rows whose column ``split`` equals it; count : the first so many entries (0 = all).
    Raises ``FileError`` if the file is missing, of an unknown kind or holds no entry.
    """
    path = Path(path)
    if not path.exists():
        raise FileError(f"{path} does not exist: give a parquet, CSV, extxyz, db or CIF file, or a folder of CIFs.")
    kind = path.suffix.lower()
    if split and kind not in (".parquet", ".csv"):
        raise FileError(f"{path.name} has no column 'split': leave the split out.")
    if path.is_dir():
        found = _folder(path, count, limits, each)
    elif kind in (".parquet", ".csv"):
        found = _table(path, split, count, limits, each)
    elif kind in _KINDS:
        found = _images(path, count, limits)
    elif kind == ".cif":
        blocks = cif_blocks(path.read_text(errors="replace"))[: count or None]
        answers = each(partial(of_cif, limits=limits), [text for _, text in blocks], f"Reading {path.name}", 64)
        found = _collected([name for name, _ in blocks], answers, {})
    else:
        raise FileError(f"{path.name}: unknown kind of data; use parquet, csv, extxyz, db, cif or a folder.")
    if not len(found) and not found.skipped:
        raise FileError(f"{path}{f' [{split}]' if split else ''} holds no entry: check the file and the split.")
    return found


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


def _folder(path: Path, count: int, limits: CellLimits, each: Each) -> Dataset:
    files = find_files([path])[: count or None]
    answers = each(partial(_of_file, limits=limits), [str(f) for f in files], f"Reading {path.name}", 32)
    names: list[str] = []
    found: list[Crystal | Unreadable] = []
    for file, answer in zip(files, answers, strict=True):
        entries = [("", answer)] if isinstance(answer, Unreadable) else answer
        names += [str(file.relative_to(path)) + suffix for suffix, _ in entries]
        found += [entry for _, entry in entries]
    return _collected(names[: count or None], found[: count or None], {})


def _of_file(path: str, limits: CellLimits) -> list[tuple[str, Crystal | Unreadable]]:
    found, complaints = read_one(Path(path), limits)
    answers: list[tuple[str, Crystal | Unreadable]] = list(found)
    return answers + [(suffix, Unreadable(text)) for suffix, text in complaints]


def _images(path: Path, count: int, limits: CellLimits) -> Dataset:
    names: list[str] = []
    found: list[Crystal | Unreadable] = []
    try:
        for name, atoms in images(path, _KINDS[path.suffix.lower()]):
            names.append(name)
            found += in_turn(partial(of_atoms, limits=limits), [atoms])
            if len(names) == count:
                break
    except Exception as error:  # readers fail in many ways; what was read before stays
        if not names:
            raise FileError(f"{path} cannot be read as {path.suffix[1:]}: {error}") from error
        names.append(f"after {len(names)}")
        found.append(Unreadable(f"the rest of the file cannot be read: {' '.join(str(error).split())[:120]}"))
    return _collected(names, found, {})


def _collected(names: Sequence[str], found: Sequence[Crystal | Unreadable], columns: Mapping[str, NDArray]) -> Dataset:
    """Crystals as a batch, the others as skipped; columns (B,) of all entries."""
    kept = np.array([i for i, f in enumerate(found) if not isinstance(f, Unreadable)], int)
    crystals: list[Crystal] = [f for f in found if not isinstance(f, Unreadable)]
    structures = Structures.from_lists(*([c[k] for c in crystals] for k in range(3)))
    skipped = tuple((names[i], f.reason) for i, f in enumerate(found) if isinstance(f, Unreadable))
    ids = np.array([names[i] for i in kept], dtype=str)
    return Dataset(structures, ids, {k: v[kept] for k, v in columns.items()}, skipped)


def _table(path: Path, split: str, count: int, limits: CellLimits, each: Each) -> Dataset:
    frame, nested = _read_table(path)
    rows = np.arange(len(frame))
    if split:
        if "split" not in frame:
            raise FileError(f"{path} has no column 'split': leave the split out or add the column.")
        rows = rows[(frame["split"].astype(str) == split).to_numpy()]
    rows = rows[: count or None]
    frame, nested = frame.iloc[rows], nested.take(rows)
    known = [str(c) for c in (*frame.columns, *nested.column_names)]
    wanted = row_columns(known)
    if not wanted:
        raise FileError(
            f"{path.name} tells no crystals: it needs a column 'cif', or lattice, atomic_numbers and frac_coords "
            f"(it has {', '.join(known[:12])})."
        )
    names = next((frame[c] for c in _IDS if c in frame), None)
    ids = [str(n) for n in (rows if names is None else names)]
    columns = {str(c): frame[c].to_numpy() for c in frame.columns if c not in wanted and not str(c).startswith("__")}
    values = [frame[c].tolist() if c in frame else nested[c] for c in wanted]
    if len(wanted) == 3 and all(c in nested.column_names for c in wanted):
        dataset = _numbers(nested, wanted, ids, columns, limits)
        if dataset is not None:
            return dataset
    entries = list(zip(*(v if isinstance(v, list) else v.to_pylist() for v in values), strict=True))
    block = 64 if len(entries) > 2000 else max(1, len(entries))  # not worth other processes below that
    answers = each(partial(of_row, limits=limits), entries, f"Reading {path.name}", block)
    return _collected(ids, answers, columns)


def _read_table(path: Path) -> tuple[pd.DataFrame, pa.Table]:
    """Columns of single values, and columns of lists."""
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        if path.suffix.lower() == ".csv":
            frame = pd.read_csv(path, low_memory=False)
            return frame, pa.table({"": np.zeros(len(frame))}).select([])
        table = pq.read_table(path)
    except pa.ArrowInvalid as error:
        raise FileError(f"{path} is not a parquet file or is damaged.") from error
    except (OSError, ValueError) as error:
        raise FileError(f"{path} cannot be read: {error}") from error
    nested = [f.name for f in table.schema if pa.types.is_nested(f.type)]
    return table.drop_columns(nested).to_pandas(ignore_metadata=True), table.select(nested)


def _numbers(
    table: pa.Table, wanted: Sequence[str], ids: list[str], columns: Mapping[str, NDArray], limits: CellLimits
) -> Dataset | None:
    """Columns of plain lists of numbers without going through Python objects; None where they are not so simple.

    Rows that are no crystal are read again one by one, for the reason.
    """
    flat: list[tuple[NDArray, NDArray]] = []
    for name in wanted:
        column = table[name].combine_chunks()
        if column.null_count or not hasattr(column, "flatten"):
            return None
        values = column.flatten()
        if values.null_count or not (values.type == "double" or str(values.type).startswith(("int", "uint", "float"))):
            return None
        offsets = column.offsets.to_numpy() if hasattr(column, "offsets") else None
        if offsets is None:
            return None
        flat.append((values.to_numpy(zero_copy_only=False), np.diff(offsets)))
    (cells, edges), (numbers, counts), (positions, triples) = flat
    whole = (edges == 6) & (triples == 3 * counts)
    if not len(whole) or not whole.any():
        return None
    atoms = np.repeat(whole, counts)
    structures = Structures(
        from_parameters(cells[np.repeat(whole, edges)].reshape(-1, 6).astype(float)),
        np.concatenate([[0], np.cumsum(counts[whole])]).astype(np.int64),
        np.clip(numbers[atoms], -1, 2000).astype(np.int16),
        positions[np.repeat(whole, triples)].reshape(-1, 3).astype(float) % 1.0,
        np.full(int(atoms.sum()), -1, np.int16),
    )
    sound = is_sound(structures, limits)
    rows = np.flatnonzero(whole)[sound]
    bad = np.setdiff1d(np.arange(len(whole)), rows)
    few = table.take(bad)
    entries = list(zip(*(few[name].to_pylist() for name in wanted), strict=True))
    reasons: Iterable[Any] = in_turn(partial(of_row, limits=limits), entries)
    skipped = tuple((ids[i], r.reason) for i, r in zip(bad.tolist(), reasons, strict=True) if isinstance(r, Unreadable))
    return Dataset(
        structures if sound.all() else structures.take(sound),
        np.array([ids[i] for i in rows], dtype=str),
        {k: v[rows] for k, v in columns.items()},
        skipped,
    )
