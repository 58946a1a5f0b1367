"""``crystal-studio show``: one candidate in full."""

from __future__ import annotations

import argparse
from typing import Any

from crystal_studio.cli import common

SUMMARY = "show one candidate: cell, Wyckoff table, verdict of every stage, provenance"
EXAMPLE = "crystal-studio show battery.crystals 17"


def arguments(parser: argparse.ArgumentParser) -> None:
    common.project_argument(parser)
    parser.add_argument("id", type=int, metavar="ID", help="the candidate's id, as list shows it")


def run(args: argparse.Namespace) -> dict[str, Any]:
    from crystal_studio.crystal.elements import SYMBOLS
    from crystal_studio.crystal.lattice import cell_parameters
    from crystal_studio.crystal.space_groups import tables
    from crystal_studio.project.queries import ProjectReader

    with ProjectReader(args.project) as reader:
        row = reader.candidate(args.id)
        units, structures = reader.units([row.id]), reader.structures([row.id], "best")
        campaign = reader.campaign(row.campaign_id)
        verdicts = reader.verdicts(row.id)
    symmetry = tables()
    wyckoff = [
        {
            "element": SYMBOLS[number],
            "wyckoff": f"{symmetry.multiplicity[place]}{symmetry.letter[place]}",
            "site_symmetry": symmetry.site_symmetry[place],
            "x": float(position[0]),
            "y": float(position[1]),
            "z": float(position[2]),
        }
        for number, place, position in zip(units.numbers[0], units.wyckoff[0], units.positions[0], strict=True)
        if number
    ]
    return {
        "candidate": common.plain(row) | {"space_group_symbol": symmetry.symbol[row.space_group - 1]},
        "cell": _cell(cell_parameters(units.lattice)[0]),
        "wyckoff": wyckoff,
        "structure": {
            "cell": _cell(cell_parameters(structures.lattice)[0]),
            "lattice": structures.lattice[0].tolist(),
            "elements": [SYMBOLS[n] for n in structures.numbers],
            "positions": structures.positions.tolist(),
        },
        "verdicts": [
            {"stage": v.stage, "passed": v.passed, "reason": v.reason, "values": dict(v.values), "seconds": v.seconds}
            for v in verdicts
        ],
        "campaign": {
            "id": campaign.id,
            "name": campaign.name,
            "request": dict(campaign.request),
            "provenance": dict(campaign.provenance),
        },
    }


def text(document: dict[str, Any]) -> str:
    row, cell = document["candidate"], document["cell"]
    lines = [
        f"{row['id']}  {row['formula']}  {row['space_group_symbol']} ({row['space_group']})  {row['status']}"
        + (f": {row['reason']}" if row["reason"] else ""),
        "a {a:.4f}  b {b:.4f}  c {c:.4f} A   alpha {alpha:.2f}  beta {beta:.2f}  gamma {gamma:.2f}".format(**cell)
        + f"   {row['volume_per_atom']:.2f} A^3/atom   {row['density']:.2f} g/cm3",
        "",
        common.table(
            [w | {k: f"{w[k]:.5f}" for k in "xyz"} for w in document["wyckoff"]],
            ("element", "wyckoff", "site_symmetry", "x", "y", "z"),
        ),
        "",
    ]
    for verdict in document["verdicts"]:
        values = ", ".join(f"{k} {_short(v)}" for k, v in verdict["values"].items())
        said = "passed" if verdict["passed"] else f"rejected: {verdict['reason']}"
        lines.append(f"{verdict['stage']}: {said}" + (f" ({values})" if values else ""))
    provenance = document["campaign"]["provenance"]
    lines.append(
        f"From campaign {document['campaign']['id']} ({document['campaign']['name']}): {row['source']}, "
        f"seed {provenance.get('seed', '–')}, {provenance.get('device', '–')}"
    )
    return "\n".join(lines)


def _cell(parameters: Any) -> dict[str, float]:
    return {
        name: float(value) for name, value in zip(("a", "b", "c", "alpha", "beta", "gamma"), parameters, strict=True)
    }


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
