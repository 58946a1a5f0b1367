"""How good the adaptive-cell model's samplers are for so many calls of the network: a table and a plot.

    python benchmarks/sampler_calls.py --model DIR --reference mp20_like.parquet --out calls.jsonl --plot calls.svg

One sample of each of some held-out crystals, group, elements and Wyckoff positions told; matches as in
``structure_prediction.py``. Ancestral sampling and the probability flow take one call a level of noise; the annealed
Langevin processes ten levels with the sizes of steps as published (``published``), or with larger steps of the cell
(``langevin``), since few small ones never arrive. Rows that ``--out`` holds already are not measured again.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import told

from crystal_studio.crystal.batches import AsymmetricUnits
from crystal_studio.crystal.merging import crowded
from crystal_studio.generators.adaptive_cell.model import AdaptiveCell
from crystal_studio.generators.adaptive_cell.options import AdaptiveCellOptions
from crystal_studio.generators.adaptive_cell.sampler import Config, configured

CALLS = (10, 20, 50, 100, 200)
SAMPLERS = {
    "ancestral": {"sampler": "ancestral"},
    "flow": {"sampler": "ancestral", "noise": 0.0},
    "published": {"sampler": "published"},
    "langevin": {"sampler": "langevin"},
}


def measured(model: AdaptiveCell, units: AsymmetricUnits, config: Config, known: str) -> dict:
    """Figures of one sampler."""
    before = told.seconds()
    made = told.drawn(model, units, config, known=known)
    spent = told.seconds() - before
    found = told.compared(units, made)
    match, strict = np.isfinite(found).mean(0)
    return {
        "crystals": len(units),
        "match": round(float(match), 3),
        "rmsd": round(float(np.nanmean(found[:, 0])), 3),
        "strict": round(float(strict), 3),
        "near_themselves": round(float(crowded(made, 0.4).sum() / units.mask.sum()), 4),
        "seconds_a_crystal": round(spent / len(units), 4),
    }


def plot(rows: list[dict], path: Path) -> None:
    """Match rates against calls."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6, 3.6))
    for name in dict.fromkeys(row["sampler"] for row in rows):
        own = sorted((row["calls"], 100 * row["match"]) for row in rows if row["sampler"] == name)
        axes.plot(*zip(*own, strict=True), marker="o", label=name)
    axes.set(xscale="log", xlabel="calls of the network", ylabel="match, %")
    axes.set_xticks(CALLS, [str(c) for c in CALLS])
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    figure.savefig(path, bbox_inches="tight")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    told.add_arguments(parser)
    parser.add_argument("--count", type=int, default=150)
    parser.add_argument("--calls", type=int, nargs="+", default=CALLS)
    parser.add_argument("--samplers", choices=SAMPLERS, nargs="+", default=list(SAMPLERS))
    parser.add_argument("--known", choices=told.KNOWN, default=told.KNOWN[0])
    parser.add_argument("--out", type=Path, required=True, help="JSON lines, added to")
    parser.add_argument("--plot", type=Path)
    args = parser.parse_args()
    model, units = told.read(args, args.count)
    rows = [json.loads(line) for line in args.out.read_text().splitlines()] if args.out.exists() else []
    done = {(row["sampler"], row["known"], row["calls"]) for row in rows}
    for calls in args.calls:
        for name in args.samplers:
            if (name, args.known, calls) in done:
                continue
            config = configured(AdaptiveCellOptions(**SAMPLERS[name], steps=calls))
            about = {"sampler": name, "known": args.known, "calls": calls}
            rows.append(about | measured(model, units, config, args.known))
            print(json.dumps(rows[-1]), flush=True)
            with args.out.open("a") as file:
                file.write(json.dumps(rows[-1]) + "\n")
    if args.plot:
        plot(rows, args.plot)


if __name__ == "__main__":
    main()
