"""Processor seconds that the adaptive-cell model takes for a structure, by batch, and the multigraph's share of them.

    python benchmarks/seconds_a_structure.py --model DIR --reference mp20_like.parquet --batches 1 32 256

Held-out crystals, group, elements and Wyckoff positions told, one thread. ``--network dimenet`` takes an untrained
network of that kind in place of the model's: what it says does not matter for the time. Time grows with the calls of
the network, so few may be made; the seconds are scaled to ``--steps``. The quickest of three runs.
"""

from __future__ import annotations

import argparse
import json

import held_out
import told
import torch

from crystal_studio.generators.adaptive_cell.network import NETWORKS, build
from crystal_studio.generators.adaptive_cell.options import AdaptiveCellOptions
from crystal_studio.generators.adaptive_cell.sampler import configured, sample


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    told.add_arguments(parser)
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 32, 256])
    parser.add_argument("--network", choices=list(NETWORKS), help="untrained, in place of the model's")
    held_out.add_sampler(parser)
    parser.add_argument("--calls", type=int, default=10, help="that are made")
    args = parser.parse_args()
    model, units = told.read(args, max(8, *args.batches))
    network = build(NETWORKS[args.network][0]()).eval() if args.network else model.network
    how = held_out.how(args)
    steps = configured(AdaptiveCellOptions(**how)).steps
    config = configured(AdaptiveCellOptions(**how | {"steps": args.calls}))
    for batch in args.batches:
        runs = []
        for run in range(3):
            generator = torch.Generator().manual_seed(run)
            # Single crystals differ in size: the same eight each time.
            parts = [units.take(slice(i, i + batch)) for i in range(8 if batch == 1 else 1)]
            before = told.seconds()
            with told.clocked(network) as spent:
                for part in parts:
                    sample(network, model.prior, part, config, generator)
            took = told.seconds() - before
            runs.append((took / (batch * len(parts)), spent["graph"] / took))
        each, share = min(runs)
        row = {"network": network.config.kind, **how, "batch": batch, "graph": round(share, 3)}
        print(json.dumps(row | {"seconds_a_structure": round(each * steps / args.calls, 4)}), flush=True)


if __name__ == "__main__":
    main()
