"""Assembly of known frameworks taken apart: all at once, beside one at a time with L-BFGS-B as MOFDiff's authors do.

    python benchmarks/assembly.py --count 100 [--folder FOLDER]

Blocks, their places and the cell are kept, orientations and connections are forgotten. A framework is met where every
connection joins points at most 1.5 A apart, and found where moreover its atoms are within 0.5 A (root mean square) of
the known ones, block by block, atoms of an element being alike. The blocks of the library are the nearest of their
kind, so that even the known orientations leave gaps: the first row.

The reference is written anew from the paper (Fu et al., ICLR 2024) on the same connection points: axis-angle, three
rounds with sigma 3.0, 1.65, 0.3 A and 30, 15, 1 neighbours of a point, at most 200 iterations each, one random start,
derivatives by torch in double precision. Times are processor seconds of a process with one thread.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment, minimize

from crystal_studio.mof import library as stored
from crystal_studio.mof.assemble import FARTHEST, assemble
from crystal_studio.mof.blocks import LINKER, NODE
from crystal_studio.mof.ends import point_table

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


def told(name: str, met: list[bool], found: list[float], widths: list[float], seconds: float) -> None:
    count, right = len(met), np.array(met) & (np.array(found) < NEAR)
    middle = np.median(np.array(found)[np.array(met)]) if any(met) else np.nan
    print(
        f"{name:34s} met {sum(met):4d}/{count}  found {right.sum():4d}/{count}  median deviation of those met "
        f"{middle:.3f} A  median gap {np.median(widths):.3f} A  {1000 * seconds / count:8.1f} ms each"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--folder", type=Path, help="blocks.safetensors and mofs.safetensors; else those shipped")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    if arguments.folder:
        blocks, _ = stored.read_blocks(arguments.folder / "blocks.safetensors")
        mofs, _ = stored.read_mofs(arguments.folder / "mofs.safetensors")
    else:
        blocks, mofs = stored.shipped_blocks(), stored.shipped_mofs()
    import torch

    torch.set_num_threads(1)
    rows = np.random.default_rng(arguments.seed).permutation(len(mofs))[: arguments.count]
    mofs = mofs.take(rows)
    known = [mofs.rotation[mofs.blocks(i)] for i in range(len(mofs))]
    wide = [gaps(mofs, blocks, i, turn) for i, turn in enumerate(known)]
    told("as known", [w.max() <= FARTHEST for w in wide], [0.0] * len(mofs), [w.max() for w in wide], 0.0)
    assemble(mofs.take(np.arange(1)), blocks)  # what is loaded when first needed
    slow: list[np.ndarray] = []
    began = time.process_time()
    for i in range(len(mofs)):
        slow.append(one_at_a_time(mofs, blocks, i, arguments.seed))
    reference = time.process_time() - began
    wide = [gaps(mofs, blocks, i, turn) for i, turn in enumerate(slow)]
    off = [deviation(mofs, blocks, i, turn) for i, turn in enumerate(slow)]
    told(
        "L-BFGS-B, one at a time, 1 start", [w.max() <= FARTHEST for w in wide], off, [w.max() for w in wide], reference
    )
    began = time.process_time()
    made = assemble(mofs, blocks, arguments.seed)
    seconds = time.process_time() - began
    turns = [made.mofs.rotation[mofs.blocks(i)] for i in range(len(mofs))]
    off = [deviation(mofs, blocks, i, turn) for i, turn in enumerate(turns)]
    told("all at once", made.made.tolist(), off, made.widest.tolist(), seconds)
    print(f"{'':34s} {reference / seconds:.1f} times as fast")


if __name__ == "__main__":
    main()
