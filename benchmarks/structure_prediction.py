"""How often the adaptive-cell model finds a held-out crystal from its composition and space group.

    python benchmarks/structure_prediction.py --model DIR --reference mp20_like.parquet --count 200 --samples 1

Two crystals match by pymatgen's StructureMatcher with the published tolerances of structure prediction (stol 0.5,
ltol 0.3, angle 10 degrees; RMSD in units of (V/N)^(1/3)), of primitive cells, before relaxation. ``--wyckoff given``
tells the true Wyckoff positions too, and with ``--known`` the true cell or the true sites; ``drawn`` lets the model
draw them from composition and group. ``strict``: by the matcher's default tolerances. ``guess``: no network, the cell
expected and sites anywhere on the true positions. ``graph``: share of the time of sampling that goes into the
multigraph.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import held_out
import numpy as np
import told
import torch

from crystal_studio.crystal.asymmetric_unit import expand
from crystal_studio.crystal.batches import AsymmetricUnits
from crystal_studio.crystal.composition import formulas
from crystal_studio.crystal.space_groups import tables
from crystal_studio.design.request import DesignRequest
from crystal_studio.generators.adaptive_cell import process, sampler
from crystal_studio.generators.adaptive_cell.model import AdaptiveCell
from crystal_studio.generators.adaptive_cell.options import AdaptiveCellOptions


def made_by(model: AdaptiveCell, units: AsymmetricUnits, args: argparse.Namespace, seed: int) -> AsymmetricUnits:
    """One crystal for each of ``units``."""
    how = held_out.how(args)
    if args.wyckoff == "guess":
        crystals = process.Crystals.of(units, model.prior)
        somewhere = sampler.anywhere(crystals, torch.Generator().manual_seed(seed))
        return sampler.finished(units, crystals, somewhere, torch.zeros(len(units), 6))
    if args.wyckoff == "drawn":
        made = []
        for formula, group in zip(formulas(expand(units)), units.space_group.tolist(), strict=True):
            request = DesignRequest(
                composition=formula, space_groups=(group,), max_atoms=20, count=1, seed=seed, options=how
            )
            made.append(model.sample_units(request, 0))
        return AsymmetricUnits.concatenate(made)
    return told.drawn(model, units, sampler.configured(AdaptiveCellOptions(**how)), seed, args.known)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    told.add_arguments(parser)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--samples", type=int, default=1, help="crystals a composition, the best of which counts")
    parser.add_argument("--wyckoff", choices=["given", "drawn", "guess"], default="given")
    parser.add_argument("--known", choices=told.KNOWN, default=told.KNOWN[0])
    held_out.add_how(parser)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    if args.known != told.KNOWN[0] and args.wyckoff != "given":
        parser.error("what is known of a crystal goes with its Wyckoff positions: leave --wyckoff out")
    if args.best_of and args.wyckoff != "drawn":
        parser.error("candidates are chosen as requests are answered: take --wyckoff drawn")
    model, units = told.read(args, args.count)
    best = np.full((len(units), 2), np.nan)
    before = told.seconds()
    with told.clocked(model.network) as spent:
        drawn = [made_by(model, units, args, seed) for seed in range(args.samples)]
    cpu = told.seconds() - before
    for made in drawn:
        best = np.fmin(best, told.compared(units, made))
    freedom = np.where(units.mask, tables().degrees_of_freedom[np.maximum(units.wyckoff, 0)], 0).sum(1)
    ok = np.isfinite(best)
    row = {
        "wyckoff": args.wyckoff,
        "known": args.known,
        **held_out.how(args),
        "crystals": len(units),
        "samples": args.samples,
        "match": round(float(ok[:, 0].mean()), 4),
        "rmsd": round(float(np.nanmean(best[:, 0])), 4),
        "strict": round(float(ok[:, 1].mean()), 4),
        "cpu_seconds_a_crystal": round(cpu / len(units) / args.samples, 4),
        "graph": round(spent["graph"] / max(cpu, 1e-9), 3),
    }
    for name, low, high in (("0", 0, 0), ("1-2", 1, 2), ("3-6", 3, 6), ("7 or more", 7, 999)):
        those = (freedom >= low) & (freedom <= high)
        share = round(float(ok[those, 0].mean()), 4) if those.any() else None
        row[f"match, {name} free"] = [share, int(those.sum())]
    print(json.dumps(row))
    if args.out:
        with args.out.open("a") as file:
            file.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
