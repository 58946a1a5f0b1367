"""``crystal-studio reference``: the user's own reference sets, for novelty and for the hull."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crystal_studio.cli import common

if TYPE_CHECKING:
    from crystal_studio.data.reference_sets import Card

SUMMARY = "keep reference sets of your own: known structures for novelty, and phases for the hull"
EXAMPLE = "crystal-studio reference add my-oxides measured/*.cif --csv energies.csv --method chgnet"


def arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar="ACTION", required=True, dest="action")

    def action(name: str, text: str, run: Callable[..., dict[str, Any]]) -> argparse.ArgumentParser:
        made = actions.add_parser(name, help=text, description=text)
        made.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print one JSON document")
        made.set_defaults(action_of=run)
        return made

    action("list", "show the sets", _list)

    add = action("add", "make a set of files and of a table of energies", _add)
    add.add_argument("name", metavar="NAME")
    add.add_argument("files", nargs="*", metavar="FILE", help="CIF, POSCAR, extxyz, ASE db, parquet, CSV, folders")
    add.add_argument(
        "--csv",
        type=Path,
        metavar="TABLE",
        help="phases for the hull: columns file or composition, energy_per_atom (eV/atom), method, corrected (yes, no)",
    )
    add.add_argument("--method", default="", metavar="KEY", help="what computed the energies, such as chgnet")

    remove = action("remove", "delete a set", _remove)
    remove.add_argument("name", metavar="NAME")

    energies = action("energies", "have a potential compute the energies of a set, for its hull", _energies)
    energies.add_argument("name", metavar="NAME")
    energies.add_argument("--potential", default="chgnet", metavar="NAME", help="which one (default: chgnet)")
    energies.add_argument("--device", default="cpu", help="where it computes: cpu, cuda or mps")
    energies.add_argument(
        "--relax-up-to", type=int, default=12, metavar="N", help="atoms of the largest cell that is relaxed (12)"
    )

    fetch = action("fetch", "make a set of what a database on the network knows, by OPTIMADE", _fetch)
    fetch.add_argument(
        "--provider",
        required=True,
        metavar="NAME",
        help="mp, oqmd, alexandria, cod, jarvis, mc3d, odbx, aflow, nomad, or the base address of a database",
    )
    fetch.add_argument("--elements", required=True, metavar="A-B-C", help="chemical system, like Li-Mn-O")
    fetch.add_argument(
        "--mode",
        default="subset",
        help="subset: of these elements some (default); exact: all and no other; contains: all and any other",
    )
    fetch.add_argument("--to", required=True, dest="name", metavar="NAME", help="what to call the set")
    fetch.add_argument(
        "--timeout", type=float, default=60.0, metavar="S", help="seconds of silence to bear with a server (60)"
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    return args.action_of(args)


def _list(args: argparse.Namespace) -> dict[str, Any]:
    from crystal_studio import paths
    from crystal_studio.data import reference_sets

    return {"folder": str(paths.references()), "sets": [_plain(card) for card in reference_sets.cards()]}


def _add(args: argparse.Namespace) -> dict[str, Any]:
    from crystal_studio.data.gathering import add_files
    from crystal_studio.errors import RequestError

    if not args.files and not args.csv:
        raise RequestError("There is nothing to add: name files with structures, or a table with --csv.", "files")
    card, problems = add_files(args.name, args.files, args.csv, args.method, progress=_progress)
    for problem in problems:
        common.log(f"skipped {problem.name}: {problem.text}")
    return {"set": _plain(card), "skipped": [{"file": p.name, "reason": p.text} for p in problems]}


def _fetch(args: argparse.Namespace) -> dict[str, Any]:
    from crystal_studio.data.gathering import fetch

    elements = [symbol for symbol in args.elements.replace(",", "-").split("-") if symbol]
    card, problems = fetch(args.name, args.provider, elements, args.mode, args.timeout, progress=_progress)
    for problem in problems:
        common.log(f"skipped {problem.name}: {problem.text}")
    return {"set": _plain(card), "skipped": [{"file": p.name, "reason": p.text} for p in problems]}


def _remove(args: argparse.Namespace) -> dict[str, Any]:
    from crystal_studio.data import reference_sets

    reference_sets.remove(args.name)
    return {"removed": args.name}


def _energies(args: argparse.Namespace) -> dict[str, Any]:
    from crystal_studio.data import reference_sets
    from crystal_studio.funnel.set_energies import add_energies

    add_energies(args.name, args.potential, args.device, args.relax_up_to)
    return {"set": _plain(reference_sets.card(args.name))}


def _plain(card: Card) -> dict[str, Any]:
    return {
        "name": card.name,
        "structures": card.structures,
        "energies": dict(card.energies),
        "created": card.created,
        "sources": list(card.sources),
    }


def _progress(title: str, done: int, total: int) -> None:
    if done == total or done % 1000 == 0:
        common.log(f"{title}: {done} of {total}")


def text(document: dict[str, Any]) -> str:
    if "removed" in document:
        return f"Removed {document['removed']}."
    if "set" in document:
        return _sentence(document["set"], len(document.get("skipped", ())))
    if not document["sets"]:
        return f"There are no reference sets in {document['folder']}."
    rows = [s | {"hull": _hull(s), "from": ", ".join(s["sources"])} for s in document["sets"]]
    return common.table(rows, ("name", "structures", "hull", "created", "from"))


def _sentence(one: dict[str, Any], skipped: int) -> str:
    hull = f"; for the hull {_hull(one)}" if one["energies"] else ""
    return f"{one['name']}: {one['structures']} structures{hull}" + (f"; skipped {skipped}" if skipped else "")


def _hull(one: dict[str, Any]) -> str:
    return ", ".join(f"{n} by {key}" for key, n in one["energies"].items())
