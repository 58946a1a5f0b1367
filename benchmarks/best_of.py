"""How often the least surprising of several crystals is the true one, as ``--best-of`` chooses candidates.

    python benchmarks/best_of.py --model DIR --reference mp20_like.parquet --group told --count 250 --drawn 8 --steps 20

So many crystals are drawn for each held-out one, which is asked for as in ``requested_structures.py``. For each number
of crystals among which one is chosen: the mean share of chosen ones that match (published and default tolerances) over
random choices of so many out of all; and how often one of two such candidates does, where there are enough. Those that
overlap or lost their group, which a request draws again, are chosen last.
"""

from __future__ import annotations

import argparse
import json

import held_out
import matches
import numpy as np
import told
import torch

from crystal_studio.crystal.asymmetric_unit import n_atoms
from crystal_studio.crystal.batches import AsymmetricUnits
from crystal_studio.generators import registry
from crystal_studio.generators.adaptive_cell.model import AdaptiveCell
from crystal_studio.generators.adaptive_cell.options import AdaptiveCellOptions
from crystal_studio.generators.adaptive_cell.plan import Plan
from crystal_studio.generators.adaptive_cell.sampler import configured, sample
from crystal_studio.generators.adaptive_cell.surprise import surprise
from crystal_studio.generators.checks import has_its_symmetry, opened

TIMES = 40
"""Random choices that are averaged."""


def drawn(model: AdaptiveCell, plans: AsymmetricUnits, args: argparse.Namespace) -> tuple[AsymmetricUnits, np.ndarray]:
    """A crystal for each plan, and how surprising it is."""
    config, generator = configured(AdaptiveCellOptions(**held_out.how(args))), torch.Generator().manual_seed(0)
    order = np.argsort(n_atoms(plans), kind="stable")
    made, doubt = [], []
    for i in range(0, len(order), told.AT_ONCE):
        part = plans.take(order[i : i + told.AT_ONCE])
        found = sample(model.network, model.prior, part, config, generator)
        units, gentle = opened(found, np.zeros(part.numbers.shape, bool), np.zeros(len(part), bool))
        known = surprise(model.network, model.prior, units, generator)
        made.append(units)
        doubt.append(np.where(gentle & has_its_symmetry(units), known, np.inf))
    back = np.argsort(order)
    return AsymmetricUnits.concatenate(made).take(back), np.concatenate(doubt)[back]


def chosen(hit: np.ndarray, doubt: np.ndarray, many: int, candidates: int, rng: np.random.Generator) -> np.ndarray:
    """(2,) shares of crystals of which one of so many candidates matches, each the best of ``many``."""
    rows, found = np.arange(len(hit)), []
    for _ in range(TIMES):
        sets = rng.permutation(hit.shape[1])[: many * candidates].reshape(candidates, many)
        picks = [some[doubt[:, some].argmin(1)] for some in sets]
        found.append(np.any([hit[rows, pick] for pick in picks], 0).mean(0))
    return np.mean(found, 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    told.add_arguments(parser)
    parser.add_argument("--group", choices=["told", "sampled"], default="told")
    parser.add_argument("--count", type=int, default=250)
    parser.add_argument("--drawn", type=int, default=8, help="crystals drawn of each")
    held_out.add_sampler(parser)
    args = parser.parse_args()
    torch.set_num_threads(1)
    held = held_out.read(args.reference, args.count)
    model = AdaptiveCell.load(args.model, registry.read_card(args.model), "cpu")
    asked = held_out.questions(held, args.model, 1, args.group == "told")
    plans = [Plan(q.request, model.limits).draw(args.drawn, np.random.default_rng(q.seed)) for q in asked]
    units, doubt = drawn(model, AsymmetricUnits.concatenate(plans), args)
    true, made = matches.wholes(held.cells), matches.wholes(told.cells(units))
    found = [matches.compare(true[i // args.drawn], one) for i, one in enumerate(made)]
    hit = np.isfinite(np.array(found, float)).reshape(len(held), args.drawn, 2)
    doubt, rng = doubt.reshape(hit.shape[:2]), np.random.default_rng(0)
    about = {"group": args.group, "crystals": len(held), **held_out.how(args)}
    for many in (m for m in (1, 2, 4, 8, 16) if m <= args.drawn):
        one = chosen(hit, doubt, many, 1, rng)
        gain = hit[np.arange(len(held)), doubt[:, :many].argmin(1), 0] - hit[:, :, 0].mean(1)
        row = {"match": one[0], "default": one[1], "gain's error": gain.std() / len(held) ** 0.5}
        if 2 * many <= args.drawn:
            row |= {"one of two": chosen(hit, doubt, many, 2, rng)[0]}
        figures = {name: round(float(value), 4) for name, value in row.items()}
        print(json.dumps({**about, "best of": many, **figures}), flush=True)
    print(
        json.dumps(
            about | {"any": hit.any(1).mean(0).round(4).tolist(), "wrong": round(float(np.isinf(doubt).mean()), 4)}
        )
    )


if __name__ == "__main__":
    main()
