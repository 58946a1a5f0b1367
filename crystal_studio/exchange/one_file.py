"""One structure file, read in this process: CIF, POSCAR, extended XYZ, ASE database; every complaint is a sentence."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from crystal_studio.candidates.bonds import BondTable
from crystal_studio.crystal.soundness import READABLE, CellLimits
from crystal_studio.exchange.cif_bonds import bonds_of_block
from crystal_studio.exchange.cif_reader import blocks_of_text, crystal_of_block
from crystal_studio.exchange.entries import Crystal, of_atoms, usable

MAX_BYTES = 256 << 20
_FORMATS = {".cif": "cif", ".vasp": "poscar", ".poscar": "poscar", ".xyz": "xyz", ".extxyz": "xyz", ".db": "ase-db"}

Answer = tuple[list[tuple[str, Crystal]], list[tuple[str, str]]]
"""What one file gave: (suffix of the name, crystal) and (suffix, complaint)."""


def format_of(path: Path) -> str | None:
    """cif, poscar, xyz or ase-db, by the file's name; None for anything else."""
    if path.suffix.lower() in _FORMATS:
        return _FORMATS[path.suffix.lower()]
    return "poscar" if path.name.upper().startswith(("POSCAR", "CONTCAR")) else None


def find_files(paths: Iterable[str | Path]) -> list[Path]:
    """The paths, with each folder replaced by the structure files in it, sorted."""
    found: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            found += sorted(p for p in path.rglob("*") if p.is_file() and format_of(p))
        else:
            found.append(path)
    return found


BondedAnswer = tuple[list[tuple[str, Crystal, BondTable | None]], list[tuple[str, str]]]
"""As ``Answer``, with the bonds of each crystal where its file states them."""


def read_one(path: Path, limits: CellLimits = READABLE) -> Answer:
    """Crystals and complaints of one file; "#2" and so on tell several in a file apart."""
    found, complaints = _read(path, limits, False)
    return [(suffix, crystal) for suffix, crystal, _ in found], complaints


def read_bonded(path: Path, limits: CellLimits = READABLE) -> BondedAnswer:
    """As ``read_one``, with bonds; images hold for positions in [0, 1).

    Bonds that cannot be right are a complaint, and their crystal is found without them.
    """
    return _read(path, limits, True)


def _read(path: Path, limits: CellLimits, bonded: bool) -> BondedAnswer:
    try:
        crystals = list(_crystals(path, limits, bonded))
    except FileNotFoundError:
        return [], [("", "There is no such file: check its name.")]
    except OSError as error:
        return [], [("", f"The file cannot be read ({error.strerror or error}): check its permissions.")]
    except ValueError as error:
        return [], [("", f"The file was skipped: {error}.")]
    except Exception as error:  # a reader's own failure on a malformed file, of whatever kind
        text = " ".join(str(error).split())[:160] or type(error).__name__
        return [], [("", f"The file was skipped: it cannot be read as {format_of(path)} ({text}).")]
    found, complaints = [], []
    for k, crystal in enumerate(crystals, 1):
        suffix = f"#{k}" if len(crystals) > 1 else ""
        if isinstance(crystal, ValueError):
            complaints.append((suffix, f"The structure was skipped: {crystal}."))
        else:
            found.append((suffix, *crystal[:2]))
            if crystal[2]:
                complaints.append((suffix, f"The bonds were left out: {crystal[2]}."))
    return found, complaints


def _crystals(
    path: Path, limits: CellLimits, bonded: bool
) -> Iterator[tuple[Crystal, BondTable | None, str] | ValueError]:
    """Each crystal with its bonds and what is wrong with them, or what is wrong with itself."""
    kind = format_of(path)
    if kind is None:
        raise ValueError("its format is unknown (CIF, POSCAR, extended XYZ and ASE databases are read)")
    size = path.stat().st_size
    if path.is_dir() or not size:
        raise ValueError("it is empty")
    if size > MAX_BYTES:
        raise ValueError(f"it is larger than {MAX_BYTES >> 20} MB")
    if not os.access(path, os.R_OK):
        raise PermissionError(13, "Permission denied")
    if kind == "cif":
        blocks = blocks_of_text(path.read_bytes().decode("utf-8", errors="replace"))
        for block, crystal in [(block, crystal_of_block(block)) for block in blocks]:
            try:
                one = usable(*crystal, limits)
            except ValueError as error:
                yield error
                continue
            try:
                yield one, bonds_of_block(block, *one) if bonded else None, ""
            except ValueError as error:
                yield one, None, str(error)
    else:
        for _, atoms in images(path, kind):
            try:
                yield of_atoms(atoms, limits), None, ""
            except ValueError as error:
                yield error


def images(path: Path, kind: str) -> Iterator[tuple[str, Any]]:
    """(id, ASE's atoms) of every structure of a POSCAR, extended XYZ or ASE database, one after the other."""
    import ase.io

    if kind == "ase-db":
        import ase.db

        with path.open("rb") as file:
            if not file.read(16).startswith(b"SQLite format 3"):
                raise ValueError("it is no ASE database")
        yield from ((str(row.id), row.toatoms()) for row in ase.db.connect(str(path), type="db").select())
    elif kind == "poscar":
        yield "0", ase.io.read(str(path), format="vasp")
    else:
        yield from ((str(i), atoms) for i, atoms in enumerate(ase.io.iread(str(path), index=":", format="extxyz")))
