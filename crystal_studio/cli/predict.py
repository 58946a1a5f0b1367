"""``crystal-studio predict``: learned properties of crystals, with their uncertainty, without a relaxation."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crystal_studio.cli import common
from crystal_studio.errors import FileError

if TYPE_CHECKING:
    from crystal_studio.crystal.batches import Structures

SUMMARY = "predict formation energy, energy above hull and band gap of crystals, with their uncertainty"
EXAMPLE = "crystal-studio predict known/*.cif"
_DATA = (".parquet", ".csv")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="structure files or folders of them, a project (NAME.crystals), or a data set (parquet, csv)",
    )
    parser.add_argument("--model", default="", metavar="NAME", help="property model: name or folder")
    parser.add_argument("--where", default="", help="of a project, only candidates like \"status == 'passed'\"")
    parser.add_argument("--limit", type=int, default=0, metavar="N", help="the first N crystals (default: all)")


def run(args: argparse.Namespace) -> dict[str, Any]:
    import numpy as np

    from crystal_studio.crystal.composition import formulas
    from crystal_studio.properties import registry
    from crystal_studio.properties.protocol import UNITS

    model = registry.load(args.model or registry.DEFAULT)
    structures, names, skipped = _read(args)
    if args.limit:
        structures, names = structures.take(np.arange(min(args.limit, len(names)))), names[: args.limit]
    found = model.predict(structures)
    rows = []
    for i, (name, formula) in enumerate(zip(names, formulas(structures), strict=True)):
        row: dict[str, Any] = {"name": name, "formula": formula}
        for p, label in enumerate(found.names):
            row[label] = _number(found.mean[i, p])
            row[f"{label}_std"] = _number(found.std[i, p])
            row[f"{label}_95"] = [_number(found.low[i, p]), _number(found.high[i, p])]
        row |= {"probability_metal": _number(found.metal[i]), "density": _number(found.density[i])}
        rows.append(row | {"in_domain": bool(found.in_domain[i]), "note": found.reasons[i]})
    return {
        "model": model.name,
        "units": dict(zip(found.names, UNITS, strict=True)) | {"density": "g/cm3"},
        "crystals": rows,
        "skipped": [{"file": file, "reason": reason} for file, reason in skipped],
    }


def text(document: dict[str, Any]) -> str:
    def pair(row: dict[str, Any], label: str) -> str:
        return "–" if row[label] is None else f"{row[label]:.3f} ± {row[f'{label}_std']:.3f}"

    rows = [
        {
            "name": row["name"],
            "formula": row["formula"],
            "E form (eV/atom)": pair(row, "formation_energy_per_atom"),
            "E above hull (eV/atom)": pair(row, "e_above_hull"),
            "band gap (eV)": pair(row, "band_gap"),
            "g/cm3": "–" if row["density"] is None else f"{row['density']:.2f}",
            "outside the training data": row["note"],
        }
        for row in document["crystals"]
    ]
    lines = [common.table(rows, tuple(rows[0]))] if rows else ["No crystal could be read."]
    lines += [f"skipped {s['file']}: {s['reason']}" for s in document["skipped"]]
    return "\n".join([*lines, "± is one standard deviation, calibrated on crystals of unseen chemical systems."])


def _number(value: float) -> float | None:
    return float(value) if value == value else None


def _read(args: argparse.Namespace) -> tuple[Structures, list[str], list[tuple[str, str]]]:
    """Structures, a name each, and what could not be read."""
    from crystal_studio.crystal.batches import Structures

    parts, names, skipped, loose = [], [], [], []
    for file in map(Path, args.files):
        if file.suffix == ".crystals":
            from crystal_studio.project.queries import ProjectReader

            with ProjectReader(file) as reader:
                ids = reader.ids(args.where)
                if len(ids):
                    parts.append(reader.structures(ids, "generated"))
                names += [f"{i}" for i in ids]
        elif file.suffix.lower() in _DATA:
            from crystal_studio.data.datasets import load

            dataset = load(file)
            parts.append(dataset.structures)
            names += [str(i) for i in dataset.ids]
            skipped += list(dataset.skipped)
        else:
            if not file.exists():
                raise FileError(f"{file} does not exist: give structure files, a folder of them or a project.")
            loose.append(file)
    if loose:
        from crystal_studio.exchange.readers import read_files

        structures, found, problems = read_files(loose)
        parts.append(structures)
        names += found
        skipped += [(p.name, p.text) for p in problems]
    return (Structures.concatenate(parts) if parts else Structures.from_lists([], [], [])), names, skipped
