"""Candidates in one file of ASE, each with what is known of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from crystal_studio.exchange.exporter import Contents, Exporter

if TYPE_CHECKING:
    from ase import Atoms


def _about(contents: Contents) -> list[dict[str, Any]]:
    """What stands beside each structure: its name and every value there is."""
    return [
        {"name": name, **{k: v[i] for k, v in contents.columns.items() if v[i] not in (None, "")}}
        for i, name in enumerate(contents.names)
    ]


def _atoms(contents: Contents) -> list[Atoms]:
    from ase import Atoms

    cells = contents.cells
    return [
        Atoms(
            numbers=cells.numbers[cells.atoms(i)],
            scaled_positions=cells.positions[cells.atoms(i)],
            cell=cells.lattice[i],
            pbc=True,
        )
        for i in range(len(cells))
    ]


def _write_db(path: Path, contents: Contents) -> None:
    from ase.db import connect

    with connect(str(path), type="db", append=False) as database:
        for atoms, about in zip(_atoms(contents), _about(contents), strict=True):
            database.write(atoms, data=about)


def _write_extxyz(path: Path, contents: Contents) -> None:
    from ase.io import write

    images = _atoms(contents)
    for image, about in zip(images, _about(contents), strict=True):
        image.info.update(about)
    write(str(path), images, format="extxyz")


EXTXYZ = Exporter(
    "extxyz", "Extended XYZ", "One file with all structures, for ASE and OVITO", ".extxyz", True, _write_extxyz
)
ASE_DB = Exporter("ase-db", "ASE database", "One SQLite file for ase.db", ".db", True, _write_db)
