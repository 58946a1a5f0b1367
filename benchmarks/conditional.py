"""COV-P, COV-R and both Fréchet distances of crystals made to the compositions and groups of held-out ones.

    python benchmarks/conditional.py --reference mp20_like.parquet --folder OUT \
        --model models/adaptive-cell-mp20-like --model models/symmcd-mp20-like

Each model answers one request for each held-out crystal: its composition, a primitive cell of at most its atoms, its
space group, one candidate; with ``--again N`` the first N crystals are asked for once more, by another seed. Beside
them stand real crystals: as many of the training split, drawn at random (what a perfect model of the distribution,
told nothing, would give) and the two halves of the held-out ones against each other.
Fréchet distances fall with the number of crystals, so sizes are given. Answers are kept in ``--folder``: a run that was
stopped goes on.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import held_out
import numpy as np
import pandas as pd

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.lattice import cell_parameters
from crystal_studio.evaluation.plan import EvaluationPlan
from crystal_studio.evaluation.report import evaluate
from crystal_studio.generators import registry
from crystal_studio.training.crystals import splits

FIGURES = (
    "structural_validity",
    "symmetry_kept_0.1",
    "symmetry_raised_0.1",
    "cov_precision",
    "cov_recall",
    "frechet_crystalnn",
    "frechet_chgnet",
)
SECOND_SEED = 100_000
LEFT_OUT = ("distances", "templates", "unique", "novel", "relaxation")


def written(cells: Structures, file: Path, groups: list[int] | None = None) -> Path:
    """A file that ``crystal-studio evaluate`` reads."""
    table: dict[str, Any] = {
        "lattice": cell_parameters(cells.lattice).tolist(),
        "atomic_numbers": [cells.cell(i)[1].tolist() for i in range(len(cells))],
        "frac_coords": [cells.cell(i)[2].ravel().tolist() for i in range(len(cells))],
    }
    if groups:
        table["asked_space_group"] = groups
    pd.DataFrame(table).to_parquet(file)
    return file


def judged(name: str, generated: Path, reference: Path, workers: int) -> dict[str, Any]:
    """One row of the table."""
    document = evaluate(EvaluationPlan(generated, reference, skip=LEFT_OUT, workers=workers))
    found, sizes = document["metrics"], [document[k]["entries"] for k in ("generated", "reference")]
    figures = {figure: round(found[figure]["value"], 4) for figure in FIGURES if figure in found}
    return {"set": name, "made": sizes[0], "reference": sizes[1], **figures}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reference", type=Path, required=True, help="data with a column 'split'")
    parser.add_argument("--folder", type=Path, required=True, help="where everything is kept")
    parser.add_argument("--model", type=Path, action="append", default=[], help="folder of a model (repeatable)")
    parser.add_argument("--count", type=int, default=0, help="held-out crystals, 0 for all")
    parser.add_argument("--again", type=int, default=0, help="crystals that are asked for twice")
    held_out.add_how(parser)
    parser.add_argument("--workers", type=int, default=0)
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    held = held_out.read(args.reference, args.count)
    true = written(held.cells, args.folder / "held_out.parquet")
    rows = []
    for model in args.model:
        card = registry.read_card(model)
        name = f"{card.name}-{held_out.stamp(model, args)}"
        groups_of = dict(zip(held.rows, held.units.space_group.tolist(), strict=True))
        made = []
        for kind, part, seed in (("answers", held, 0), ("again", held.take(range(args.again)), SECOND_SEED)):
            asked = held_out.questions(part, model, 1, True, seed, held_out.how(args))
            answers = held_out.answers(asked, args.folder / f"{kind}-{name}.jsonl", args.workers) if asked else {}
            made += [(held_out.cells(answer), groups_of[row]) for row, answer in answers.items() if answer["cells"]]
        cells, groups = Structures.concatenate(one for one, _ in made), [group for _, group in made]
        made_file = written(cells, args.folder / f"answers-{name}.parquet", groups)
        refused = len(held) + args.again - len(made)
        rows.append({**judged(card.name, made_file, true, args.workers), "refused": refused})
        print(json.dumps(rows[-1]), flush=True)
    train = splits(args.reference, 42)[0]
    drawn = train.structures.take(np.random.default_rng(0).permutation(len(train))[: len(held)])
    rows.append(judged("training crystals", written(drawn, args.folder / "train.parquet"), true, args.workers))
    half = len(held) // 2
    first, second = (
        written(held.cells.take(np.arange(*ends)), args.folder / f"half{ends[0]}.parquet")
        for ends in ((0, half), (half, len(held)))
    )
    rows.append(judged("half of the held-out, other half", first, second, args.workers))
    for line in rows[-2:]:
        print(json.dumps(line))
    (args.folder / "conditional.json").write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
