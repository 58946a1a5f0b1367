"""How many of the candidates delivered have what was asked for: without a target, steered, and steered and sifted.

    python benchmarks/hit_rates.py --folder OUT --count 200 [--unguided whole.crystals] [--only "band_gap=1:2"]

Each way is a campaign of its own: ``steered`` names the targets (classifier-free guidance alone), ``sifted`` has the
stage ``targets`` before the relaxation as well. One campaign without targets serves all ranges; ``--unguided`` names
one that is there. A candidate is delivered when it passes every stage, a hit when the relaxed crystal has all that was
asked for (``funnel/targets.py``): energies by the potential, density by its geometry, band gaps predicted for the
relaxed crystal, so that a hit of a band gap is one by the property model. Campaigns that are there are not run again.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from crystal_studio.candidates.share import Share
from crystal_studio.funnel.context import FunnelContext
from crystal_studio.funnel.protocol import Batch
from crystal_studio.funnel.targets import RelaxedTargetsStage, TargetsStage
from crystal_studio.project.queries import ProjectReader

ASKED = (
    "band_gap=1:2",
    "band_gap=2.7:3.3",
    "density=2.7:3.3",
    "formation_energy_per_atom=-3.3:-2.7",
    "e_above_hull=0:0",
    "band_gap=2.7:3.3 e_above_hull=0:0.05",
    "band_gap=2.7:3.3 density=3.5:4.5",
)


def campaign(project: Path, ranges: str, sifted: bool, count: int, chance: float) -> None:
    """Run one, or carry on with it."""
    command = [sys.executable, "-m", "crystal_studio"]
    if project.exists():
        with ProjectReader(project) as reader:
            if reader.campaigns()[-1].state == "finished":
                return
        subprocess.run([*command, "resume", str(project)], check=True, stdout=subprocess.DEVNULL)
        return
    said = [argument for part in ranges.split() for argument in ("--target", part)]
    stages = ["--stage", f"targets:chance={chance}"] if sifted else []
    how = ["--count", str(count), "--seed", "1", "--device", "cpu", "--funnel", "quick", *stages]
    subprocess.run([*command, "generate", str(project), *said, *how], check=True, stdout=subprocess.DEVNULL)


def counted(project: Path, ranges: str, chance: float | None) -> dict[str, Any]:
    """Made, relaxed, delivered and hits of a project, and its seconds.

    chance : of an unguided campaign, sift it afterwards: what the stage ``targets`` would have let through
    """
    with ProjectReader(project) as reader:
        made, seconds = len(reader.ids("", "id")), sum(c.seconds for c in reader.campaigns())
        relaxed = len(reader.ids("energy_per_atom >= -1e9", "id"))
        ids = reader.ids("status == 'passed'", "id")
        batch = Batch(ids, reader.batch(ids), reader.found(ids))
        if chance is not None:
            generated = Batch(ids, reader.batch(ids, "generated"))
            through = TargetsStage(ranges, chance=chance)(generated, FunnelContext()).passed
            batch = batch.take(through)
    hits = int(RelaxedTargetsStage(ranges)(batch, FunnelContext()).passed.sum())
    share = Share(hits, len(batch))
    low, high = share.interval
    return {
        "made": made,
        "relaxed": relaxed,
        "delivered": len(batch),
        "hits": hits,
        "hit rate": f"{share.value:.1%} [{low:.1%}, {high:.1%}]",
        "hits an hour": round(3600 * hits / seconds) if seconds else None,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="where the projects are kept")
    parser.add_argument("--count", type=int, default=200, help="candidates a campaign")
    parser.add_argument("--chance", type=float, default=0.1, help="least chance of the stage targets")
    parser.add_argument("--unguided", type=Path, help="a campaign without targets that is there")
    parser.add_argument("--only", action="append", help="these ranges alone (repeatable)")
    parser.add_argument("--ways", default="none,steered,sifted", help="some of none,steered,sifted")
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    ways = args.ways.split(",")
    plain = args.unguided or args.folder / "none.crystals"
    if "none" in ways:
        campaign(plain, "", False, args.count, args.chance)
    for ranges in args.only or ASKED:
        stem = ranges.replace("=", "_").replace(":", "_").replace(" ", "__")
        for way in ways:
            project = plain if way == "none" else args.folder / f"{stem}-{way}.crystals"
            campaign(project, ranges, way == "sifted", args.count, args.chance)
            print(json.dumps({"asked": ranges, "way": way, **counted(project, ranges, None)}), flush=True)
            if way == "none":
                line = counted(project, ranges, args.chance)
                print(json.dumps({"asked": ranges, "way": "none, sifted afterwards", **line}), flush=True)


if __name__ == "__main__":
    main()
