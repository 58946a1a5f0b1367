"""The formats that can be written; rooms above add theirs by name, so that nothing here imports them."""

from __future__ import annotations

from crystal_studio.errors import KnownError, RequestError
from crystal_studio.exchange.exporter import Exporter
from crystal_studio.registry import Registry

_HERE = "crystal_studio.exchange"
exporters: Registry[Exporter] = Registry(
    "format",
    "crystal_studio.exporters",
    {
        "cif": f"{_HERE}.cif_export:CIF",
        "cif-p1": f"{_HERE}.cif_export:CIF_P1",
        "poscar": f"{_HERE}.poscar:POSCAR",
        "extxyz": f"{_HERE}.ase_export:EXTXYZ",
        "ase-db": f"{_HERE}.ase_export:ASE_DB",
        "csv": f"{_HERE}.tables:CSV",
        "parquet": f"{_HERE}.tables:PARQUET",
        "vasp": "crystal_studio.dft.exporters:VASP_INPUTS",
        "qe": "crystal_studio.dft.exporters:QE_INPUT",
    },
)


def exporter(name: str) -> Exporter:
    """The exporter of a format; raises ``RequestError`` (field "format") for one that cannot be written."""
    try:
        return exporters.get(name)
    except KnownError as error:
        raise RequestError(str(error), "format") from error
