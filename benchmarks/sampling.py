"""Structures per second of the shipped SymmCD, end to end: request to crystals on their Wyckoff positions.

    python benchmarks/sampling.py --count 512 --steps 25 50 100 200
    python benchmarks/sampling.py --count 1024 --processes 1 2 --busy 0 1

``--processes`` samples as a campaign does, in worker processes, from the moment in which they have loaded the model;
``--busy`` puts so many programs beside them that do nothing but count.

``--published-size`` also times one network call of an untrained network of the published
size (1024 x 8), and of ours, on the same batch, and says what 2,000 calls would cost.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from contextlib import closing

import torch

from crystal_studio.campaign.tasks import GeneratorMaker, Order, make_chunk
from crystal_studio.crystal.space_groups import tables
from crystal_studio.design.request import DesignRequest
from crystal_studio.execution.local import LocalEngine
from crystal_studio.execution.mapping import outcomes
from crystal_studio.execution.protocol import Done, Task
from crystal_studio.execution.threads import one_thread
from crystal_studio.generators import registry
from crystal_studio.generators.checks import has_its_symmetry
from crystal_studio.generators.symmcd.network import Denoiser, NetworkConfig


def seconds_a_call(network: Denoiser, batch: int, orbits: int, bf16: bool, repeats: int = 3) -> float:
    """Median time of one network call."""
    inputs = (
        torch.randint(1, 231, (batch,)),
        torch.rand(batch),
        torch.randn(batch, 6),
        torch.randint(0, 94, (batch, orbits)),
        torch.randint(0, 13, (batch, orbits, 15)),
        torch.rand(batch, orbits, 3),
    )
    times = []
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        for _ in range(repeats + 1):
            started = time.perf_counter()
            network(*inputs)
            times.append(time.perf_counter() - started)
    return sorted(times[1:])[repeats // 2]


def in_processes(count: int, steps: int, processes: int, busy: int, chunk: int) -> float:
    """Structures a second of worker processes that share the chunks, ``busy`` other programs beside them."""
    card = registry.card("")
    maker = GeneratorMaker(card.name, "cpu", card.sha256, registry.load)
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(busy)]
    try:
        with closing(LocalEngine(processes)) as engine:
            few = Order(maker, DesignRequest(count=processes, options={"steps": 2}), 1)
            warm = [Task(_warm, (few, chunk)) for chunk in range(processes)]
            assert all(isinstance(outcome, Done) for _, outcome in outcomes(engine, warm))
            order = Order(maker, DesignRequest(count=count, seed=1, options={"steps": steps}), chunk)
            started = time.perf_counter()
            tasks = [Task(make_chunk, (order, i)) for i in range(-(-count // chunk))]
            made = sum(len(o.value) for _, o in outcomes(engine, tasks) if isinstance(o, Done))
            assert made == count
            return count / (time.perf_counter() - started)
    finally:
        for other in others:
            other.kill()


def _warm(order: Order, chunk: int) -> int:
    """Loads the model; long enough for every process to get one."""
    make_chunk(order, chunk)
    time.sleep(2)
    return os.getpid()


def main() -> None:
    """Print one line a setting."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=512)
    parser.add_argument("--steps", type=int, nargs="+", default=[100])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--chunk", type=int, default=0, help="crystals denoised together; 0: the model's own")
    parser.add_argument("--processes", type=int, nargs="+", default=[], help="sample in so many worker processes")
    parser.add_argument("--busy", type=int, nargs="+", default=[0], help="with so many busy programs beside them")
    parser.add_argument("--published-size", action="store_true")
    arguments = parser.parse_args()
    one_thread()
    generator = registry.load("", arguments.device)
    if arguments.chunk:
        generator.chunk_size = arguments.chunk
    print(f"{generator.card.name}: {generator.card.parameters:,} parameters, {torch.get_num_threads()} threads")
    for steps in arguments.steps if arguments.processes else ():
        for busy in arguments.busy:
            for processes in arguments.processes:
                rate = in_processes(arguments.count, steps, processes, busy, generator.chunk_size)
                print(
                    f"{steps:5d} steps, {processes} processes beside {busy} programs: {rate:7.2f} structures/s",
                    flush=True,
                )
    for steps in arguments.steps if not arguments.processes else ():
        request = DesignRequest(count=arguments.count, seed=1, options={"steps": steps})
        started = time.perf_counter()
        right = 0
        for chunk in range(-(-arguments.count // generator.chunk_size)):
            right += int(has_its_symmetry(generator.sample_units(request, chunk)).sum())
        seconds = time.perf_counter() - started
        share = right / arguments.count
        print(f"{steps:5d} steps: {arguments.count / seconds:7.2f} structures/s, {share:.1%} apart and in their group")
    if arguments.published_size:
        encoding = torch.as_tensor(tables().encoding)
        published = Denoiser(NetworkConfig(hidden=1024, layers=8, frequencies=128, node_frequencies=128), encoding)
        ours = Denoiser(NetworkConfig(hidden=384, layers=6), encoding)
        for name, network in (("ours", ours), ("published size", published)):
            size = sum(p.numel() for p in network.parameters())
            for bf16 in (False, True):
                call = seconds_a_call(network, 64, 5, bf16)
                kind = "bf16" if bf16 else "fp32"
                print(f"{name} ({size:,} parameters, {kind}): {64 / call / 2000:.3f} structures/s at 2,000 calls")


if __name__ == "__main__":
    main()
