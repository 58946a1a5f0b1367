"""Builds ``resources/mof/pores.csv``: what is published of the pores of the known frameworks of ``resources/mof``.

``python -m crystal_studio.mof.build_pores``

Takes the table of CoRE MOF 2019-ASR from the package ``core-mof``: diameters of the largest cavity and of the largest
sphere that passes, accessible surface and void fraction (Zeo++), computed by its authors: with a probe of 1.655 A,
since frameworks have a surface there from a limiting diameter of 3.31 A on.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crystal_studio import paths
from crystal_studio.errors import FileError
from crystal_studio.mof.build_blocks import SOURCE
from crystal_studio.mof.coarse import CoarseMofs
from crystal_studio.mof.library import shipped_mofs

COLUMNS = {"lcd": "LCD", "pld": "PLD", "surface_area": "ASA_m2_g", "void_fraction": "AV_VF"}
"""Quantities (Angstrom, Angstrom, m2/g, share) and the columns of the table that hold them."""
UNITS = {"lcd": "A", "pld": "A", "surface_area": "m2/g", "void_fraction": ""}
NAME = "pores.csv"


def table() -> Path:
    """The table in the package; raises ``FileError``."""
    from importlib.util import find_spec

    found = find_spec("CoRE_MOF")
    if found is None or not found.submodule_search_locations:
        raise FileError("The package core-mof is not installed: pip install core-mof, or name its table with --table.")
    return Path(found.submodule_search_locations[0]) / "data" / "2019-ASR.csv"


def write(source: Path, mofs: CoarseMofs, target: Path) -> int:
    """Write one row for each framework that the table knows; returns how many."""
    with source.open(encoding="utf-8", errors="replace", newline="") as file:
        known = {row["filename"]: row for row in csv.DictReader(file)}
    rows = [(name, known[name]) for name in mofs.name.tolist() if name in known]
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["name", *COLUMNS])
        writer.writerows([name, *(f"{float(row[column]):.5g}" for column in COLUMNS.values())] for name, row in rows)
    return len(rows)


def read(path: Path) -> dict[str, dict[str, float]]:
    """Quantities by name of the framework; raises ``FileError``."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return {row.pop("name"): {k: float(v) for k, v in row.items()} for row in csv.DictReader(file)}
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise FileError(f"{path} is missing or damaged: install Crystal Studio again, or build it.") from error


def values(mofs: CoarseMofs, known: Mapping[str, Mapping[str, float]], names: tuple[str, ...]) -> NDArray[np.float64]:
    """(B, P) quantities of frameworks by name, NaN where not known."""
    found = [[known.get(mof, {}).get(name, np.nan) for name in names] for mof in mofs.name.tolist()]
    return np.array(found, float).reshape(len(mofs), len(names))


def main() -> None:
    """Read and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", type=Path, help="2019-ASR.csv of CoRE MOF 2019, where the package is not installed")
    parser.add_argument("--target", type=Path, default=paths.resources() / "mof" / NAME, help="file to write")
    arguments = parser.parse_args()
    count = write(arguments.table or table(), shipped_mofs(), arguments.target)
    card = {
        "title": "Pores of known metal-organic frameworks",
        "source": SOURCE | {"data": f"{SOURCE['data']}, table 2019-ASR.csv", "changes": "columns chosen and renamed"},
        "columns": {name: {"of": column, "unit": UNITS[name]} for name, column in COLUMNS.items()},
        "method": "Zeo++ by the authors, probe of 1.655 A",
        "made_by": "python -m crystal_studio.mof.build_pores",
        "frameworks": count,
    }
    arguments.target.with_suffix(".card.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    print(f"{count} of {len(shipped_mofs())} frameworks")


if __name__ == "__main__":
    main()
