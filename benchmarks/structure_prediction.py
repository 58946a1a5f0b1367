"""How often the adaptive-cell model finds a held-out crystal from its composition and space group.

    python benchmarks/structure_prediction.py --model DIR --reference mp20_like.parquet --count 200 --samples 1

Two crystals match by pymatgen's StructureMatcher with the published tolerances of structure prediction (stol 0.5,
ltol 0.3, angle 10 degrees; RMSD in units of (V/N)^(1/3)), of primitive cells, before relaxation. ``--wyckoff given``
tells the true Wyckoff positions too, ``drawn`` lets the model draw them from composition and group. ``strict``: by the
matcher's default tolerances. ``guess``: no network, the cell expected and sites anywhere on the true positions.
``graph``: share of the time of sampling that goes into the multigraph.
"""

from __future__ import annotations

import argparse
import json
import os
import warnings
from pathlib import Path

import numpy as np
import torch

from crystal_studio.crystal.asymmetric_unit import expand
from crystal_studio.crystal.batches import AsymmetricUnits
from crystal_studio.crystal.composition import formulas
from crystal_studio.crystal.primitive import primitive
from crystal_studio.crystal.space_groups import tables
from crystal_studio.design.request import DesignRequest
from crystal_studio.generators import registry
from crystal_studio.generators.adaptive_cell import process, sampler
from crystal_studio.generators.adaptive_cell.model import AdaptiveCell
from crystal_studio.generators.adaptive_cell.score import ScoreNetwork, Shown
from crystal_studio.training.crystals import held_units, splits

AT_ONCE = 64


def seconds() -> float:
    """Of the processor, so that other work on the machine does not count."""
    return sum(os.times()[:2])


def pymatgen_structures(units: AsymmetricUnits) -> list:
    """Primitive cells."""
    from pymatgen.core import Lattice, Structure

    cells = primitive(expand(units), units.space_group)
    return [Structure(Lattice(cells.cell(i)[0]), *cells.cell(i)[1:]) for i in range(len(cells))]


def matches(true: list, made: list) -> tuple[np.ndarray, np.ndarray]:
    """(B,) RMSD, NaN where there is no match, and whether they match by default tolerances too."""
    from pymatgen.analysis.structure_matcher import StructureMatcher

    loose, strict = StructureMatcher(stol=0.5, ltol=0.3, angle_tol=10), StructureMatcher()
    found, well = np.full(len(true), np.nan), np.zeros(len(true), bool)
    for i, (a, b) in enumerate(zip(true, made, strict=True)):
        apart = loose.get_rms_dist(a, b)
        if apart is not None:
            found[i], well[i] = apart[0], strict.fit(a, b)
    return found, well


def made_by(model: AdaptiveCell, units: AsymmetricUnits, args: argparse.Namespace, seed: int) -> AsymmetricUnits:
    """One crystal for each of ``units``."""
    generator = torch.Generator().manual_seed(seed)
    if args.wyckoff == "guess":
        crystals = process.Crystals.of(units, model.prior)
        somewhere = sampler.anywhere(crystals, generator)
        return sampler.finished(units, crystals, somewhere, torch.zeros(len(units), 6))
    if args.wyckoff == "drawn":
        made = []
        for formula, group in zip(formulas(expand(units)), units.space_group.tolist(), strict=True):
            options = {"steps": args.steps}
            request = DesignRequest(
                composition=formula, space_groups=(group,), max_atoms=20, count=1, seed=seed, options=options
            )
            made.append(model.sample_units(request, 0))
        return AsymmetricUnits.concatenate(made)
    config = sampler.SamplerConfig(args.steps, args.noise, args.corrections)
    parts = [units.take(slice(i, i + AT_ONCE)) for i in range(0, len(units), AT_ONCE)]
    drawn = (sampler.sample(model.network, model.prior, part, config, generator) for part in parts)
    return AsymmetricUnits.concatenate(list(drawn))


def clocked(network: ScoreNetwork) -> dict[str, float]:
    """Adds up the processor seconds of building multigraphs from now on."""
    spent, build = {"graph": 0.0}, network.graph

    def timed(shown: Shown) -> object:
        before = seconds()
        try:
            return build(shown)
        finally:
            spent["graph"] += seconds() - before

    network.graph = timed
    return spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, required=True, help="folder of a trained model")
    parser.add_argument("--reference", type=Path, required=True, help="data with a column 'split'")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--samples", type=int, default=1, help="crystals a composition, the best of which counts")
    parser.add_argument("--wyckoff", choices=["given", "drawn", "guess"], default="given")
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--noise", type=float, default=1.0)
    parser.add_argument("--corrections", type=int, default=0)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    model = AdaptiveCell.load(args.model, registry.read_card(args.model), "cpu")
    held_out = splits(args.reference, 42)[1]
    assert held_out is not None, "the reference keeps no crystals back"
    chosen = np.sort(np.random.default_rng(0).permutation(len(held_out))[: args.count])
    units, _ = held_units(held_out.take(chosen))
    true, spent = pymatgen_structures(units), clocked(model.network)
    best, well = np.full(len(units), np.nan), np.zeros(len(units), bool)
    before = seconds()
    drawn = [made_by(model, units, args, seed) for seed in range(args.samples)]
    cpu = seconds() - before
    for made in drawn:
        found, strict = matches(true, pymatgen_structures(made))
        best, well = np.fmin(best, found), well | strict
    freedom = np.where(units.mask, tables().degrees_of_freedom[np.maximum(units.wyckoff, 0)], 0).sum(1)
    ok = np.isfinite(best)
    row = {
        "wyckoff": args.wyckoff,
        "steps": args.steps,
        "noise": args.noise,
        "corrections": args.corrections,
        "crystals": len(units),
        "samples": args.samples,
        "match": round(float(ok.mean()), 4),
        "rmsd": round(float(np.nanmean(best)), 4),
        "strict": round(float(well.mean()), 4),
        "cpu_seconds_a_crystal": round(cpu / len(units) / args.samples, 4),
        "graph": round(spent["graph"] / max(cpu, 1e-9), 3),
    }
    for name, low, high in (("0", 0, 0), ("1-2", 1, 2), ("3-6", 3, 6), ("7 or more", 7, 999)):
        those = (freedom >= low) & (freedom <= high)
        row[f"match, {name} free"] = [round(float(ok[those].mean()), 4) if those.any() else None, int(those.sum())]
    print(json.dumps(row))
    if args.out:
        with args.out.open("a") as file:
            file.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
