"""``crystal-studio show``: one candidate in full."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from crystal_studio.cli import common

if TYPE_CHECKING:
    from crystal_studio.candidates.batch import Candidates
    from crystal_studio.project.rows import QuantityRow, VerdictRow

SUMMARY = "show one candidate: cell, Wyckoff table, verdict of every stage, what is known of it, provenance"
EXAMPLE = "crystal-studio show battery.crystals 17"


def arguments(parser: argparse.ArgumentParser) -> None:
    common.project_argument(parser)
    parser.add_argument("id", type=int, metavar="ID", help="the candidate's id, as list shows it")


def run(args: argparse.Namespace) -> dict[str, Any]:
    from crystal_studio.campaign import provenance
    from crystal_studio.crystal.elements import SYMBOLS
    from crystal_studio.crystal.lattice import cell_parameters
    from crystal_studio.crystal.space_groups import tables
    from crystal_studio.project.queries import ProjectReader

    with ProjectReader(args.project) as reader:
        row = reader.candidate(args.id)
        made, present = reader.batch([row.id], "generated"), reader.batch([row.id]).structures
        campaign = reader.campaign(row.campaign_id)
        verdicts, quantities = reader.verdicts(row.id), reader.quantities(row.id)
        runs = {v.campaign_id for v in verdicts}
        by = {run: provenance.stages_by_name(reader.campaign(run).provenance) for run in runs}
        geometries = [method.name for method in reader.geometries(row.id)]
    symbol = tables().symbol[row.space_group - 1] if row.space_group else ""
    return {
        "candidate": common.plain(row) | {"space_group_symbol": symbol},
        "cell": _cell(cell_parameters(present.lattice)[0]),
        "wyckoff": _wyckoff(made),
        "structure": {
            "cell": _cell(cell_parameters(present.lattice)[0]),
            "lattice": present.lattice[0].tolist(),
            "elements": [SYMBOLS[n] for n in present.numbers],
            "positions": present.positions.tolist(),
        },
        "generated": {"cell": _cell(cell_parameters(made.structures.lattice)[0])},
        "geometries": geometries,
        "verdicts": [_verdict(v, quantities, by[v.campaign_id].get(v.stage, {})) for v in verdicts],
        "quantities": [_quantity(quantity) for quantity in quantities],
        "campaign": {
            "id": campaign.id,
            "name": campaign.name,
            "kind": campaign.kind,
            "request": dict(campaign.request),
            "provenance": dict(campaign.provenance),
        },
    }


def text(document: dict[str, Any]) -> str:
    row, cell = document["candidate"], document["cell"]
    group = f"{row['space_group_symbol']} ({row['space_group']})" if row["space_group"] else "group unknown"
    lines = [
        f"{row['id']}  {row['formula']}  {group}  {row['status']}" + (f": {row['reason']}" if row["reason"] else ""),
        "a {a:.4f}  b {b:.4f}  c {c:.4f} A   alpha {alpha:.2f}  beta {beta:.2f}  gamma {gamma:.2f}".format(**cell)
        + f"   {row['volume_per_atom']:.2f} A^3/atom   {row['density']:.2f} g/cm3"
        + (f"   ({row['geometry']})" if row["geometry"] != "generated" else ""),
        "",
    ]
    if document["wyckoff"]:
        lines += [
            common.table(
                [w | {k: f"{w[k]:.5f}" for k in "xyz"} for w in document["wyckoff"]],
                ("element", "wyckoff", "site_symmetry", "x", "y", "z"),
            ),
            "",
        ]
    for verdict in document["verdicts"]:
        said = "marked" if verdict["marked"] else verdict["status"]
        said += f": {verdict['reason']}" if verdict["reason"] else ""
        version = f" (version {verdict['version']})" if verdict["version"] else ""
        lines += [f"{verdict['title']}{version}: {said}", *(f"    {line}" for line in _told(verdict["notes"]))]
    if document["quantities"]:
        rows = [_known(quantity, document["quantities"]) for quantity in document["quantities"]]
        lines += ["", common.table(rows, ("quantity", "value", "found by")), ""]
    provenance = document["campaign"]["provenance"]
    lines.append(
        f"From campaign {document['campaign']['id']} ({document['campaign']['name']}): {row['source']}, "
        f"seed {provenance.get('seed', '–')}, {provenance.get('device', '–')}"
    )
    return "\n".join(lines)


def _wyckoff(made: Candidates) -> list[dict[str, Any]]:
    """The asymmetric unit as it was made; nothing where it is not known."""
    from crystal_studio.crystal.elements import SYMBOLS
    from crystal_studio.crystal.space_groups import tables

    symmetry, units = tables(), made.units
    if units is None:
        return []
    return [
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


def _verdict(verdict: VerdictRow, quantities: Sequence[QuantityRow], stage: Mapping[str, Any]) -> dict[str, Any]:
    """A verdict as people read it, the values that its stage gives, and that ``stage`` as the run kept it."""
    from crystal_studio.funnel import reasons
    from crystal_studio.funnel.stage_registry import STAGES

    gives = STAGES.get(verdict.stage).gives if verdict.stage in STAGES else ()
    return {
        "stage": verdict.stage,
        "title": reasons.stage_title(verdict.stage),
        "status": verdict.status,
        "passed": verdict.passed,
        "marked": verdict.marked,
        "reason": reasons.sentence(verdict.stage, verdict.reason, verdict.parameters),
        "reason_code": verdict.reason,
        "parameters": dict(verdict.parameters),
        "values": {q.quantity: _value(q) for q in quantities if q.quantity in gives and q.headline},
        "notes": dict(verdict.notes),
        "version": stage.get("version"),
        "rejects": stage.get("rejects"),
        "options": stage.get("options"),
        "seconds": verdict.seconds,
    }


def _told(notes: Mapping[str, Any]) -> list[str]:
    """What a stage says beside its verdict, in words; its marks and figures are for programs."""
    lines = []
    for name, note in notes.items():
        if isinstance(note, str) and note and name != "traceback":
            lines.append(note if name.endswith("_note") else f"{name.replace('_', ' ').capitalize()}: {note}")
    return lines


def _known(quantity: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """One value with title, unit and who found it."""
    from crystal_studio.candidates.registry import quantities

    known, value, spread = quantities().get(quantity["quantity"]), quantity["value"], quantity["uncertainty"]
    if known is None:
        title, text = quantity["quantity"].replace("_", " ").capitalize(), f"{value} {quantity['unit']}".rstrip()
    elif spread:
        title, text = known.title, f"{known.text(value)} ± {format(spread, known.format)} {known.unit}".rstrip()
    else:
        beside = {q["quantity"]: q["value"] for q in others if q["method"] == quantity["method"]}
        title, text = known.title, known.text(value, True, beside)
    return {"quantity": title, "value": text, "found by": quantity["method_title"]}


def _quantity(quantity: QuantityRow) -> dict[str, Any]:
    return {
        "quantity": quantity.quantity,
        "method": quantity.method.name,
        "method_title": quantity.method.title or quantity.method.name,
        "kind": quantity.method.kind,
        "value": _value(quantity),
        "unit": quantity.unit,
        "uncertainty": quantity.uncertainty,
        "headline": quantity.headline,
    }


def _value(quantity: QuantityRow) -> Any:
    return quantity.value if quantity.label is None else quantity.label


def _cell(parameters: Any) -> dict[str, float]:
    return {
        name: float(value) for name, value in zip(("a", "b", "c", "alpha", "beta", "gamma"), parameters, strict=True)
    }
