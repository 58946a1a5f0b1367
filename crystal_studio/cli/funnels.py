"""``crystal-studio funnels``: the funnels that can be asked for, the stages they are made of, and one's own presets."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from crystal_studio.cli import common

SUMMARY = "list the funnels, show one as TOML, list the stages with their options, keep funnels of one's own"
EXAMPLE = """crystal-studio funnels quick > mine.toml
  crystal-studio funnels --save mine.toml --as gentle"""


def arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group()
    what.add_argument("name", nargs="?", metavar="NAME", help="show this one as TOML, fit for a file")
    what.add_argument("--stages", action="store_true", help="list the stages with their versions and options")
    what.add_argument("--save", metavar="FILE.toml", help="keep the funnel of a file")
    what.add_argument("--rename", nargs=2, metavar=("NAME", "NEW"), help="call one of your own something else")
    what.add_argument("--delete", metavar="NAME", help="forget one of your own")
    parser.add_argument("--as", dest="kept_as", default="", metavar="NAME", help="with --save: under this name")
    parser.add_argument("--replace", action="store_true", help="with --save: also where there is one of that name")


def run(args: argparse.Namespace) -> dict[str, Any]:
    from crystal_studio.funnel import presets, stage_table, stages

    if args.stages:
        return {"stages": stage_table.rows()}
    if args.name:
        funnel = stages.tidy(stages.expand(presets.find(args.name)))
        return {"funnel": funnel.plain(), "toml": presets.to_toml(funnel)}
    if args.save:
        return {"saved": presets.import_(Path(args.save), args.kept_as, args.replace).plain()}
    if args.rename:
        return {"renamed": presets.rename(*args.rename).plain()}
    if args.delete:
        presets.delete(args.delete)
        return {"deleted": args.delete}
    return {
        "folder": str(presets.folder()),
        "funnels": [
            {
                "name": preset.name,
                "own": preset.own,
                "stages": [stage.plain() for stage in preset.funnel.stages] if preset.funnel else [],
                "problem": preset.problem,
            }
            for preset in presets.presets()
        ],
    }


def text(document: dict[str, Any]) -> str:
    from crystal_studio.funnel import stage_table

    if "stages" in document:
        return stage_table.text(document["stages"])
    if "toml" in document:
        return str(document["toml"])
    for done in ("saved", "renamed"):
        if done in document:
            return f"Funnel {document[done]['name']} {done}."
    if "deleted" in document:
        return f"Funnel {document['deleted']} deleted."
    rows = [f | {"stages": ", ".join(map(_said, f["stages"])) or "–"} for f in document["funnels"] if not f["problem"]]
    lines = [common.table(rows, ("name", "stages"))]
    return "\n".join([*lines, *(f"{f['name']}: {f['problem']}" for f in document["funnels"] if f["problem"])])


def _said(stage: dict[str, Any]) -> str:
    from crystal_studio.design.funnel import ChosenStage

    return ChosenStage(**stage).word or str(stage["stage"])
