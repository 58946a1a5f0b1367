"""The published SymmCD network beside ours: network calls, and structures/s of both samplers, in one run.

    git clone https://github.com/sibasmarak/SymmCD reference
    python benchmarks/reference_symmcd.py --reference reference --count 256

The public code's own network (``symmcd/pl_modules/cspnet.py``, the configuration of the paper: 1024 x 8,
128 frequencies, untrained weights, which cost the same) is timed on the same orbits as ours. Only its fully
connected path is used; ``scatter`` and ``dense_to_sparse``, which it imports from torch_scatter and
torch_geometric, are given here in plain torch, so that neither needs to be compiled. Its sampler makes two
calls a step for 1,000 steps (predictor and corrector), with nothing else counted: a lower bound of its time.
A training step is forward and backward of the sum of all outputs, without optimiser, on the same batch.
Ours is timed end to end with the installed model: request to crystals that hold their symmetry.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import time
import types
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from crystal_studio.crystal.space_groups import tables
from crystal_studio.design.request import DesignRequest
from crystal_studio.generators import registry
from crystal_studio.generators.checks import has_its_symmetry
from crystal_studio.generators.symmcd.network import Denoiser, NetworkConfig

PUBLISHED_CALLS = 2000


def scatter(source: Tensor, index: Tensor, dim: int = 0, reduce: str = "mean", dim_size: int | None = None) -> Tensor:
    """Mean of rows by index, as torch_scatter's."""
    assert dim == 0 and reduce == "mean"
    size = dim_size or int(index.max()) + 1
    total = source.new_zeros(size, source.shape[1]).index_add_(0, index, source)
    return total / torch.bincount(index, minlength=size).clamp_min(1).unsqueeze(1)


def reference_network(folder: Path) -> torch.nn.Module:
    """CSPNet of the public code at the paper's size."""

    def stub(name: str, **attributes: object) -> None:
        module = types.ModuleType(name)
        module.__dict__.update(attributes)
        sys.modules[name] = module

    def unused(*_: object, **__: object) -> None:
        raise NotImplementedError

    stub("torch_scatter", scatter=scatter)
    stub("torch_scatter.composite", scatter_softmax=unused)
    stub("torch_geometric")
    sparse = {"dense_to_sparse": lambda a: (a.nonzero().t().contiguous(), None), "to_dense_adj": unused}
    stub("torch_geometric.utils", **sparse)
    stub("torch_geometric.nn")
    stub("torch_geometric.nn.conv")
    stub("torch_geometric.nn.conv.transformer_conv", TransformerConv=torch.nn.Module)
    stub("einops", rearrange=unused, repeat=unused)
    names = ("lattice_params_to_matrix_torch", "get_pbc_distances", "radius_graph_pbc", "frac_to_cart_coords")
    stub("symmcd")
    stub("symmcd.common")
    stub("symmcd.common.data_utils", repeat_blocks=unused, **dict.fromkeys(names, unused))
    stub("symmcd.pl_modules")
    stub("symmcd.pl_modules.model", build_mlp=unused)
    path = folder / "symmcd" / "pl_modules" / "cspnet.py"
    if not path.exists():
        raise SystemExit(f"{path} is missing: clone https://github.com/sibasmarak/SymmCD and name its folder.")
    spec = importlib.util.spec_from_file_location("reference_cspnet", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.CSPNet(
        hidden_dim=1024,
        latent_dim=512,
        time_dim=10 + 512,
        num_layers=8,
        max_atoms=94,
        num_freqs=128,
        ln=True,
        ip=False,
        use_ks=True,
        use_gt_frac_coords=True,
        use_site_symm=True,
        smooth=True,
        pred_type=True,
        pred_site_symm_type=True,
        site_symm_matrix_embed=True,
    ).eval()


def median_seconds(call: Callable[[], object], repeats: int) -> float:
    """Median time of a call after one that is not counted."""
    call()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return sorted(times)[repeats // 2]


def training_seconds(network: torch.nn.Module, call: Callable[[], tuple[Tensor, ...]], repeats: int) -> float:
    """Median time of forward and backward."""

    def step() -> None:
        network.zero_grad(set_to_none=True)
        torch.stack([part.float().sum() for part in call()]).sum().backward()

    with torch.enable_grad():
        return median_seconds(step, repeats)


@torch.no_grad()
def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reference", type=Path, required=True, help="folder of the public SymmCD code")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--orbits", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--count", type=int, default=256, help="crystals of the end-to-end runs")
    parser.add_argument("--steps", type=int, nargs="+", default=[100])
    arguments = parser.parse_args()
    batch, orbits, repeats = arguments.batch, arguments.orbits, arguments.repeats
    reference = reference_network(arguments.reference)
    encoding = torch.as_tensor(tables().encoding)
    sizes = {"published size": NetworkConfig(hidden=1024, layers=8, frequencies=128, node_frequencies=128)}
    generator = registry.load("", "cpu")
    sizes["shipped size"] = generator.network.config

    group, t, k = torch.randint(1, 231, (batch,)), torch.rand(batch), torch.randn(batch, 6)
    elements, classes = torch.randint(0, 94, (batch, orbits)), torch.randint(0, 13, (batch, orbits, 15))
    x = torch.rand(batch, orbits, 3)
    node = torch.arange(batch).repeat_interleave(orbits)
    many = torch.full((batch,), orbits)
    symmetry = torch.nn.functional.one_hot(classes, 13).float().reshape(batch * orbits, -1)
    one_hot = torch.nn.functional.one_hot(elements, 94).float().reshape(batch * orbits, -1)
    condition = torch.randn(batch, 10 + 512)

    def published() -> tuple[Tensor, ...]:
        return reference(
            condition, one_hot, x.reshape(-1, 3), k, torch.eye(3).expand(batch, 3, 3), many, node, symmetry
        )

    count = sum(p.numel() for p in reference.parameters())
    slow = median_seconds(published, repeats)
    rate = batch / slow / PUBLISHED_CALLS
    print(f"{torch.get_num_threads()} threads, batch {batch}, {orbits} orbits")
    print(
        f"public code, {count:,} parameters, fp32: {slow * 1e3:.0f} ms a call, {rate:.3f} structures/s in 2,000 calls"
    )
    slow_step = training_seconds(reference, published, repeats)
    print(f"public code, training step: {batch / slow_step:.1f} structures/s")
    for name, config in sizes.items():
        network = Denoiser(config, encoding).eval()
        for bf16 in (False, True):
            with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
                call = partial(network, group, t, k, elements, classes, x)
                seconds, step = median_seconds(call, repeats), training_seconds(network, call, repeats)
            kind = "bf16" if bf16 else "fp32"
            print(
                f"ours, {name}, {kind}: {seconds * 1e3:.0f} ms a call, ratio {slow / seconds:.1f};"
                f" training {batch / step:.1f} structures/s, ratio {slow_step / step:.1f}"
            )
    for steps in arguments.steps:
        request = DesignRequest(count=arguments.count, seed=1, options={"steps": steps})
        started = time.perf_counter()
        right = 0
        for chunk in range(-(-arguments.count // generator.chunk_size)):
            right += int(has_its_symmetry(generator.sample_units(request, chunk)).sum())
        ours = arguments.count / (time.perf_counter() - started)
        share = right / arguments.count
        print(f"ours end to end, {steps} steps: {ours:.2f} structures/s, ratio {ours / rate:.0f}; {share:.1%} hold")


if __name__ == "__main__":
    main()
