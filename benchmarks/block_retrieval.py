"""How well the block encoder finds building blocks again that it has never seen, cut from other frameworks.

``python benchmarks/block_retrieval.py --records cut.jsonl [--model models/mofdiff-blocks]``

``--records`` is the file that ``python -m crystal_studio.mof.build_blocks`` writes. Of its frameworks those count that
the shipped set lacks, and of their blocks those whose bond graph is in the library: the nearest embedding in it
should have their identity. Blocks within 0.3 A of an entry of the library (near) are told from other shapes (far).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from crystal_studio import paths
from crystal_studio.execution.threads import one_thread
from crystal_studio.generators.mofdiff import block_storage
from crystal_studio.generators.mofdiff.block_encoder import embed
from crystal_studio.generators.mofdiff.decoding import nearest_blocks
from crystal_studio.mof import records
from crystal_studio.mof.block import Block
from crystal_studio.mof.collecting import Collector, blocks_of
from crystal_studio.mof.fragments import Fragments
from crystal_studio.mof.library import shipped_blocks, shipped_mofs


def main() -> None:
    """Print shares for nodes and linkers."""
    one_thread()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=paths.models() / "mofdiff-blocks")
    parser.add_argument("--frameworks", type=int, default=1000, help="of those that the shipped set lacks, at most")
    arguments = parser.parse_args()
    library, kept = shipped_blocks(), set(shipped_mofs().name.tolist())
    identity = {block.key: int(library.identity[i]) for i, block in enumerate(blocks_of(library))}
    shipped, others, frameworks = Collector.of(library), Collector(), 0
    near: list[bool] = []
    for name, result in records.read(arguments.records):
        if name in kept or not isinstance(result, Fragments):
            continue
        frameworks += 1
        for block in result.blocks:
            before = len(others.blocks)
            if block.key in identity and len(block.numbers) <= 200 and others.add(block)[0] == before:
                near.append(shipped.find(block) is not None)
        if frameworks >= arguments.frameworks:
            break
    report(arguments.model, others, near, identity, frameworks)


def report(model: Path, others: Collector, near: list[bool], identity: dict[str, int], frameworks: int) -> None:
    """Print what is found of the blocks that were collected."""
    library = shipped_blocks()

    def of(block: Block) -> int:
        return identity[block.key]

    strange = others.library(of, lambda block: ("", ""))
    network, known, _ = block_storage.read(model)
    found = library.identity[nearest_blocks(embed(network, strange), known)] == strange.identity
    print(f"{len(strange)} shapes of {len(np.unique(strange.identity))} identities in {frameworks} frameworks")
    for title, mask in (("near", np.array(near)), ("far", ~np.array(near))):
        for kind, rows in (("nodes", strange.kind == 0), ("linkers", strange.kind == 1)):
            some = rows & mask
            print(f"{title} {kind}: {some.sum()}, identity found {100 * found[some].mean():.1f}%")
    for i in np.flatnonzero(~found)[:10]:
        print(f"  not found: {strange.formula[i]} with {strange.n_points[i]} connection points")


if __name__ == "__main__":
    main()
