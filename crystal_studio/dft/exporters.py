"""Inputs of DFT codes as formats of an export, with the settings that a hand-in has unless asked otherwise."""

from __future__ import annotations

from pathlib import Path

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.primitive import primitive_cell
from crystal_studio.crystal.soundness import COMPUTABLE, fault_text
from crystal_studio.dft.protocol import Settings
from crystal_studio.dft.quantum_espresso import input_text
from crystal_studio.dft.vasp import VASP
from crystal_studio.errors import KnownError
from crystal_studio.exchange.exporter import Contents, Exporter


def _write_vasp(path: Path, contents: Contents) -> None:
    cell = _primitive(contents)
    path.mkdir()
    VASP.write(path, cell, Settings(), contents.names[0])


def _write_qe(path: Path, contents: Contents) -> None:
    text = input_text(_primitive(contents), Settings(), contents.names[0])
    path.write_text(text, encoding="utf-8", newline="\n")


def _primitive(contents: Contents) -> Structures:
    """Its primitive cell, which is what a calculation is cheapest for."""
    given = contents.cells.cell(0)
    if fault := fault_text(*given, COMPUTABLE):
        raise KnownError(f"{contents.names[0]} cannot be computed, because {fault}: leave it out.")
    cell = primitive_cell(*given)
    return Structures.from_lists([cell.lattice], [cell.numbers], [cell.positions])


VASP_INPUTS = Exporter(
    "vasp",
    "VASP inputs",
    "A folder with INCAR, KPOINTS, POSCAR and POTCAR.spec: relaxation of the primitive cell, settings of the Materials"
    " Project",
    "",
    False,
    _write_vasp,
)
QE_INPUT = Exporter(
    "qe",
    "Quantum ESPRESSO input",
    "Input of pw.x: relaxation of the primitive cell with PBE, pseudopotentials named as in SSSP",
    ".pwi",
    False,
    _write_qe,
)
