"""Processor time of the quick stages on known crystals.

    python benchmarks/funnel_stages.py --data mp20_like.parquet --count 2000

Crystals drawn from the file, as candidates without asymmetric units, in batches of 256 as a campaign judges them, and
one thread. Printed are microseconds a crystal and how many pass each stage; every stage sees every crystal.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np

from crystal_studio.candidates.batch import Candidates
from crystal_studio.data.datasets import load
from crystal_studio.funnel.context import FunnelContext
from crystal_studio.funnel.protocol import Batch
from crystal_studio.funnel.stages import for_funnel

BATCH = 256


def main() -> None:
    """See the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="parquet file of crystals")
    parser.add_argument("--count", type=int, default=2000, help="crystals to judge")
    arguments = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    whole = load(arguments.data).structures
    chosen = np.sort(np.random.default_rng(0).permutation(len(whole))[: arguments.count])
    cells = whole.take(chosen)
    candidates = Candidates.of_structures(cells)
    context = FunnelContext()
    for stage in for_funnel("quick"):
        if stage.costly or stage.requires:
            continue
        stage(Batch(np.array([0]), candidates.take(np.arange(1))), context.for_worker())  # imports and references
        passed, seconds = 0, 0.0
        for start in range(0, len(cells), BATCH):
            rows = np.arange(start, min(start + BATCH, len(cells)))
            batch = Batch(rows + 1, candidates.take(rows))
            began = time.process_time()
            verdicts = stage(batch, context)
            seconds += time.process_time() - began
            passed += int(verdicts.passed.sum())
        each = 1e6 * seconds / len(cells)
        print(f"{stage.name:12} {each:8.0f} us a crystal, {passed} of {len(cells)} pass", flush=True)


if __name__ == "__main__":
    main()
