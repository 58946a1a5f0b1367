"""Candidates as CIF: with their symmetry, or with every atom in P 1. Each file is read back before it is kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from crystal_studio.crystal.asymmetric_unit import expand
from crystal_studio.crystal.batches import AsymmetricUnits, Structures
from crystal_studio.crystal.space_groups import tables
from crystal_studio.crystal.standardise import SYMPREC, space_group_numbers, to_asymmetric_units
from crystal_studio.exchange.cif import cif_text, reads_back
from crystal_studio.exchange.cif_bonds import bond_loop, bond_loop_of_units
from crystal_studio.exchange.exporter import Contents, Exporter
from crystal_studio.exchange.problems import Problem

TOLERANCES = (0.01, SYMPREC, 0.3, 1.0, 0.001)
"""Angstrom: a search at the first that gives the group of a candidate's row symmetrises its file."""


def _write(path: Path, contents: Contents) -> None:
    """In the space group that the candidate's row tells of, else that found at ``SYMPREC``.

    The asymmetric unit is written as it is where it is known and of that group. Else the cell is symmetrised: one atom
    an orbit and the operations of the group cannot say that atoms lie a little off their places, and the coordinates
    as they are (refine_struct=False elsewhere) would be another crystal for a reader, near special positions one with
    doubled atoms. So cell and atoms are idealised, as in a refinement within that group, and move by less than the
    tolerance at which the group was found; P 1 and the formats without symmetry keep every atom where it is.

    What would not be the same crystal for its reader is written in P 1, and what has no cell of its row's group in the
    group that can be found; both are reported. Bonds belong to atoms of the cell as it is: where they are known and the
    asymmetric unit is not, nothing is symmetrised.
    """
    candidates, name = contents.candidates, contents.names[0]
    bonds = None if candidates.bonds is None else candidates.bonds.of(0)
    said = contents.columns.get("space_group", (0,))[0]
    wanted = int(said) if isinstance(said, int | np.integer) else 0
    if candidates.units is not None and candidates.has_unit[0] and wanted in (0, int(candidates.units.space_group[0])):
        units, reason = candidates.units, ""
        loop = "" if bonds is None else bond_loop_of_units(units, contents.cells, bonds)
        if loop is None:
            reason = "Its bonds do not obey the symmetry of its atoms."
    elif bonds is not None:
        _save(path, _p1(contents))
        return
    else:
        (units, reason), loop = _symmetrised(contents.cells, wanted), ""
    text = "" if reason or loop is None else cif_text(units, 0, name, loop)
    if not (text and reads_back(text, expand(units))):
        why = reason or "Its atoms overlap, so that readers would merge them."
        contents.report(Problem(name, f"{why} It was written in P 1, with all its atoms."))
        text = _p1(contents)
    elif wanted and units.space_group[0] != wanted:
        here, there = (tables().symbol[number - 1] for number in (int(units.space_group[0]), wanted))
        why = f"No cell near enough obeys {there} ({wanted}), the space group of the candidate."
        contents.report(Problem(name, f"{why} It was written in {here} ({units.space_group[0]})."))
    _save(path, text)


def _symmetrised(cells: Structures, wanted: int) -> tuple[AsymmetricUnits, str]:
    """The asymmetric unit of one crystal in the group ``wanted`` (0: that at ``SYMPREC``) or what comes nearest to it,
    and why there is none at all."""
    wanted = wanted or int(space_group_numbers(cells)[0])
    for tolerance in TOLERANCES if wanted else ():
        units, ok, _ = to_asymmetric_units(cells, tolerance)
        if ok[0] and units.space_group[0] == wanted:
            return units, ""
    for tolerance in (SYMPREC, TOLERANCES[0]):
        units, ok, reasons = to_asymmetric_units(cells, tolerance)
        if ok[0]:
            break
    return units, reasons[0]


def _write_p1(path: Path, contents: Contents) -> None:
    _save(path, _p1(contents))


def _p1(contents: Contents) -> str:
    cells, name, stated = contents.cells, contents.names[0], contents.candidates.bonds
    bonds = None if stated is None else stated.of(0)
    loop = "" if bonds is None else bond_loop(cells, bonds)
    if loop is None:
        contents.report(Problem(name, "Its bonds were left out: they reach over more cells than a CIF can tell."))
    text = cif_text(cells, 0, name, loop or "")
    if not reads_back(text, cells):
        why = "The file does not read back as the same structure: its cell or atoms are degenerate."
        contents.report(Problem(name, why))
    return text


def _save(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


CIF = Exporter(
    "cif",
    "CIF, symmetrised",
    f"Space group, Wyckoff representatives and symmetry operations; atoms less than {SYMPREC:g} Å off are put in place",
    ".cif",
    False,
    _write,
)
CIF_P1 = Exporter("cif-p1", "CIF, P1", "Every atom of the cell, without symmetry", ".cif", False, _write_p1)
