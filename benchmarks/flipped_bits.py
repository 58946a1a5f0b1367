"""What single flipped bits do to a project that was never closed: the right data, one clear error, or other data.

python benchmarks/flipped_bits.py --flips 400 --candidates 200
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from project_store import write

from crystal_studio.errors import KnownError
from crystal_studio.project import seal
from crystal_studio.project.queries import ProjectReader

COLUMNS = ["id", "density", "formula", "e_hull", "predicted_e_hull", "energy_per_atom"]
READINGS: dict[str, Callable[[ProjectReader], Any]] = {
    "list": lambda r: repr(r.candidates()),
    "sorted": lambda r: r.ids(sort="e_hull").tolist(),
    "filtered": lambda r: r.ids("e_hull < 0.1 and 'O' in elements or status == 'rejected'").tolist(),
    "verdicts": lambda r: repr([r.verdicts(i) for i in r.ids().tolist()]),
    "structures": lambda r: [a.tobytes() for a in (r.structures(r.ids()).positions, r.units(r.ids()).positions)],
    "columns": lambda r: [np.asarray(v).tolist() for v in r.columns(COLUMNS).values()],
    "runs": lambda r: repr((r.campaigns(), r.methods(), r.funnel(), sorted(r.numbers(1)), r.count())),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flips", type=int, default=400)
    parser.add_argument("--candidates", type=int, default=200)
    asked = parser.parse_args()
    rng = random.Random(1)
    told: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "killed.crystals"
        write(path, asked.candidates, np.random.default_rng(0))
        data = path.read_bytes()[: -seal.LENGTH]
        path.write_bytes(data)
        with ProjectReader(path) as reader:
            right = {name: reading(reader) for name, reading in READINGS.items()}
        for _ in range(asked.flips):
            bit = rng.randrange(8 * len(data))
            changed = bytearray(data)
            changed[bit // 8] ^= 1 << bit % 8
            path.write_bytes(changed)
            try:
                with ProjectReader(path) as reader:
                    wrong = [name for name, reading in READINGS.items() if repr(reading(reader)) != repr(right[name])]
                told["other data" if wrong else "right data"] += 1
                if wrong:
                    print(f"bit {bit}: other data in {', '.join(wrong)}")
            except KnownError:
                told["a clear error"] += 1
            except Exception as error:
                told["a traceback"] += 1
                print(f"bit {bit}: {type(error).__name__}: {error}")
    print(f"{asked.flips} flips in a project of {asked.candidates} candidates ({len(data) / 1e6:.1f} MB):", dict(told))


if __name__ == "__main__":
    main()
