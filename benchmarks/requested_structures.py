"""How often a generator finds a held-out crystal when it is asked for its composition as a designer asks.

    python benchmarks/requested_structures.py --model DIR --reference mp20_like.parquet --folder OUT --group told
    python benchmarks/requested_structures.py --model DIR --reference mp20_like.parquet --folder OUT --group sampled

Asked are the composition, a primitive cell of at most the crystal's atoms, and its space group or none; Wyckoff
positions (and groups) are drawn as in any request. A crystal is found when pymatgen's StructureMatcher matches it by
the published tolerances of structure prediction (stol 0.5, ltol 0.3, angle 10 degrees) or by its defaults. Of several
samples one that matches is enough, the least RMSD counts; "lowest" is the relaxed sample of the lowest energy.
Relaxed by CHGNet as ``crystal-studio evaluate`` does: the first sample of all, all samples of the first ``--relax-all``
crystals. Samples, comparisons and relaxations are kept in ``--folder``: a run that was stopped goes on.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import held_out
import matches
import numpy as np

from crystal_studio.candidates.share import wilson
from crystal_studio.crystal.batches import Structures
from crystal_studio.evaluation.relaxing import Relaxed, Settings, relax


def relaxed(made: dict[str, Structures], cache: Path, workers: int) -> dict[str, list[Relaxed]]:
    """The relaxations of all crystals of each name."""
    if not made:
        return {}
    together = Structures.concatenate(made.values())
    found = relax(together, Settings(), workers, cache)
    rows = iter(range(len(together)))
    return {name: [found[next(rows)] for _ in range(len(cells))] for name, cells in made.items()}


def moved(made: Structures, outcomes: list[Relaxed]) -> Structures:
    """The relaxed crystals; those that could not be relaxed as they were."""
    cells = []
    for i, outcome in enumerate(outcomes):
        lattice, numbers, positions = made.cell(i)
        if outcome.lattice is not None and outcome.positions is not None:
            lattice, positions = outcome.lattice, outcome.positions
        cells.append((lattice, numbers, positions))
    return Structures.from_lists(*zip(*cells, strict=True))


def row(name: str, found: Iterable[matches.Found], **more: Any) -> dict[str, Any]:
    """One line of the table."""
    found = list(found)
    line: dict[str, Any] = {"what": name, "crystals": len(found), **more}
    for column, label in ((0, "published"), (1, "default")):
        least = np.array([matches.best(one, column) for one in found])
        hits = int(np.isfinite(least).sum())
        low, high = wilson(hits, len(found))
        line[label] = f"{hits / len(found):.1%} [{low:.1%}, {high:.1%}]"
        line[f"RMSD {label}"] = round(float(np.nanmean(least)), 4) if hits else None
    return line


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="folder of a trained model")
    parser.add_argument("--reference", type=Path, required=True, help="data with a column 'split'")
    parser.add_argument("--folder", type=Path, required=True, help="where everything is kept")
    parser.add_argument("--group", choices=["told", "sampled"], default="told")
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--samples", type=int, default=20)
    held_out.add_how(parser)
    parser.add_argument("--relax-one", type=int, default=500, help="crystals of which one sample is relaxed")
    parser.add_argument("--relax-all", type=int, default=100, help="crystals of which all samples are relaxed")
    parser.add_argument("--workers", type=int, default=0)
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    held = held_out.read(args.reference, args.count)
    asked = held_out.questions(held, args.model, args.samples, args.group == "told", how=held_out.how(args))
    name = f"{args.group}-{held_out.stamp(args.model, args)}"
    answers = held_out.answers(asked, args.folder / f"answers-{name}.jsonl", args.workers)
    made = {str(row): held_out.cells(answers[row]) for row in held.rows}
    true = {str(row): held.cells.take(np.array([i])) for i, row in enumerate(held.rows)}
    compared = args.folder / f"matches-{name}.jsonl"
    before = matches.judge({key: (true[key], made[key]) for key in made}, compared, args.workers)
    spent = sum(answer["seconds"] for answer in answers.values()) / max(1, sum(map(len, made.values())))
    about = {
        "group": args.group,
        "weights": held_out.stamp(args.model, args),
        "refused": sum(not len(m) for m in made.values()),
    }
    lines = [
        row("1 sample", (found[:1] for found in before.values())),
        row(f"{args.samples} samples", before.values(), seconds_a_sample=round(spent, 4)),
    ]
    ones = {f"{key} 1": made[key].take(np.arange(len(made[key]))[:1]) for key in list(made)[: args.relax_one]}
    alls = {f"{key} all": made[key] for key in list(made)[: args.relax_all]}
    for sort, part in (("1", ones), ("all", alls)):
        part = {key: cells for key, cells in part.items() if len(cells)}
        outcomes = relaxed(part, args.folder / "relaxed.jsonl", args.workers)
        pairs = {key: (true[key.split()[0]], moved(part[key], outcomes[key])) for key in part}
        after = matches.judge(pairs, compared, args.workers)
        if not after:
            continue
        was = [before[key.split()[0]][: None if sort == "all" else 1] for key in part]
        lines += [row(f"{sort}, the same crystals, not relaxed", was), row(f"{sort}, relaxed", after.values())]
        if sort == "all":
            lowest = [int(np.nanargmin([np.inf, *(o.energy for o in outcomes[key])])) for key in part]
            chosen = [found[i - 1 : i] if i else [] for found, i in zip(after.values(), lowest, strict=True)]
            lines.append(row("lowest of all, relaxed", chosen))
    with (args.folder / "table.jsonl").open("a") as out:
        for line in lines:
            text = json.dumps({**about, **line})
            print(text)
            out.write(text + "\n")


if __name__ == "__main__":
    main()
