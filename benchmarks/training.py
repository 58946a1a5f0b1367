"""Training throughput and memory of SymmCD at batch 512: asymmetric unit beside full conventional cell.

    python benchmarks/training.py --data mp20_like.parquet --hidden 384 --layers 6
    python benchmarks/training.py --data mp20_like.parquet --published-size --kinds unit

Every setting runs in a process of its own, so that its peak memory is its own. A step is one update from
512 crystals: forward, backward, Adam and the moving average of the weights. Crystals of equal node count
go through the network together and gradients add up over the pieces, as in training (``--edges`` bounds
crystals x nodes^2 of a piece); with ``--one-graph`` all 512 are held at once, as published. The full cell
gives every atom of the conventional cell a node of its own in the same network; the paper's table compares
the same two (3.6 and 31 GB, 27 and 52 s an epoch of MP-20 on a GPU).
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import time
from pathlib import Path
from typing import Any

import numpy as np


def features(data: Path, kind: str, count: int, seed: int):
    """``count`` crystals as asymmetric units, or with one node an atom of the conventional cell."""
    from crystal_studio.crystal.asymmetric_unit import expand
    from crystal_studio.data.datasets import load
    from crystal_studio.generators.symmcd.representation import Features, encode
    from crystal_studio.training.crystals import held_units

    dataset = load(data)
    rows = np.sort(np.random.default_rng(seed).permutation(len(dataset))[:count])
    units, _ = held_units(dataset.take(rows))
    made = encode(units)
    if kind == "unit":
        return made
    cells = expand(units)
    sizes = np.diff(cells.offsets)
    width = int(sizes.max())
    column = np.arange(len(cells.numbers)) - np.repeat(cells.offsets[:-1], sizes)
    elements = np.zeros((len(units), width), np.int64)
    classes = np.zeros((len(units), width, 15), np.int64)
    positions = np.zeros((len(units), width, 3), np.float32)
    crystal = cells.crystal
    elements[crystal, column] = cells.numbers - 1
    positions[crystal, column] = cells.positions
    classes[crystal, column] = made.classes[crystal, cells.orbit]
    return Features(made.space_group, made.k, elements, classes, positions, sizes.astype(np.int64))


def measure(setting: dict[str, Any], answer: Any) -> None:
    """One setting, in its own process."""
    import torch

    from crystal_studio.crystal.space_groups import tables
    from crystal_studio.generators.symmcd.network import Denoiser, NetworkConfig
    from crystal_studio.generators.symmcd.priors import estimate
    from crystal_studio.generators.symmcd.process import LossWeights, loss
    from crystal_studio.training.symmcd import TrainConfig, batches, gather

    made = features(Path(setting["data"]), setting["kind"], setting["batch"], 0)
    priors = estimate(made)
    network = Denoiser(NetworkConfig(**setting["network"]), torch.as_tensor(tables().encoding))
    optimiser = torch.optim.Adam(network.parameters())
    average = [p.detach().clone() for p in network.parameters()]
    config = TrainConfig(batch=10**9, edges=setting["edges"])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds = []
    for _ in range(setting["steps"] + 1):
        started = time.perf_counter()
        optimiser.zero_grad(set_to_none=True)
        totals = []
        for rows in batches(made.n_orbits, config, np.random.default_rng(0)):
            with torch.autocast("cpu", torch.bfloat16, enabled=setting["bf16"]):
                total, _ = loss(network, priors, gather(made, rows, "cpu"), LossWeights())
            total = total * (len(rows) / len(made))
            if setting["one_graph"]:
                totals.append(total)
            else:
                total.backward()
        if totals:
            torch.stack(totals).sum().backward()
        optimiser.step()
        torch._foreach_lerp_(average, [p.detach() for p in network.parameters()], 0.001)
        seconds.append(time.perf_counter() - started)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answer.put(
        {
            "crystals": len(made),
            "parameters": sum(p.numel() for p in network.parameters()),
            "nodes": float(made.n_orbits.mean()),
            "seconds_a_step": float(np.median(seconds[1:])),
            "process_gib": after / 2**20,
            "step_gib": (after - before) / 2**20,
        }
    )


def main() -> None:
    """Print one line a setting, and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--hidden", type=int, default=384)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--published-size", action="store_true", help="1024 x 8 with 128 frequencies")
    parser.add_argument("--kinds", nargs="+", default=["unit", "cell"], choices=["unit", "cell"])
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--edges", type=int, default=8000)
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--one-graph", action="store_true")
    parser.add_argument("--bf16", action="store_true")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    network = {"hidden": arguments.hidden, "layers": arguments.layers}
    if arguments.published_size:
        network = {"hidden": 1024, "layers": 8, "frequencies": 128, "node_frequencies": 128}
    found = {}
    context = multiprocessing.get_context("spawn")
    for kind in arguments.kinds:
        names = ("batch", "edges", "steps", "one_graph", "bf16")
        setting = {name: getattr(arguments, name) for name in names}
        setting |= {"data": str(arguments.data), "kind": kind, "network": network}
        answer = context.Queue()
        process = context.Process(target=measure, args=(setting, answer))
        process.start()
        found[kind] = answer.get()
        process.join()
    if arguments.json:
        print(json.dumps(found, indent=1))
        return
    for kind, row in found.items():
        rate = row["crystals"] / row["seconds_a_step"]
        print(
            f"{kind}: {row['parameters']:,} parameters, {row['nodes']:.1f} nodes a crystal, {rate:.0f} crystals/s,"
            f" {row['step_gib']:.2f} GiB for the step ({row['process_gib']:.2f} GiB the process)"
        )
    if len(found) == 2:
        unit, cell = found["unit"], found["cell"]
        print(
            f"full cell over asymmetric unit: {cell['seconds_a_step'] / unit['seconds_a_step']:.1f} x time,"
            f" {cell['step_gib'] / unit['step_gib']:.1f} x memory"
        )


if __name__ == "__main__":
    main()
