"""The evaluation beside public implementations of its parts, on the same crystals in one run, one process.

    python benchmarks/evaluation.py --data mp20_like.parquet --count 300

Each part is timed in processor seconds, so that other programs do not disturb it:

- reading CIF: gemmi here, pymatgen's parser there
- structural validity: all pairs of a batch here, pymatgen's distance matrices there
- compositional validity: sums of charges here, enumeration with smact there
- templates: moyopy here, spglib there (space groups themselves are spglib's in both)
- uniqueness: prefilter and StructureMatcher here, StructureMatcher.group_structures there; the set holds every
  tenth crystal twice, the second time disturbed

The last column says on how many crystals both agree. At the end stands what a whole evaluation takes.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.composition import reduced_counts
from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.data.datasets import load
from crystal_studio.evaluation import matching, symmetry, validity
from crystal_studio.evaluation.parallel import Workers
from crystal_studio.evaluation.plan import EvaluationPlan
from crystal_studio.evaluation.report import evaluate
from crystal_studio.exchange.entries import of_cif


def timed(function: Callable[[], Any]) -> tuple[Any, float]:
    """Answer and processor seconds."""
    started = time.process_time()
    return function(), time.process_time() - started


def pymatgen_structures(structures: Structures) -> list:
    """One object a crystal."""
    from pymatgen.core import Lattice, Structure

    rows = [structures.atoms(i) for i in range(len(structures))]
    return [
        Structure(Lattice(structures.lattice[i]), structures.numbers[r].tolist(), structures.positions[r])
        for i, r in enumerate(rows)
    ]


def with_copies(structures: Structures, seed: int = 0) -> Structures:
    """The crystals, and every tenth once more with atoms moved by about 0.02 Angstrom."""
    again = structures.take(np.arange(0, len(structures), 10))
    noise = np.random.default_rng(seed).normal(0, 0.02, again.positions.shape)
    moved = again.positions + np.einsum("nj,njk->nk", noise, np.linalg.inv(again.lattice)[again.crystal])
    return Structures.concatenate(
        [structures, Structures(again.lattice, again.offsets, again.numbers, moved % 1.0, again.orbit)]
    )


def by_distance_matrix(crystals: list) -> np.ndarray:
    """The published structural check."""
    found = []
    for crystal in crystals:
        distances = crystal.distance_matrix + np.eye(len(crystal)) * 10
        found.append(distances.min() >= 0.5 and crystal.volume >= 0.1 and max(crystal.lattice.abc) <= 40)
    return np.array(found)


def by_smact(compositions: list) -> np.ndarray:
    """The published check of compositions: every product of oxidation states."""
    import smact
    from smact.screening import pauling_test

    elements = smact.element_dictionary()

    def valid(composition: tuple) -> bool:
        symbols = [SYMBOLS[z] for z, _ in composition]
        if len(symbols) == 1 or all(s in smact.metals for s in symbols):
            return True
        states = [elements[s].oxidation_states_smact14 or () for s in symbols]
        electronegativities = [elements[s].pauling_eneg for s in symbols]
        ratios = [(n,) for _, n in composition]
        return any(
            bool(smact.neutral_ratios(chosen, stoichs=ratios)) and pauling_test(chosen, electronegativities)
            for chosen in itertools.product(*states)
        )

    return np.array([valid(c) for c in compositions])


def grouped(crystals: list) -> np.ndarray:
    """(B,) number of the kind by StructureMatcher.group_structures."""
    from pymatgen.analysis.structure_matcher import StructureMatcher

    number = {id(crystal): k for k, crystal in enumerate(crystals)}
    kinds = np.zeros(len(crystals), int)
    for group in StructureMatcher().group_structures(crystals):
        members = [number[id(crystal)] for crystal in group]
        kinds[members] = min(members)
    return kinds


def rows(structures: Structures) -> list[dict[str, Any]]:
    """One line a part."""
    from pymatgen.core import Structure
    from pymatgen.io.cif import CifWriter

    crystals = pymatgen_structures(structures)
    texts = [str(CifWriter(crystal)) for crystal in crystals]
    pairs = reduced_counts(structures)
    copies = with_copies(structures)
    copied = pymatgen_structures(copies)
    validity.neutral(((11, 1), (17, 1)))  # loads the tables
    validity.neutral.cache_clear()
    matching.unique(copies.take(np.array([0, 0])), Workers(1))  # loads the judge
    parts: list[tuple[str, str, Callable, str, Callable]] = [
        (
            "reading CIF",
            "gemmi",
            lambda: [len(of_cif(t)[1]) for t in texts],
            "pymatgen Structure.from_str",
            lambda: [len(Structure.from_str(t, "cif")) for t in texts],
        ),
        (
            "structural validity",
            "batched distances",
            lambda: validity.structurally_valid(structures, own_images=False),
            "pymatgen distance_matrix",
            lambda: by_distance_matrix(crystals),
        ),
        (
            "compositional validity",
            "sums of charges",
            lambda: [validity.neutral(p) for p in pairs],
            "smact neutral_ratios, pauling_test",
            lambda: by_smact(pairs),
        ),
        (
            "templates",
            "moyopy",
            lambda: symmetry.distinct(symmetry.of_batch(structures, 0.1, "moyopy").template),
            "spglib",
            lambda: symmetry.distinct(symmetry.of_batch(structures, 0.1, "spglib").template),
        ),
        (
            "uniqueness",
            "prefilter and StructureMatcher",
            lambda: matching.unique(copies, Workers(1)).first,
            "StructureMatcher.group_structures",
            lambda: grouped(copied),
        ),
    ]
    symmetry.distinct(symmetry.of_batch(structures, 0.1, "moyopy").template)  # normalizers, once a process
    found = []
    for name, here, ours, there, theirs in parts:
        mine, spent = timed(ours)
        other, longer = timed(theirs)
        agree = int((np.asarray(mine) == np.asarray(other)).sum())
        found.append(
            {
                "part": name,
                "crystals": len(np.asarray(mine)),
                "ours": here,
                "reference": there,
                "ours_ms": 1e3 * spent / len(np.asarray(mine)),
                "reference_ms": 1e3 * longer / len(np.asarray(mine)),
                "ratio": longer / max(spent, 1e-9),
                "agree": agree,
            }
        )
        print(json.dumps(found[-1]), flush=True)
    return found


def main() -> None:
    """Print one JSON line a part, a Markdown table, and the seconds of a whole evaluation."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="parquet file with a column 'split' (train, val)")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("evaluation-sample.parquet"), help="sample that is evaluated")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")

    train = load(arguments.data, "train")
    chosen = np.sort(np.random.default_rng(0).permutation(len(train))[: arguments.count])
    table = rows(train.structures.take(chosen))
    names = list(table[0])
    print("| " + " | ".join(names) + " |\n|" + "---|" * len(names))
    for row in table:
        print("| " + " | ".join(f"{row[n]:.3g}" if isinstance(row[n], float) else str(row[n]) for n in names) + " |")

    frame = pd.read_parquet(arguments.data)
    frame[frame["split"] == "train"].iloc[chosen].to_parquet(arguments.out)
    started = time.process_time()
    report = evaluate(
        EvaluationPlan(
            arguments.out, reference=arguments.data, split="val", train=arguments.data, workers=arguments.workers
        )
    )
    spent = f", {time.process_time() - started:.1f} processor seconds in all" if arguments.workers == 1 else ""
    print(f"evaluation of {arguments.count}{spent}: {json.dumps(report['seconds'])}")


if __name__ == "__main__":
    main()
