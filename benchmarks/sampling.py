"""Structures per second of the shipped SymmCD, end to end: request to crystals on their Wyckoff positions.

    python benchmarks/sampling.py --count 512 --steps 25 50 100 200

``--published-size`` also times one network call of an untrained network of the published
size (1024 x 8), and of ours, on the same batch, and says what 2,000 calls would cost.
"""

from __future__ import annotations

import argparse
import time

import torch

from crystal_studio.crystal.space_groups import tables
from crystal_studio.design.request import DesignRequest
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


def main() -> None:
    """Print one line a setting."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=512)
    parser.add_argument("--steps", type=int, nargs="+", default=[100])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--chunk", type=int, default=0, help="crystals denoised together; 0: the model's own")
    parser.add_argument("--published-size", action="store_true")
    arguments = parser.parse_args()
    one_thread()
    generator = registry.load("", arguments.device)
    if arguments.chunk:
        generator.chunk_size = arguments.chunk
    print(f"{generator.card.name}: {generator.card.parameters:,} parameters, {torch.get_num_threads()} threads")
    for steps in arguments.steps:
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
