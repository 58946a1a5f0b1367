"""``crystal-studio doctor``: what this machine offers, and the remedy for what is missing; or what a project lacks."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from crystal_studio.errors import RequestError

SUMMARY = "say what this machine offers and what is missing, with the remedy; of a project: whether it is whole"
EXAMPLE = """crystal-studio doctor
  crystal-studio doctor battery.crystals --save rescued.crystals"""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("project", nargs="?", metavar="PROJECT", help="check this project file instead of the machine")
    parser.add_argument("--save", metavar="COPY", help="write what is whole of PROJECT into a new project file")
    parser.add_argument("--quick", action="store_true", help="skip opening a 3D canvas and reading the weights")


def run(args: argparse.Namespace) -> dict[str, Any]:
    if args.project:
        return _project(args.project, args.save)
    if args.save:
        raise RequestError("Say which project is to be saved: crystal-studio doctor PROJECT --save COPY.", "project")
    from crystal_studio.cli import checks

    found = [asdict(check) for check in checks.run_all(quick=args.quick)]
    failed = any(check["state"] == "fail" for check in found)
    return {"ok": not failed, "checks": found, "exit_code": int(failed)}


def _project(project: str, copy: str | None) -> dict[str, Any]:
    """What is damaged in a project file, and the copy of what is not."""
    from crystal_studio.project.check import examine
    from crystal_studio.project.rescue import rescue

    report = rescue(project, copy) if copy else examine(project)
    return {
        "project": project,
        "ok": report.sound,
        "version": report.version,
        "campaigns": report.campaigns,
        "candidates": report.candidates,
        "pages": report.pages,
        "tables": report.tables,
        "damaged": {str(i): what for i, what in report.damaged.items()},
        "lost": sorted(report.lost),
        "saved": copy or "",
        "lines": report.lines() + ([f"Saved what is whole into {copy}."] if copy else []),
        "exit_code": int(not report.sound),
    }


def text(document: dict[str, Any]) -> str:
    if "lines" in document:
        return "\n".join(document["lines"])
    lines = []
    for check in document["checks"]:
        lines.append(f"[{check['state']:>4}] {check['name']}: {check['found']}")
        if check["remedy"]:
            lines.append(f"       -> {check['remedy']}")
    lines.append("Everything needed is there." if document["ok"] else "Something needed is missing: see above.")
    return "\n".join(lines)
