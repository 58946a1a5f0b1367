"""How good the adaptive-cell model's samplers are for so many calls of the network: a table and a plot.

    python benchmarks/sampler_calls.py --model DIR --reference mp20_like.parquet --out calls.jsonl --plot calls.svg

One sample of each of some held-out crystals, group, elements and Wyckoff positions told; matches as in
``structure_prediction.py``. Ancestral sampling and the probability flow take one call a level of noise; the annealed
Langevin processes ten levels with the sizes of steps as published (``langevin``), or with larger steps of the cell
(``langevin, cell 1``), since few small ones never arrive. Rows that ``--out`` holds already are not measured again.
"""

from __future__ import annotations

import argparse
import json
import warnings
from pathlib import Path

import numpy as np
import torch
from structure_prediction import AT_ONCE, matches, pymatgen_structures, seconds

from crystal_studio.crystal.batches import AsymmetricUnits
from crystal_studio.crystal.merging import crowded
from crystal_studio.generators import registry
from crystal_studio.generators.adaptive_cell.langevin import LangevinConfig
from crystal_studio.generators.adaptive_cell.model import AdaptiveCell
from crystal_studio.generators.adaptive_cell.sampler import SamplerConfig, sample
from crystal_studio.training.crystals import held_units, splits

CALLS = (10, 20, 50, 100, 200)
LEVELS = 10


def configs(calls: int) -> dict[str, SamplerConfig | LangevinConfig]:
    """Every sampler, with so many calls."""
    steps = calls // LEVELS
    return {
        "ancestral": SamplerConfig(calls, 1.0),
        "flow": SamplerConfig(calls, 0.0),
        "langevin": LangevinConfig(LEVELS, steps),
        "langevin, cell 1": LangevinConfig(LEVELS, steps, cell_step=1.0),
    }


def measured(model: AdaptiveCell, units: AsymmetricUnits, true: list, config: SamplerConfig | LangevinConfig) -> dict:
    """Figures of one sampler."""
    generator = torch.Generator().manual_seed(0)
    before = seconds()
    parts = [units.take(slice(i, i + AT_ONCE)) for i in range(0, len(units), AT_ONCE)]
    made = AsymmetricUnits.concatenate([sample(model.network, model.prior, p, config, generator) for p in parts])
    spent = seconds() - before
    found, strict = matches(true, pymatgen_structures(made))
    return {
        "crystals": len(units),
        "match": round(float(np.isfinite(found).mean()), 3),
        "rmsd": round(float(np.nanmean(found)), 3),
        "strict": round(float(strict.mean()), 3),
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
    parser.add_argument("--model", type=Path, required=True, help="folder of a trained model")
    parser.add_argument("--reference", type=Path, required=True, help="data with a column 'split'")
    parser.add_argument("--count", type=int, default=150)
    parser.add_argument("--calls", type=int, nargs="+", default=CALLS)
    parser.add_argument("--out", type=Path, required=True, help="JSON lines, added to")
    parser.add_argument("--plot", type=Path)
    args = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    model = AdaptiveCell.load(args.model, registry.read_card(args.model), "cpu")
    held_out = splits(args.reference, 42)[1]
    assert held_out is not None, "the reference keeps no crystals back"
    chosen = np.sort(np.random.default_rng(0).permutation(len(held_out))[: args.count])
    units, _ = held_units(held_out.take(chosen))
    true = pymatgen_structures(units)
    rows = [json.loads(line) for line in args.out.read_text().splitlines()] if args.out.exists() else []
    done = {(row["sampler"], row["calls"]) for row in rows}
    for calls in args.calls:
        for name, config in configs(calls).items():
            if (name, calls) in done:
                continue
            rows.append({"sampler": name, "calls": calls} | measured(model, units, true, config))
            print(json.dumps(rows[-1]), flush=True)
            with args.out.open("a") as file:
                file.write(json.dumps(rows[-1]) + "\n")
    if args.plot:
        plot(rows, args.plot)


if __name__ == "__main__":
    main()
