"""How many of the candidates delivered have what was asked for: unguided and guided, relaxed all or sifted before.

    python benchmarks/hit_rates.py --folder OUT --count 400 --guidance 0 2 --chance 0.1 0.3 [--only "band_gap=1:2"]

One campaign a range and strength of guidance (0: without targets, one for all ranges), with everything relaxed, on one
worker; campaigns that are there are carried on or not run again. A candidate is delivered when it passes every stage,
a hit when the relaxed crystal has all that was asked for (``funnel/targets.py``): energies by the potential, density
by its geometry, band gaps predicted for the relaxed crystal, so that a hit of a band gap is one by the property model.

``chance`` sifts afterwards: what the stage ``targets`` with this least chance would have let through to the
relaxation. Its hits an hour are those of a processor: the seconds of the whole campaign less the share that
went into relaxing what the stage would have spared, and with what the stage itself takes. "sun" are hits that are
novel and on or below the hull.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

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
SPARED = ("relaxation", "stability")


def campaign(project: Path, ranges: str, guidance: float, count: int, model: str) -> None:
    """Run one or carry on with it; its processor seconds lie beside it."""
    command = [sys.executable, "-m", "crystal_studio"]
    if project.exists():
        with ProjectReader(project) as reader:
            if reader.campaigns()[-1].state == "finished":
                return
        command += ["resume", str(project), "--workers", "1"]
    else:
        said = [argument for part in ranges.split() for argument in ("--target", part)]
        said += ["--guidance", str(guidance)] if guidance else []
        how = ["--count", str(count), "--seed", "1", "--device", "cpu", "--funnel", "quick", "--workers", "1"]
        how += ["--model", model] if model else []
        command += ["generate", str(project), *said, *how]
    before = os.times()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    beside = project.with_suffix(".seconds")
    beside.write_text(str(spent + (float(beside.read_text()) if beside.exists() else 0.0)))


def counted(project: Path, ranges: str, chances: list[float]) -> list[dict[str, Any]]:
    """Made, relaxed, delivered and hits of a project: as it is, and sifted at each chance."""
    with ProjectReader(project) as reader:
        made, wall = len(reader.ids("", "id")), sum(c.seconds for c in reader.campaigns())
        relaxed = reader.ids("energy_per_atom >= -1e9", "id")
        ids = reader.ids("status == 'passed'", "id")
        batch = Batch(ids, reader.batch(ids), reader.found(ids))
        sought = np.isin(ids, reader.ids("novel and e_hull <= 0", "id"))
        costs = {int(i): sum(v.seconds or 0 for v in reader.verdicts(int(i)) if v.stage in SPARED) for i in relaxed}
        unrelaxed = reader.batch(relaxed, "generated")
    processor = float(project.with_suffix(".seconds").read_text())
    met = RelaxedTargetsStage(ranges)(batch, FunnelContext()).passed
    stage, made_as = TargetsStage(ranges, chance=0.0), Batch(relaxed, unrelaxed)
    stage(made_as.take(np.arange(len(relaxed)) == 0), FunnelContext())  # loads the models
    began = time.process_time()
    found = stage(made_as, FunnelContext()).findings[0].values
    sifting = time.process_time() - began
    rows = []
    for chance in (0.0, *chances):
        through = relaxed[found >= chance]
        kept = np.isin(ids, through)
        spared = sum(costs.values()) - sum(costs[int(i)] for i in through)
        seconds = processor * (1 - spared / wall) + (sifting if chance else 0.0)
        hits = int((met & kept).sum())
        share = Share(hits, int(kept.sum()))
        low, high = share.interval
        rows.append(
            {
                "chance": chance,
                "made": made,
                "relaxed": len(through),
                "delivered": int(kept.sum()),
                "hits": hits,
                "hit rate": f"{share.value:.1%} [{low:.1%}, {high:.1%}]",
                "sun": int((met & kept & sought).sum()),
                "seconds": round(seconds),
                "hits an hour": round(3600 * hits / seconds),
            }
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="where the projects are kept")
    parser.add_argument("--count", type=int, default=400, help="candidates a campaign")
    parser.add_argument("--guidance", type=float, nargs="+", default=[0.0, 2.0], help="strengths; 0: no targets")
    parser.add_argument("--chance", type=float, nargs="+", default=[0.1, 0.3], help="least chances to sift by")
    parser.add_argument("--model", default="", help="another model than the usual one; give it a folder of its own")
    parser.add_argument("--only", action="append", help="these ranges alone (repeatable)")
    parser.add_argument("--figure", type=Path, help="draw the hit rates")
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    for ranges in args.only or ASKED:
        stem = ranges.replace("=", "_").replace(":", "_").replace(" ", "__")
        for guidance in args.guidance:
            project = args.folder / (f"{stem}-guided-{guidance:g}.crystals" if guidance else "unguided.crystals")
            campaign(project, ranges if guidance else "", guidance, args.count, args.model)
            for row in counted(project, ranges, args.chance):
                rows.append({"asked": ranges, "guidance": guidance, **row})
                print(json.dumps(rows[-1]), flush=True)
    if args.figure:
        draw(rows, args.figure)


def draw(rows: list[dict[str, Any]], path: Path) -> None:
    """Hit rates with their 95% intervals: a group of bars a range, unguided first, sifted ones paler."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    groups = list(dict.fromkeys(row["asked"] for row in rows))
    kinds = list(dict.fromkeys((row["guidance"], row["chance"]) for row in rows))
    colours = {guidance: f"C{i}" for i, guidance in enumerate(dict.fromkeys(g for g, _ in kinds))}
    least = sorted({chance for _, chance in kinds})
    figure, axes = plt.subplots(figsize=(11, 4.5), layout="constrained")
    width = 0.84 / len(kinds)
    for k, (guidance, chance) in enumerate(kinds):
        own = [row for row in rows if (row["guidance"], row["chance"]) == (guidance, chance)]
        at = [groups.index(row["asked"]) - 0.42 + width * (k + 0.5) for row in own]
        shares = [Share(row["hits"], row["delivered"]) for row in own]
        reach = np.abs(np.array([s.interval for s in shares]).T - [s.value for s in shares]) * 100
        how = f"w = {guidance:g}" if guidance else "unguided"
        axes.bar(
            at,
            [100 * share.value for share in shares],
            width,
            yerr=reach,
            color=colours[guidance],
            alpha=1 - 0.7 * least.index(chance) / max(len(least) - 1, 1),
            error_kw={"lw": 0.8, "ecolor": "0.3"},
            label=f"{how}, chance at least {chance:g}" if chance else f"{how}, all relaxed",
        )
    axes.set_xticks(
        range(len(groups)), [group.replace("_per_atom=", "=\n").replace(" ", "\n") for group in groups], fontsize=7
    )
    axes.set(ylabel="hit rate of delivered candidates, %", ylim=(0, 100))
    figure.legend(loc="outside lower center", ncols=4, fontsize=8, frameon=False)
    figure.savefig(path, dpi=130)


if __name__ == "__main__":
    main()
