"""Structures to files: one file a structure, or one for all; whole or not at all."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from crystal_studio.crystal.batches import AsymmetricUnits, Structures
from crystal_studio.crystal.composition import formulas
from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.crystal.lattice import cell_parameters, densities
from crystal_studio.errors import FileError, RequestError
from crystal_studio.exchange.cif import cif_text, reads_back
from crystal_studio.exchange.files import explained, make_folder, replacing, write_text
from crystal_studio.exchange.problems import Problem

FORMATS = ("cif", "cif-p1", "poscar", "extxyz", "ase-db", "csv", "parquet")
SINGLE_FILE = {"extxyz": ".extxyz", "ase-db": ".db", "csv": ".csv", "parquet": ".parquet"}
"""Formats that put all structures into one file, with its ending."""

ENDINGS = {"cif": ".cif", "cif-p1": ".cif", "poscar": ".vasp"}
"""Endings of the formats that put every structure into a file of its own."""

LATER = {"qe": "Quantum ESPRESSO inputs", "vasp": "VASP inputs"}
PATTERN = "{id}_{formula}_{space_group}"
Report = Callable[[Problem], None]


def file_names(
    ids: Sequence[int], formula: Sequence[str], space_group: Sequence[int], pattern: str = PATTERN
) -> list[str]:
    """Names without ending from a pattern of {id}, {formula} and {space_group}, made fit for any file system."""
    try:
        names = [
            pattern.format(id=int(i), formula=f, space_group=int(g))
            for i, f, g in zip(ids, formula, space_group, strict=True)
        ]
    except (KeyError, IndexError, AttributeError, TypeError) as error:
        raise RequestError(
            f"The naming pattern {pattern!r} cannot be used: it may hold {{id}}, {{formula}} and {{space_group}}.",
            "pattern",
        ) from error
    except ValueError as error:
        raise RequestError(f"The naming pattern {pattern!r} is malformed: {error}.", "pattern") from error
    return [re.sub(r"[^\w.+-]+", "_", name).strip(".") or "structure" for name in names]


def check_format(format: str) -> None:
    """Raise ``RequestError`` for a format that cannot be written."""
    if format in LATER:
        raise RequestError(f"{LATER[format]} are not available in this version: export cif or poscar.", "format")
    if format not in FORMATS:
        raise RequestError(f"Unknown format {format!r}: choose one of {', '.join(FORMATS)}.", "format")


def targets(names: Sequence[str], format: str, folder: str | Path, title: str = "candidates") -> list[Path]:
    """The files that ``export`` would write."""
    folder = Path(folder).expanduser()
    if format in SINGLE_FILE:
        return [folder / (title + SINGLE_FILE[format])]
    return [folder / (name + ENDINGS[format]) for name in _distinct(names)]


def export(
    crystals: Structures | AsymmetricUnits,
    names: Sequence[str],
    format: str,
    folder: str | Path,
    *,
    columns: Mapping[str, Sequence[Any]] | None = None,
    title: str = "candidates",
    report: Report | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Path]:
    """Write structures into a folder (made if need be); returns the files.

    names : B file names without ending; repeated ones get "-2" and so on
    columns : B values a column, for csv and parquet, and beside each structure
        in extxyz and ase-db; without any, csv and parquet state composition and cell
    title : name of the file of the formats that write just one
    report : told of every structure that could not be written as asked
    progress : ``progress(done, total)``; raising from it stops the export,
        keeping the files written so far

    "cif" takes asymmetric units as they are; whole cells are symmetrised at
    0.01 Angstrom first. Every CIF is read back before it is written: one that
    would not be the same structure for its reader (overlapping atoms) is
    written with all its atoms in P 1, and reported.

    Raises ``RequestError`` for an unknown format and ``FileError`` where the
    folder cannot be written.
    """
    check_format(format)
    if len(names) != len(crystals):
        raise ValueError("names and structures differ in length")
    folder = Path(folder).expanduser()
    make_folder(folder)
    tick = progress or (lambda done, total: None)
    told = report or (lambda problem: None)
    if format == "cif":
        return _write_cifs(crystals, _distinct(names), folder, told, tick)
    cells = _cells(crystals)
    if format in SINGLE_FILE:
        path = folder / (title + SINGLE_FILE[format])
        with replacing(path) as draft:
            _write_one(format, draft, cells, list(names), dict(columns or {}))
        tick(len(cells), len(cells))
        return [path]
    paths = []
    for i, name in enumerate(_distinct(names)):
        if format == "cif-p1":
            paths.append(_write_p1(cells, i, name, folder, told))
        else:
            paths.append(write_text(folder / f"{name}.vasp", _poscar(cells, i, name)))
        tick(i + 1, len(cells))
    return paths


def _cells(crystals: Structures | AsymmetricUnits) -> Structures:
    if isinstance(crystals, Structures):
        return crystals
    from crystal_studio.crystal.asymmetric_unit import expand

    return expand(crystals)


def _distinct(names: Sequence[str]) -> list[str]:
    """Names that differ, also on file systems that do not tell capitals apart."""
    taken: set[str] = set()
    result = []
    for name in names:
        candidate, k = name, 1
        while candidate.lower() in taken:
            k += 1
            candidate = f"{name}-{k}"
        taken.add(candidate.lower())
        result.append(candidate)
    return result


def _write_cifs(
    crystals: Structures | AsymmetricUnits,
    names: list[str],
    folder: Path,
    report: Report,
    tick: Callable[[int, int], None],
) -> list[Path]:
    from crystal_studio.crystal.asymmetric_unit import expand
    from crystal_studio.crystal.standardise import to_asymmetric_units

    paths = []
    for i, name in enumerate(names):
        one = crystals.take(np.array([i]))
        if isinstance(one, AsymmetricUnits):
            units, cell, reason = one, expand(one), ""
        else:
            units, _, reasons = to_asymmetric_units(one, symprec=0.01)
            cell, reason = one, reasons[0]
        text = "" if reason else cif_text(units, 0, name)
        if text and reads_back(text, expand(units)):
            paths.append(write_text(folder / f"{name}.cif", text))
        else:
            why = reason or "Its atoms overlap, so that readers would merge them."
            report(Problem(name, f"{why} It was written in P 1, with all its atoms."))
            paths.append(_write_p1(cell, 0, name, folder, report))
        tick(i + 1, len(names))
    return paths


def _write_p1(cells: Structures, i: int, name: str, folder: Path, report: Report) -> Path:
    text = cif_text(cells, i, name)
    if not reads_back(text, cells.take(np.array([i]))):
        report(Problem(name, "The file does not read back as the same structure: its cell or atoms are degenerate."))
    return write_text(folder / f"{name}.cif", text)


def _poscar(cells: Structures, i: int, name: str) -> str:
    """VASP 5 format, sites grouped by element."""
    rows = cells.atoms(i)
    numbers, positions = cells.numbers[rows], cells.positions[rows]
    order = np.argsort(numbers, kind="stable")
    kinds, counts = np.unique(numbers, return_counts=True)
    lines = [name, "1.0"]
    lines += ["{:20.14f} {:20.14f} {:20.14f}".format(*row) for row in cells.lattice[i]]
    lines += [" ".join(SYMBOLS[z] for z in kinds), " ".join(map(str, counts)), "Direct"]
    lines += ["{:.14f} {:.14f} {:.14f}".format(*point) for point in positions[order]]
    return "\n".join(lines) + "\n"


def _write_one(
    format: str, draft: Path, cells: Structures, names: list[str], columns: dict[str, Sequence[Any]]
) -> None:
    if format in ("extxyz", "ase-db"):
        _write_ase(format, draft, cells, names, columns)
        return
    table = columns or _description(cells, names)
    if format == "csv":
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(table)
        writer.writerows(["" if v is None else v for v in row] for row in zip(*table.values(), strict=True))
        draft.write_text(text.getvalue(), encoding="utf-8", newline="")
        return
    _write_parquet(draft, cells, table)


def _description(cells: Structures, names: list[str]) -> dict[str, Sequence[Any]]:
    parameters = cell_parameters(cells.lattice)
    return {
        "name": names,
        "formula": formulas(cells),
        "n_atoms": cells.n_atoms.tolist(),
        **{key: parameters[:, k].tolist() for k, key in enumerate(("a", "b", "c", "alpha", "beta", "gamma"))},
        "volume": cells.volume.tolist(),
        "density": densities(cells).tolist(),
    }


def _write_parquet(draft: Path, cells: Structures, table: Mapping[str, Sequence[Any]]) -> None:
    """The table, and with it every structure: lattice (9), numbers (n), positions (3n)."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise FileError("Parquet needs the package pyarrow: pip install pyarrow, or export csv.") from error
    data = {name: list(values) for name, values in table.items()}
    data["lattice"] = cells.lattice.reshape(-1, 9).tolist()
    data["numbers"] = [cells.numbers[cells.atoms(i)].tolist() for i in range(len(cells))]
    data["positions"] = [cells.positions[cells.atoms(i)].reshape(-1).tolist() for i in range(len(cells))]
    pq.write_table(pa.table(data), draft)


def _write_ase(
    format: str, draft: Path, cells: Structures, names: list[str], columns: dict[str, Sequence[Any]]
) -> None:
    from ase import Atoms
    from ase.db import connect
    from ase.io import write

    def atoms(i: int) -> Atoms:
        rows = cells.atoms(i)
        return Atoms(
            numbers=cells.numbers[rows], scaled_positions=cells.positions[rows], cell=cells.lattice[i], pbc=True
        )

    about = [
        {"name": name, **{k: v[i] for k, v in columns.items() if v[i] not in (None, "")}}
        for i, name in enumerate(names)
    ]
    try:
        if format == "ase-db":
            with connect(str(draft), type="db", append=False) as database:
                for i, info in enumerate(about):
                    database.write(atoms(i), data=info)
            return
        images = [atoms(i) for i in range(len(cells))]
        for image, info in zip(images, about, strict=True):
            image.info.update(info)
        write(str(draft), images, format="extxyz")
    except OSError as error:
        raise explained(draft, error) from error
