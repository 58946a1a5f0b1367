"""Which known crystals that no training saw a model finds again, in the manner of Sultanov et al.

    python benchmarks/rediscovery.py --model DIR --reference mp20_like.parquet --folder OUT

The crystals: of the held-out ones with two elements or more that match no crystal of the training set
(StructureMatcher's defaults), the first ``--each`` of each of the six crystal families, in an order that a seed
decides. Each is asked for ``--samples`` times by composition, atoms of the primitive cell (at most) and space group,
and as published by the number of inequivalent atoms of each element (``--told composition`` leaves that out); Wyckoff
positions are drawn. Found is what matches by StructureMatcher's defaults before or after relaxation by CHGNet (of a
crystal found before only the best sample is relaxed); RMSD in units of (V/N)^(1/3). Everything is kept in ``--folder``:
a run that was stopped goes on.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import held_out
import matches
import numpy as np
from requested_structures import moved, relaxed

from crystal_studio.crystal.lattice import family_rows
from crystal_studio.crystal.space_groups import tables
from crystal_studio.data.datasets import load
from crystal_studio.evaluation import matching
from crystal_studio.evaluation.parallel import Workers

FAMILIES = ("triclinic", "monoclinic", "orthorhombic", "tetragonal", "hexagonal", "cubic")


def chosen(held: held_out.HeldOut, reference: Path, each: int, workers: int) -> held_out.HeldOut:
    """The crystals to be found, family by family."""
    train = load(reference, "train").structures
    with Workers(workers) as pool:
        twins, _ = matching.known(held.cells, train, pool, "Crystals in the training set")
    elements = np.array([len(set(held.cells.cell(i)[1].tolist())) for i in range(len(held))])
    families = family_rows(held.units.space_group)
    free = (twins < 0) & (elements > 1)
    return held.take([i for k in range(len(FAMILIES)) for i in np.flatnonzero(free & (families == k))[:each].tolist()])


def least(found: matches.Found) -> float | None:
    """Least RMSD of those that match by the defaults."""
    value = matches.best(found, 1)
    return round(value, 4) if np.isfinite(value) else None


def worth_relaxing(found: matches.Found) -> np.ndarray:
    """The best sample of a crystal that is found already, else all of them."""
    least = [np.inf if pair[1] is None else pair[1] for pair in found]
    return np.array([int(np.argmin(least))]) if np.isfinite(least).any() else np.arange(len(found))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="folder of a trained model")
    parser.add_argument("--reference", type=Path, required=True, help="data with a column 'split'")
    parser.add_argument("--folder", type=Path, required=True, help="where everything is kept")
    parser.add_argument("--each", type=int, default=6, help="crystals of a family")
    parser.add_argument("--samples", type=int, default=50)
    parser.add_argument("--told", choices=["orbits", "composition"], default="orbits")
    held_out.add_how(parser)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=0)
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    held = chosen(held_out.read(args.reference, 0, args.seed), args.reference, args.each, args.workers)
    name = f"{args.told}-{args.seed}-{held_out.stamp(args.model, args)}"
    with_orbits = args.told == "orbits"
    asked = held_out.questions(held, args.model, args.samples, True, args.seed, held_out.how(args), with_orbits)
    answers = held_out.answers(asked, args.folder / f"answers-{name}.jsonl", args.workers, block=1)
    made = {str(row): held_out.cells(answers[row]) for row in held.rows}
    true = {str(row): held.cells.take(np.array([i])) for i, row in enumerate(held.rows)}
    compared = args.folder / f"matches-{name}.jsonl"
    before = matches.judge({key: (true[key], cells) for key, cells in made.items()}, compared, args.workers)
    part = {key: cells.take(worth_relaxing(before[key])) for key, cells in made.items() if len(cells)}
    outcomes = relaxed(part, args.folder / "relaxed.jsonl", args.workers)
    pairs = {f"{key} relaxed": (true[key], moved(part[key], outcomes[key])) for key in outcomes}
    after = matches.judge(pairs, compared, args.workers)
    lines: list[dict[str, Any]] = []
    for i, key in enumerate(made):
        group = int(held.units.space_group[i])
        lines.append(
            {
                "formula": held.formulas[i],
                "id": held.ids[i],
                "group": f"{tables().symbol[group - 1]} ({group})",
                "family": FAMILIES[int(family_rows(np.array([group]))[0])],
                "atoms": held.atoms[i],
                "samples": len(before[key]),
                "matching": sum(pair[1] is not None for pair in before[key]),
                "RMSD": least(before[key]),
                "matching relaxed": sum(pair[1] is not None for pair in after.get(f"{key} relaxed", [])),
                "RMSD relaxed": least(after.get(f"{key} relaxed", [])),
            }
        )
        print(json.dumps(lines[-1]))
    found = [sum(line[column] is not None for line in lines) for column in ("RMSD", "RMSD relaxed")]
    either = sum(line["RMSD"] is not None or line["RMSD relaxed"] is not None for line in lines)
    print(f"of {len(lines)}: {found[0]} before, {found[1]} after relaxation, {either} in all")
    (args.folder / f"found-{name}.json").write_text(json.dumps(lines, indent=1))


if __name__ == "__main__":
    main()
