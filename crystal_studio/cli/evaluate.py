"""``crystal-studio evaluate``: every published metric of a generated set."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from crystal_studio.cli import common
from crystal_studio.evaluation.headings import HEADINGS

SUMMARY = "judge a generated set by the published metrics: validity, coverage, symmetry, novelty, stability"
EXAMPLE = "crystal-studio evaluate made.parquet --reference data.parquet --split val --train data.parquet --relax 100"

_LINE_EVERY = 10.0


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "generated",
        metavar="GENERATED",
        help="parquet, CSV with a column 'cif', extxyz, ASE db, project file (NAME.crystals) or folder of CIF files",
    )
    parser.add_argument("--campaign", type=int, default=0, metavar="ID", help="of a project file, one campaign alone")
    parser.add_argument("--count", type=int, default=0, metavar="N", help="judge the first N entries (default: all)")
    parser.add_argument(
        "--generated-split", default="", metavar="NAME", help="rows of GENERATED with this in column 'split'"
    )
    parser.add_argument("--reference", metavar="FILE", help="set to compare with: distances and coverage")
    parser.add_argument("--split", default="", metavar="NAME", help="rows of the reference with this in column 'split'")
    parser.add_argument("--train", metavar="FILE", help="training set, for novelty and new templates")
    parser.add_argument(
        "--train-split", default="", metavar="NAME", help="rows of the training set (default: 'train' if there are any)"
    )
    parser.add_argument(
        "--relax", type=int, default=0, metavar="N", help="relax N random crystals with CHGNet and judge them (0)"
    )
    parser.add_argument("--relax-steps", type=int, default=120, metavar="N", help="at most N steps a crystal (120)")
    parser.add_argument(
        "--relax-seconds", type=float, default=300.0, metavar="S", help="at most S seconds a crystal (300)"
    )
    parser.add_argument("--cache", metavar="FILE", help="remember relaxations in FILE, and go on from there")
    parser.add_argument("--sample", type=int, default=1000, metavar="N", help="valid crystals for the distances (1000)")
    parser.add_argument("--seed", type=int, default=0, help="of the random samples (0)")
    parser.add_argument(
        "--skip",
        action="append",
        default=[],
        metavar="PART",
        help="leave out validity, distances, symmetry, templates, coverage, features, unique, novel or relaxation"
        " (repeatable)",
    )
    common.worker_argument(parser)
    parser.add_argument("--out", metavar="FILE", help="also write the document as JSON")


def run(args: argparse.Namespace) -> dict[str, Any]:
    from crystal_studio.evaluation.plan import EvaluationPlan
    from crystal_studio.evaluation.relaxing import Settings
    from crystal_studio.evaluation.report import evaluate

    def path(text: str | None) -> Path | None:
        return Path(text) if text else None

    plan = EvaluationPlan(
        generated=Path(args.generated),
        reference=path(args.reference),
        train=path(args.train),
        split=args.split,
        train_split=args.train_split,
        generated_split=args.generated_split,
        count=args.count,
        campaign=args.campaign,
        relax=args.relax,
        relaxation=Settings(max_steps=args.relax_steps, seconds=args.relax_seconds),
        cache=path(args.cache),
        workers=args.workers,
        sample=args.sample,
        seed=args.seed,
        skip=tuple(args.skip),
    )
    progress = _Progress()
    document = evaluate(plan, progress)
    progress.end_line()
    if args.out:
        from crystal_studio.exchange.files import write_text

        write_text(Path(args.out), json.dumps(document, indent=1) + "\n")
        common.log(f"Written to {args.out}")
    return document


def text(document: dict[str, Any]) -> str:
    made = document["generated"]
    lines = [f"{made['name']}: {made['entries']} entries, {made['read']} crystals"]
    for role in ("reference", "train"):
        if document[role]:
            lines.append(f"{role}: {document[role]['name']}, {document[role]['read']} crystals")
    for heading, prefixes in HEADINGS:
        rows = [
            {"metric": name, "value": _value(name, entry), "of": _of(entry), "how": entry["note"]}
            for name, entry in document["metrics"].items()
            if name.startswith(prefixes)
        ]
        if rows:
            lines += ["", heading, common.table(rows, ("metric", "value", "of", "how"))]
    lines += [f"Note: {note}" for note in document["notes"]]
    for listed in made["unreadable"][:10]:
        lines.append(f"unreadable {listed['id']}: {listed['reason']}")
    if len(made["unreadable"]) > 10:
        lines.append(f"... and {len(made['unreadable']) - 10} more, all in the document of --json")
    if document["interrupted"]:
        lines.append(f"Interrupted during {document['interrupted']}: what comes after it is missing.")
    spent = ", ".join(f"{name} {seconds:.1f}" for name, seconds in document["seconds"].items())
    lines += ["", f"Seconds with {document['workers']} workers: {spent}"]
    return "\n".join(lines)


def _value(name: str, entry: dict[str, Any]) -> str:
    value = entry["value"]
    if value is None:
        return "–"
    if "per_10000" in entry:
        return f"{value} ({entry['per_10000']:.0f} per 10,000)"
    if "of" in entry:
        interval = entry.get("interval")
        return f"{value:.2%}" + (f" [{interval[0]:.1%}, {interval[1]:.1%}]" if interval else "")
    return f"{value:.4f} {entry.get('unit', '')}".rstrip()


def _of(entry: dict[str, Any]) -> str:
    if "of" not in entry:
        return ""
    return f"{entry['count']}/{entry['of']}" if "count" in entry else str(entry["of"])


class _Progress:
    """How far a part has come and how long it may still take, on standard error."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._last = time.monotonic()
        self._open = False

    def __call__(self, title: str, done: int, total: int, seconds: float) -> None:
        now = time.monotonic()
        if now - self._last < (0.2 if self._live else _LINE_EVERY):
            return
        self._last = now
        left = seconds / done * (total - done) if done else 0.0
        line = f"{title}: {done}/{total}, about {_duration(left)} left"
        if self._live:
            sys.stderr.write(f"\r\x1b[2K{line}")
            sys.stderr.flush()
            self._open = True
        else:
            common.log(line)

    def end_line(self) -> None:
        if self._open:
            sys.stderr.write("\n")
            self._open = False


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
