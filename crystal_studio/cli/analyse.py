"""``crystal-studio analyse``: what a designer wants to know of one candidate."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crystal_studio.cli import common
from crystal_studio.errors import FileError, KnownError

if TYPE_CHECKING:
    from crystal_studio.analysis.protocol import Analysis, Column
    from crystal_studio.crystal.batches import Structures

SUMMARY = "powder pattern, distances, coordination, hull, elastic tensor or vibrations of one candidate"
EXAMPLE = "crystal-studio analyse battery.crystals 17 --what xrd --measured sample.xy"

WHAT = ("xrd", "rdf", "coordination", "hull", "elastic", "phonons")
SHOWN = 40
"""Rows of a table that are printed; --to writes all."""


def arguments(parser: argparse.ArgumentParser) -> None:
    common.project_argument(parser)
    parser.add_argument("id", type=int, metavar="ID", help="the candidate's id, as list shows it")
    parser.add_argument("--what", required=True, choices=WHAT, help="what to find out")
    parser.add_argument("--potential", default="chgnet", metavar="NAME", help="for hull, elastic and phonons")
    parser.add_argument("--device", default="cpu", help="where the potential computes: cpu, cuda or mps")
    parser.add_argument("--wavelength", type=float, metavar="ANGSTROM", help="of xrd (default: copper K alpha)")
    parser.add_argument(
        "--measured", metavar="FILE", help="a measured pattern to compare with: two columns, 2θ and counts"
    )
    parser.add_argument("--to", metavar="FILE", help="write the whole table: .csv or .json")


def run(args: argparse.Namespace) -> dict[str, Any]:
    from crystal_studio.project.queries import ProjectReader

    with ProjectReader(args.project) as reader:
        row = reader.candidate(args.id)
        crystal = reader.batch([row.id]).structures
        energy = next(
            (
                q.value
                for q in reader.quantities(row.id)
                if q.quantity == "energy_per_atom" and q.method.name == args.potential
            ),
            None,
        )
    found = analysis(args, crystal, energy)
    document = {
        "project": args.project,
        "id": row.id,
        "formula": row.formula,
        "geometry": row.geometry,
        "what": args.what,
        "title": found.title,
        "figures": [{"title": title, "value": value, "unit": unit} for title, value, unit in found.figures],
        "columns": {key: {"title": column.title, "unit": column.unit} for key, column in found.columns.items()},
        "rows": found.rows,
        "notes": list(found.notes),
        "written": None,
    }
    if args.to:
        _write(Path(args.to), found, document)
        document["written"] = args.to
    document["table"] = _table(found)
    return document


def analysis(args: argparse.Namespace, crystal: Structures, energy: float | None) -> Analysis:
    """What was asked of one crystal; ``energy`` (eV/atom) is the one that the potential found before."""
    import numpy as np

    if args.what == "xrd":
        return _powder(args, crystal)
    if args.what == "rdf":
        from crystal_studio.analysis.distances import radial_distribution

        return radial_distribution(crystal)
    if args.what == "coordination":
        from crystal_studio.analysis.coordination import coordination

        return coordination(crystal)
    if args.what == "hull":
        from crystal_studio.analysis.phase_diagram import phase_diagram
        from crystal_studio.crystal.composition import counts
        from crystal_studio.data.hull import ReferenceHull

        known = np.array([np.nan if energy is None else energy])
        return phase_diagram(ReferenceHull.load(args.potential), counts(crystal), known)
    from crystal_studio.potentials import registry

    potential = registry.load(args.potential, args.device)
    if args.what == "elastic":
        from crystal_studio.analysis.elastic import elastic

        return elastic(potential, crystal)
    from crystal_studio.analysis.vibrations import vibrations

    return vibrations(potential, crystal)


def _powder(args: argparse.Namespace, crystal: Structures) -> Analysis:
    from dataclasses import replace

    from crystal_studio.analysis import powder

    wavelength = powder.WAVELENGTH if args.wavelength is None else args.wavelength
    if not 0.1 <= wavelength <= 10:
        raise KnownError(f"{wavelength:g} Å is no wavelength for diffraction by crystals: give one from 0.1 to 10 Å.")
    found = powder.pattern(crystal, wavelength)
    if not args.measured:
        return found
    alike = powder.agreement(found, powder.read_measured(Path(args.measured)))
    return replace(found, figures=(*found.figures, ("Agreement with the measured pattern", alike, "")))


def text(document: dict[str, Any]) -> str:
    lines = [f"{document['title']} of {document['id']}  {document['formula']}  ({document['geometry']})"]
    for figure in document["figures"]:
        value = figure["value"]
        shown = f"{value:.4g}" if isinstance(value, float) else value
        lines.append(f"{figure['title']}: {shown} {figure['unit']}".rstrip())
    rows = document["table"]
    if rows:
        lines += ["", common.table(rows[:SHOWN], tuple(rows[0]))]
    if len(rows) > SHOWN:
        lines.append(f"... and {len(rows) - SHOWN} more rows: --to FILE.csv writes all")
    if document["written"]:
        lines.append(f"Written to {document['written']}")
    return "\n".join([*lines, *document["notes"]])


def _table(found: Analysis) -> list[dict[str, str]]:
    """Rows as they are printed."""

    def shown(column: Column, value: Any) -> str:
        return value if isinstance(value, str) else "" if value is None else format(value, column.format)

    return [{c.heading: shown(c, row[key]) for key, c in found.columns.items()} for row in found.rows]


def _write(path: Path, found: Analysis, document: dict[str, Any]) -> None:
    if path.suffix.lower() not in (".csv", ".json"):
        raise KnownError(f"{path.name} is neither a table nor JSON: name a file that ends in .csv or .json.")
    if path.suffix.lower() == ".csv":
        from crystal_studio.analysis.writing import write_csv

        write_csv(path, found)
        return
    try:
        path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise FileError(f"{path} cannot be written ({error.strerror}): choose another place.") from error
