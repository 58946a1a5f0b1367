"""Candidates as CIF: with their symmetry, or with every atom in P 1. Each file is read back before it is kept."""

from __future__ import annotations

from pathlib import Path

from crystal_studio.crystal.asymmetric_unit import expand
from crystal_studio.crystal.batches import Structures
from crystal_studio.exchange.cif import cif_text, reads_back
from crystal_studio.exchange.exporter import Contents, Exporter, Report
from crystal_studio.exchange.problems import Problem

SYMPREC = 0.01
"""Angstrom, at which a candidate without an asymmetric unit is symmetrised."""


def _write(path: Path, contents: Contents) -> None:
    """The asymmetric unit as it is where it is known; what would not be the same crystal for a reader in P 1."""
    candidates, name = contents.candidates, contents.names[0]
    if candidates.units is not None and candidates.has_unit[0]:
        units, reason = candidates.units, ""
    else:
        from crystal_studio.crystal.standardise import to_asymmetric_units

        units, _, reasons = to_asymmetric_units(contents.cells, symprec=SYMPREC)
        reason = reasons[0]
    text = "" if reason else cif_text(units, 0, name)
    if not (text and reads_back(text, expand(units))):
        why = reason or "Its atoms overlap, so that readers would merge them."
        contents.report(Problem(name, f"{why} It was written in P 1, with all its atoms."))
        text = _p1(contents.cells, name, contents.report)
    _save(path, text)


def _write_p1(path: Path, contents: Contents) -> None:
    _save(path, _p1(contents.cells, contents.names[0], contents.report))


def _p1(cells: Structures, name: str, report: Report) -> str:
    text = cif_text(cells, 0, name)
    if not reads_back(text, cells):
        report(Problem(name, "The file does not read back as the same structure: its cell or atoms are degenerate."))
    return text


def _save(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


CIF = Exporter(
    "cif",
    "CIF, symmetrised",
    "Space group, Wyckoff representatives and symmetry operations",
    ".cif",
    False,
    _write,
)
CIF_P1 = Exporter("cif-p1", "CIF, P1", "Every atom of the cell, without symmetry", ".cif", False, _write_p1)
