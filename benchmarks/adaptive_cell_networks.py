"""What the networks of the adaptive-cell model learn in the same time: each from scratch, same data, order and seed.

    python benchmarks/adaptive_cell_networks.py --data mp20_like.parquet --minutes 6 --networks light dimenet

Minutes are of the processor; the learning rate falls to its end within them. ``light+descriptors`` is the light
network told tabulated properties of elements. One row for each network and quarter of its time: validation losses of
the averaged weights on held-out crystals and crystals a second of training.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from crystal_studio.generators.adaptive_cell.network import NETWORKS
from crystal_studio.generators.adaptive_cell.score import NetworkConfig
from crystal_studio.training.adaptive_cell import TrainConfig, Trainer
from crystal_studio.training.crystals import held_units, splits

PARTS = 4


def seconds() -> float:
    """Of the processor, so that other work on the machine does not count."""
    return sum(os.times()[:2])


def config_of(name: str) -> NetworkConfig:
    """Like "light" or "light+descriptors"."""
    kind, *with_ = name.split("+")
    made: NetworkConfig = NETWORKS[kind][0]()
    return replace(made, **dict.fromkeys(with_, True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="data with a column 'split'")
    parser.add_argument("--minutes", type=float, default=6.0, help="of the processor, each")
    parser.add_argument("--networks", nargs="+", default=["light", "dimenet", "light+descriptors"])
    parser.add_argument("--held-out", type=int, default=1000, help="crystals to validate on")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rate", type=float, default=1e-3, help="learning rate at the start")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    torch.set_num_threads(1)
    training, validation = splits(args.data, 42)
    assert validation is not None, "the data keep no crystals back"
    units = held_units(training)[0]
    held_out = held_units(
        validation.take(np.sort(np.random.default_rng(0).permutation(len(validation))[: args.held_out]))
    )[0]
    for name in args.networks:
        config = TrainConfig(
            network=config_of(name),
            max_minutes=args.minutes,
            batch=args.batch,
            learning_rate=args.rate,
            warm_up_steps=50,
            ema=0.995,
            checkpoint_minutes=1e9,
        )
        trainer = Trainer(config, units)
        trainer.budget.clock = seconds
        reached = 0

        def told(name: str = name, trainer: Trainer = trainer) -> bool:
            """Validates at each part of the time."""
            nonlocal reached
            if trainer.budget.share < (reached + 1) / PARTS:
                return False
            reached += 1
            row = {
                "network": name,
                "batch": args.batch,
                "minutes": round(trainer.budget.seconds / 60, 2),
                "steps": trainer.step,
                "crystals_a_second": round(trainer.step * args.batch / trainer.budget.seconds, 1),
                "parameters": sum(p.numel() for p in trainer.network.parameters()),
            } | {k: round(v, 4) for k, v in trainer.validate(held_out).items()}
            print(json.dumps(row), flush=True)
            if args.out:
                with args.out.open("a") as file:
                    file.write(json.dumps(row) + "\n")
            return False

        with tempfile.TemporaryDirectory() as folder:
            trainer.run(Path(folder), stop=told)
            told()  # the loop asks no more once the time is up


if __name__ == "__main__":
    main()
