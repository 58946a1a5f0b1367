"""Processor seconds that the adaptive-cell model takes for a structure, by batch, and the multigraph's share of them.

    python benchmarks/seconds_a_structure.py --model DIR --reference mp20_like.parquet --batches 1 32 256

Held-out crystals, group, elements and Wyckoff positions told, one thread. ``--network dimenet`` takes an untrained
network of that kind in place of the model's: what it says does not matter for the time. Time grows with the calls of
the network, so few may be made; the seconds are scaled to ``--steps``. The quickest of three runs.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from structure_prediction import clocked, seconds

from crystal_studio.generators import registry
from crystal_studio.generators.adaptive_cell.model import AdaptiveCell
from crystal_studio.generators.adaptive_cell.network import NETWORKS, build
from crystal_studio.generators.adaptive_cell.sampler import SamplerConfig, sample
from crystal_studio.training.crystals import held_units, splits


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, required=True, help="folder of a trained model")
    parser.add_argument("--reference", type=Path, required=True, help="data with a column 'split'")
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 32, 256])
    parser.add_argument("--network", choices=list(NETWORKS), help="untrained, in place of the model's")
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--calls", type=int, default=10, help="that are made")
    args = parser.parse_args()
    torch.set_num_threads(1)
    model = AdaptiveCell.load(args.model, registry.read_card(args.model), "cpu")
    network = build(NETWORKS[args.network][0]()).eval() if args.network else model.network
    held_out = splits(args.reference, 42)[1]
    assert held_out is not None, "the reference keeps no crystals back"
    chosen = np.sort(np.random.default_rng(0).permutation(len(held_out))[: max(args.batches)])
    units, _ = held_units(held_out.take(chosen))
    spent, config = clocked(network), SamplerConfig(args.calls)
    for batch in args.batches:
        runs = []
        for run in range(3):
            generator, spent["graph"], before = torch.Generator().manual_seed(run), 0.0, seconds()
            # Single crystals differ in size: the same eight each time.
            parts = [units.take(slice(i, i + batch)) for i in range(8 if batch == 1 else 1)]
            for part in parts:
                sample(network, model.prior, part, config, generator)
            runs.append(((seconds() - before) / (batch * len(parts)), spent["graph"] / (seconds() - before)))
        each, share = min(runs)
        row = {"network": network.config.kind, "batch": batch, "graph": round(share, 3)}
        print(json.dumps(row | {"seconds_a_structure": round(each * args.steps / args.calls, 4)}), flush=True)


if __name__ == "__main__":
    main()
