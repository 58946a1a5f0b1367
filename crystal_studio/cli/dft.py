"""``crystal-studio dft``: density functional theory of chosen candidates, here or as a bundle, and the way back."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crystal_studio.cli import campaign_document, common, run_campaign
from crystal_studio.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crystal_studio.campaign.dft_request import DftRequest

SUMMARY = "DFT of chosen candidates: computed here (GPAW), or as a bundle for VASP or Quantum ESPRESSO and back"
EXAMPLE = """crystal-studio dft battery.crystals 17 23 --cutoff 500 --no-spin
  crystal-studio dft battery.crystals --where "e_hull < 0.02" --submit bundle --code vasp --to for-the-cluster
  crystal-studio dft battery.crystals --collect for-the-cluster"""

COLUMNS = ("id", "formula", "status", "method", "energy_per_atom", "formation_energy", "volume_per_atom")


def arguments(parser: argparse.ArgumentParser) -> None:
    common.project_argument(parser)
    parser.add_argument("ids", nargs="*", type=int, metavar="ID", help="candidates, as list shows them")
    parser.add_argument("--where", default="", metavar="EXPRESSION", help="candidates by a filter instead")
    parser.add_argument(
        "--submit",
        choices=("local", "bundle"),
        help="compute here (default for a code that runs here), or write a folder of inputs with scripts for a cluster",
    )
    parser.add_argument("--code", default="gpaw", metavar="NAME", help="gpaw (default), vasp or qe")
    parser.add_argument(
        "--collect", action="append", metavar="DIR", help="read what came back, from a bundle's folder or .zip"
    )
    parser.add_argument(
        "--to", metavar="DIR", help="folder for the jobs (default: beside the project); .zip: a bundle as one file"
    )
    parser.add_argument("--task", choices=("relax", "single_point"), help="atoms and cell (default), or as they are")
    parser.add_argument("--cutoff", type=float, metavar="EV", help="of the plane waves (default: 520 eV)")
    parser.add_argument(
        "--kpoint-spacing", type=float, metavar="K", help="with the factor 2 pi, in 1/Angstrom (default: 0.25)"
    )
    parser.add_argument("--smearing", type=float, metavar="EV", help="of the occupations (default: 0.05 eV)")
    parser.add_argument("--spin", action=argparse.BooleanOptionalAction, help="free spins (default), or none")
    parser.add_argument("--fmax", type=float, metavar="F", help="largest force at the end (default: 0.05 eV/Angstrom)")
    parser.add_argument("--max-steps", type=int, metavar="N", help="of a relaxation (default: 100)")
    parser.add_argument("--name", default="", help="what to call it in the list of campaigns")
    parser.add_argument(
        "--workers", type=int, default=0, metavar="N", help="jobs at a time, one thread each (default: one a core)"
    )
    parser.add_argument(
        "--max-minutes", type=float, default=0.0, metavar="M", help="put down after so long (default: no limit)"
    )
    parser.set_defaults(engine="local")


def run(args: argparse.Namespace) -> dict[str, Any]:
    from crystal_studio.project.store import bring_up_to_date

    if args.collect and (args.ids or args.where or args.submit):
        raise RequestError("Either hand candidates in, or collect what came back with --collect alone.", "collect")
    bring_up_to_date(args.project)
    return _collect(args) if args.collect else _hand_in(args)


def _hand_in(args: argparse.Namespace) -> dict[str, Any]:
    from crystal_studio.campaign import dft_start

    request = _request(args)
    started = dft_start.start(args.project, request, args.name)
    for candidate, problem in started.problems:
        common.log(f"Candidate {candidate} was left out: {problem}")
    common.log(f"{len(started.folders)} jobs in {started.root}")
    if request.submit == "local":
        document = run_campaign.run(args, started.campaign_id)
    else:
        document = campaign_document.summary(args.project, started.campaign_id)
    document |= {
        "folder": str(started.root),
        "jobs": [{"id": i, "folder": str(folder)} for i, folder in started.folders.items()],
        "problems": [{"name": str(i), "reason": problem} for i, problem in started.problems],
        "collect": None,
        "results": _results(args.project, started.folders),
    }
    if request.submit == "bundle":
        bundle = _packed(args.to, started.root)
        document |= {"bundle": str(bundle), "collect": f"crystal-studio dft {args.project} --collect {bundle}"}
    return document


def _collect(args: argparse.Namespace) -> dict[str, Any]:
    from crystal_studio.campaign.dft_collect import collect

    found = collect(args.project, [Path(place) for place in args.collect])
    for name, problem in found.problems:
        common.log(f"{name}: {problem}")
    return {
        "project": args.project,
        "collected": list(found.ids),
        "problems": [{"name": name, "reason": problem} for name, problem in found.problems],
        "results": _results(args.project, found.ids),
        "exit_code": int(not found.ids),
    }


def _request(args: argparse.Namespace) -> DftRequest:
    from crystal_studio.campaign.dft_request import BUNDLE, LOCAL, DftRequest
    from crystal_studio.dft.protocol import Settings
    from crystal_studio.dft.registry import CODES
    from crystal_studio.dft.script_code import RunsHere
    from crystal_studio.project.queries import ProjectReader

    ids = list(args.ids)
    if args.where:
        with ProjectReader(args.project) as reader:
            ids += reader.ids(args.where).tolist()
    names = ("task", "cutoff", "kpoint_spacing", "smearing", "spin", "fmax", "max_steps")
    asked = {name: getattr(args, name) for name in names if getattr(args, name) is not None}
    submit = args.submit or (LOCAL if isinstance(CODES.get(args.code), RunsHere) else BUNDLE)
    if args.to and args.to.endswith(".zip") and submit == LOCAL:
        raise RequestError("Only a bundle becomes a .zip: name a folder for the jobs.", "to")
    folder = (args.to or "").removesuffix(".zip")
    return DftRequest.of(ids, code=args.code, submit=submit, settings=Settings.of_json(asked), folder=folder)


def _packed(to: str | None, root: Path) -> Path:
    """The bundle as it was asked for: its folder, or one file beside it."""
    from crystal_studio.dft import bundle

    return bundle.pack(root) if to and to.endswith(".zip") else root


def _results(project: str, ids: Iterable[int]) -> list[dict[str, Any]]:
    """What DFT said of candidates last."""
    from crystal_studio.project.queries import ProjectReader

    out = []
    with ProjectReader(project) as reader:
        for row in reader.by_ids(list(ids)):
            told = next((v for v in reader.verdicts(row.id) if v.stage == "dft"), None)
            method = told.notes.get("method") if told else None
            values = {q.quantity: q.value for q in reader.quantities(row.id) if q.method.name == method}
            out.append(
                {
                    "id": row.id,
                    "formula": row.formula,
                    "status": row.status,
                    "method": method,
                    "energy_per_atom": values.get("energy_per_atom"),
                    "formation_energy": values.get("formation_energy"),
                    "volume_per_atom": row.volume_per_atom,
                    "geometry": row.geometry,
                    "space_group": row.space_group,
                    "notes": dict(told.notes) if told else {},
                }
            )
    return out


def text(document: dict[str, Any]) -> str:
    lines = [common.table(document["results"], COLUMNS)] if document["results"] else []
    if "state" in document:
        lines.insert(0, campaign_document.text(document))
    if "collected" in document:
        lines.insert(0, f"{len(document['collected'])} results collected, {len(document['problems'])} folders skipped")
    if document.get("collect"):
        lines.append(f"Bundle in {document['bundle']}; when it has run: {document['collect']}")
    lines += sorted({r["notes"]["hull_note"] for r in document["results"] if "hull_note" in r["notes"]})
    return "\n".join(lines)
