"""Nodes of known frameworks that the library has in several shapes: how often the shape is told from the places alone.

    python benchmarks/node_shapes.py --count 200

Each framework once as it is (a shape that is changed is a fault) and once with each such node exchanged for another
shape of its bond graph, drawn at random (one that is not changed back is a fault).
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace

import numpy as np

from crystal_studio.mof.blocks import NODE
from crystal_studio.mof.contents import stem_of
from crystal_studio.mof.library import shipped_blocks, shipped_mofs
from crystal_studio.mof.shapes import fitting_shapes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    random = np.random.default_rng(arguments.seed)
    library, mofs = shipped_blocks(), shipped_mofs()
    stems = np.array([stem_of(name) for name in library.name.tolist()], object)
    others = {
        k: np.setdiff1d(np.flatnonzero((stems == stems[k]) & (library.kind == NODE)), [k])
        for k in np.flatnonzero(library.kind == NODE).tolist()
    }
    several = np.array([len(others.get(k, ())) > 0 for k in mofs.block.tolist()])
    with_several = [i for i in range(len(mofs)) if several[mofs.blocks(i)].any()]
    few = mofs.take(random.permutation(with_several)[: arguments.count])
    owner = np.repeat(np.arange(len(few)), few.n_blocks)
    wrong = few.block.copy()
    for i, k in sorted({(i, k) for i, k in zip(owner.tolist(), few.block.tolist(), strict=True)}):
        if len(others.get(k, ())):
            wrong[(owner == i) & (few.block == k)] = random.choice(others[k])
    asked = sorted({(i, k) for i, k, w in zip(owner, few.block, wrong, strict=True) if k != w})
    for tag, block in (("as they are", few.block), ("exchanged", wrong)):
        began = time.process_time()
        found = fitting_shapes(replace(few, block=block), library).block
        seconds = time.process_time() - began
        right = sum(bool((found[(owner == i) & (few.block == k)] == k).all()) for i, k in asked)
        print(f"{tag}: {right} of {len(asked)} nodes right, {1000 * seconds / len(few):.0f} ms a framework", flush=True)


if __name__ == "__main__":
    main()
