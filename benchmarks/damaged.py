"""Damaged crystals through the quick funnel: nothing crashes, nothing hangs, and every rejection has a reason.

    python benchmarks/damaged.py --count 3000 --seed 1

Crystals of the shipped generator and pymatgen's AFLOW prototypes are damaged: lattices scaled, stretched, flattened,
skewed and broken, atoms moved onto one another or nowhere, elements exchanged for exotic ones and for none, cells
repeated and filled, CIF texts cut and mistyped. What can be read goes through the stages without relaxation, as a
campaign takes it through them (what passed one goes on to the next) and once more whatever the other stages say.
Blocks of candidates are judged in processes of their own, under a limit of time; a block that dies or runs out of it
is judged one by one. The exit code is 1 where anything crashed, hung, or was rejected without a reason.
"""

from __future__ import annotations

import argparse
import collections
import logging
import os
import sys
from dataclasses import dataclass, field

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
from damage import Damaged, damaged, originals

from crystal_studio.candidates.batch import Candidates
from crystal_studio.candidates.verdicts import PASSED, Verdicts
from crystal_studio.crystal.batches import Structures
from crystal_studio.exchange.cif import cif_text
from crystal_studio.exchange.entries import of_cif
from crystal_studio.execution.local import LocalEngine
from crystal_studio.execution.mapping import each
from crystal_studio.execution.protocol import Done, TimedOut
from crystal_studio.funnel.context import FunnelContext
from crystal_studio.funnel.protocol import Batch
from crystal_studio.funnel.reasons import sentence
from crystal_studio.funnel.run_stage import run
from crystal_studio.funnel.stages import stages

QUICK = ("geometry", "composition", "symmetry", "uniqueness", "novelty", "properties")
BLOCK, SECONDS = 25, 240.0


@dataclass
class Judged:
    """What became of one input: why it was not read, and by pass and stage (status, reason)."""

    unread: str = ""
    campaign: dict[str, tuple[str, str]] = field(default_factory=dict)
    alone: dict[str, tuple[str, str]] = field(default_factory=dict)


def told(stage: str, verdicts: Verdicts, k: int) -> tuple[str, str]:
    reason = verdicts.reasons[k]
    return verdicts.status[k], "" if reason is None else sentence(stage, reason.code, reason.parameters)


def judge(items: list[Damaged]) -> list[Judged]:
    """All of a block: what can be read, by every stage."""
    logging.getLogger("crystal_studio.funnel").setLevel(logging.CRITICAL)
    answers, rows, cells = [Judged() for _ in items], [], []
    for k, item in enumerate(items):
        try:
            cell = item.cell or of_cif(item.text)
            rows.append(k)
            cells.append(cell)
        except Exception as error:  # as the readers take whatever a parser raises
            answers[k].unread = f"{error}" or type(error).__name__
    if not rows:
        return answers
    with np.errstate(all="ignore"):
        structures = Structures.from_lists(*zip(*cells, strict=True))
    # Every other one is asked to have a group, whichever.
    asked = np.array([k % 2 * (k * 37 % 230 + 1) for k in rows], np.int16)
    whole = Batch(np.arange(1, len(rows) + 1), Candidates.of_structures(structures, asked))
    on, left = whole, np.array(rows)
    context, other = FunnelContext(), FunnelContext()
    for stage in stages(QUICK):
        every = run(stage, whole, other)
        for k, row in enumerate(rows):
            answers[row].alone[stage.name] = told(stage.name, every, k)
        if not len(left):
            continue
        verdicts = run(stage, on, context)
        for k, row in enumerate(left.tolist()):
            answers[row].campaign[stage.name] = told(stage.name, verdicts, k)
        on, left = on.take(verdicts.passed), left[verdicts.passed]
    return answers


def report(inputs: list[Damaged], answers: dict[int, Judged], bad: dict[int, str]) -> bool:
    """Prints the counts; whether all is well."""
    print(f"{'damage':18} inputs unread passed rejected  error   hung   died | errors of a stage alone")
    total: collections.Counter[str] = collections.Counter()
    by_stage: collections.Counter[tuple[str, str]] = collections.Counter()
    silent = []
    for name in dict.fromkeys(item.damage for item in inputs):
        count: collections.Counter[str] = collections.Counter()
        for i, item in enumerate(inputs):
            if item.damage != name:
                continue
            count["inputs"] += 1
            if i in bad:
                count[bad[i]] += 1
                continue
            answer = answers[i]
            last = list(answer.campaign.items())[-1:]
            count["unread" if answer.unread else last[0][1][0]] += 1
            count["alone"] += any(status == "error" for status, _ in answer.alone.values())
            by_stage.update((stage, status) for stage, (status, _) in last if status != PASSED)
            said = [*answer.campaign.items(), *answer.alone.items()]
            silent += [(i, stage) for stage, (status, reason) in said if status != PASSED and not reason.strip()]
        total += count
        columns = "".join(f"{count[c]:7d}" for c in ("inputs", "unread", "passed", "rejected", "error", "hung", "died"))
        print(f"{name:17}{columns} | {count['alone']}")
    print(f"{'all':17}", {k: total[k] for k in sorted(total)})
    print("where a campaign leaves them:", {f"{s} {status}": n for (s, status), n in sorted(by_stage.items())})
    print(f"rejected or in error without a reason: {len(silent)} {silent[:5]}")
    errors: collections.Counter[tuple[str, str]] = collections.Counter()
    for i, answer in answers.items():
        for stage, (status, reason) in (*answer.campaign.items(), *answer.alone.items()):
            if status == "error":
                errors[stage, f"{inputs[i].damage}: {reason[:110]}"] += 1
    for (stage, reason), n in errors.most_common(20):
        print(f"  error {n:5d} {stage}: {reason}")
    return not (silent or total["hung"] or total["died"] or errors)


def main() -> int:
    """See the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=3000, help="inputs")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--generated", type=int, default=64, help="crystals of the shipped generator among the sources")
    parser.add_argument("--workers", type=int, default=1)
    arguments = parser.parse_args()
    whole = originals(arguments.generated, arguments.seed)
    sources = [
        (whole.lattice[i], whole.numbers[r], whole.positions[r]) for i in range(len(whole)) for r in [whole.atoms(i)]
    ]
    texts = [cif_text(whole, i) for i in range(len(whole))]
    inputs = damaged(sources, texts, arguments.count, arguments.seed)
    answers: dict[int, Judged] = {}
    bad: dict[int, str] = {}
    engine = LocalEngine(arguments.workers)
    try:
        for i, outcome in each(engine, judge, inputs, block=BLOCK, seconds=SECONDS):
            if isinstance(outcome, Done):
                answers[i] = outcome.value
            else:
                bad[i] = "hung" if isinstance(outcome, TimedOut) else "died"
                print(f"input {i} ({inputs[i].damage}): {outcome}", flush=True)
    finally:
        engine.close()
    return 0 if report(inputs, answers, bad) else 1


if __name__ == "__main__":
    sys.exit(main())
