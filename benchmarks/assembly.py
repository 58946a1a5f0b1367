"""Assembly of known frameworks taken apart: all at once, beside one at a time with L-BFGS-B as MOFDiff's authors do.

    python benchmarks/assembly.py --count 50 --reference 10 [--folder FOLDER]

Blocks, their places and the cell are kept, orientations and connections are forgotten. A framework is met where every
connection joins points at most 1.5 A apart, and found where moreover its atoms are within 0.5 A (root mean square) of
the known ones, block by block, atoms of an element being alike; of the same net where its MOF key is the known one.
The blocks of the library are the nearest of their kind, so that even the known orientations leave gaps: the first row.

The reference is written anew from the paper (Fu et al., ICLR 2024) on the same connection points: axis-angle, three
rounds with sigma 3.0, 1.65, 0.3 A and 30, 15, 1 neighbours of a point, at most 200 iterations each, one random start,
derivatives by torch in double precision. Times are processor seconds of a process with one thread.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment, minimize

from crystal_studio.mof import library as stored
from crystal_studio.mof.assemble import FARTHEST, assemble
from crystal_studio.mof.blocks import LINKER, NODE
from crystal_studio.mof.ends import point_table
from crystal_studio.mof.key import keys_of_mofs
from crystal_studio.mof.searching import Search

NEAR = 0.5


def deviation(mofs, blocks, i: int, rotation) -> float:
    """Root mean square distance of the atoms of framework i from the known ones, Angstrom."""
    total, count = 0.0, 0
    start = int(mofs.offsets[i])
    for k, row in enumerate(range(start, int(mofs.offsets[i + 1]))):
        rows = blocks.atoms(int(mofs.block[row]))
        numbers, places = blocks.numbers[rows], blocks.positions[rows]
        known, found = places @ mofs.rotation[row].T, places @ rotation[k].T
        cost = ((known[:, None] - found[None]) ** 2).sum(-1)
        cost[numbers[:, None] != numbers[None]] = 1e6
        pairs = linear_sum_assignment(cost)
        total, count = total + cost[pairs].sum(), count + len(numbers)
    return float(np.sqrt(total / count))


def gaps(mofs, blocks, i: int, rotation) -> np.ndarray:
    """Distances of connection points joined in the best way, Angstrom."""
    places = []
    for kind in (NODE, LINKER):
        table = point_table(mofs, blocks, i, kind)
        rows = int(mofs.offsets[i]) + table[:, 0]
        local = blocks.points[blocks.point_offsets[mofs.block[rows]] + table[:, 1]]
        places.append(np.einsum("nij,nj->ni", rotation[table[:, 0]], local) + mofs.positions[rows] @ mofs.lattice[i])
    images = _images(mofs.lattice[i])
    square = ((places[1][None, :, None] + images - places[0][:, None, None]) ** 2).sum(-1).min(-1)
    return np.sqrt(square[linear_sum_assignment(square)])


def _images(lattice) -> np.ndarray:
    return np.stack(np.meshgrid(*[np.arange(-2, 3)] * 3, indexing="ij"), -1).reshape(-1, 3) @ lattice


def one_at_a_time(mofs, blocks, i: int, seed: int) -> np.ndarray:
    """Rotations of the blocks of framework i by annealed L-BFGS-B."""
    import torch

    start, n = int(mofs.offsets[i]), int(mofs.n_blocks[i])
    sides = []
    for kind in (NODE, LINKER):
        table = point_table(mofs, blocks, i, kind)
        rows = start + table[:, 0]
        local = blocks.points[blocks.point_offsets[mofs.block[rows]] + table[:, 1]]
        sides.append((table[:, 0], torch.as_tensor(local), torch.as_tensor(mofs.positions[rows] @ mofs.lattice[i])))
    images = torch.as_tensor(_images(mofs.lattice[i]))

    def matrices(turn):
        angle = (turn.square().sum(-1) + 1e-12).sqrt()
        x, y, z = (turn / angle[:, None]).unbind(-1)
        zero = torch.zeros_like(x)
        cross = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).reshape(-1, 3, 3)
        sine, cosine = angle.sin()[:, None, None], angle.cos()[:, None, None]
        return torch.eye(3, dtype=turn.dtype) + sine * cross + (1 - cosine) * (cross @ cross)

    def objective(flat, sigma, near):
        turn = torch.as_tensor(flat.reshape(n, 3)).requires_grad_(True)
        turned = matrices(turn)
        a, b = (torch.einsum("nij,nj->ni", turned[owner], local) + origin for owner, local, origin in sides)
        with torch.no_grad():
            square = (b[None, :, None] + images - a[:, None, None]).square().sum(-1).reshape(len(a), -1)
            chosen = square.topk(min(near, square.shape[1]), largest=False).indices
        apart = b[chosen // len(images)] + images[chosen % len(images)] - a[:, None]
        score = -torch.exp(-(apart.square().sum(-1) + 1e-12).sqrt() / sigma).sum() / len(a)
        (slope,) = torch.autograd.grad(score, turn)
        return float(score.detach()), slope.numpy().ravel()

    flat = np.random.default_rng([seed, i]).normal(size=3 * n)
    for sigma, near in ((3.0, 30), (1.65, 15), (0.3, 1)):
        flat = minimize(objective, flat, (sigma, near), "L-BFGS-B", jac=True, options={"maxiter": 200}).x
    return matrices(torch.as_tensor(flat.reshape(n, 3))).numpy()


def told(name: str, mofs, blocks, wide: list[float], turns: list[np.ndarray], keys: list[bool], seconds: float) -> None:
    off = np.array([deviation(mofs, blocks, i, turn) for i, turn in enumerate(turns)])
    met = np.array(wide) <= FARTHEST
    key = f"same net {sum(keys):3d}" if keys else f"{'':12s}"
    print(
        f"{name:28s} of {len(off):3d} met {met.sum():3d}  found {(met & (off < NEAR)).sum():3d}  {key}  "
        f"widest gap, median {np.median(wide):.2f} A  {1000 * seconds / len(off):8.0f} ms each",
        flush=True,
    )


def displaced(mofs, sigma: float, seed: int):
    """Blocks off by normal errors of ``sigma`` Angstrom along each axis."""
    step = np.random.default_rng(seed).normal(size=mofs.positions.shape) * sigma
    inverse = np.linalg.inv(mofs.lattice)[np.repeat(np.arange(len(mofs)), mofs.n_blocks)]
    return replace(mofs, positions=(mofs.positions + np.einsum("ki,kij->kj", step, inverse)) % 1.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--reference", type=int, default=10, help="how many of them the reference puts together")
    parser.add_argument("--folder", type=Path, help="blocks.safetensors and mofs.safetensors; else those shipped")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--displaced", type=float, default=0.15, help="Angstrom along each axis, for the last row")
    arguments = parser.parse_args()
    if arguments.folder:
        blocks, _ = stored.read_blocks(arguments.folder / "blocks.safetensors")
        mofs, _ = stored.read_mofs(arguments.folder / "mofs.safetensors")
    else:
        blocks, mofs = stored.shipped_blocks(), stored.shipped_mofs()
    import torch

    torch.set_num_threads(1)
    mofs = mofs.take(np.random.default_rng(arguments.seed).permutation(len(mofs))[: arguments.count])
    known = [mofs.rotation[mofs.blocks(i)] for i in range(len(mofs))]
    wide = [gaps(mofs, blocks, i, turn).max() for i, turn in enumerate(known)]
    told("as known", mofs, blocks, wide, known, [], 0.0)
    names = keys_of_mofs(mofs, blocks)
    assemble(mofs.take(np.arange(1)), blocks)  # what is loaded when first needed

    def ours(tag: str, part, given, **options: float) -> float:
        began = time.process_time()
        made = assemble(given, blocks, arguments.seed, Search(**options))
        seconds = time.process_time() - began
        turns = [made.mofs.rotation[part.blocks(i)] for i in range(len(part))]
        keys = [a == b for a, b in zip(names, keys_of_mofs(made.mofs, blocks), strict=False)]
        told(tag, part, blocks, made.widest.tolist(), turns, keys, seconds)
        return seconds

    few = mofs.take(np.arange(min(arguments.reference, len(mofs))))
    first = ours("all at once", few, few)
    began = time.process_time()
    slow = [one_at_a_time(few, blocks, i, arguments.seed) for i in range(len(few))]
    reference = time.process_time() - began
    wide = [gaps(few, blocks, i, turn).max() for i, turn in enumerate(slow)]
    told("L-BFGS-B, one at a time", few, blocks, wide, slow, [], reference)
    print(f"ratio of times {reference / first:.1f}", flush=True)
    ours("all at once", mofs, mofs)
    ours("all at once, displaced", mofs, displaced(mofs, arguments.displaced, arguments.seed))
    held = {"place": 0.0, "strain": 0.0}
    ours("the same, places held", mofs, displaced(mofs, arguments.displaced, arguments.seed), **held)


if __name__ == "__main__":
    main()
