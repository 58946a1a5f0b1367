"""Uniqueness and novelty against brute force, and what they cost.

    crystal-studio reference add mp DATA/mp20_like.parquet DATA/mp_21_52.parquet DATA/mp_le20_above80meV.parquet
    python benchmarks/known.py pairs --set mp --seconds 200
    python benchmarks/known.py copies --set mp --count 400
    python benchmarks/known.py campaign --set mp --count 10000 [--made PROJECT.crystals ...]

pairs: pairs of one formula of a set by pymatgen's StructureMatcher, with nothing before it, against their fingerprints:
how many that match a limit would lose, how many that do not it would take for known. copies: real crystals and copies
of theirs, strained and disturbed up to what the judge tolerates. campaign: so many candidates (made ones and known
ones, each in other cells, origins, disturbed, or with elements exchanged) through uniqueness and novelty as a campaign
does them; of a sample the answers of brute force.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.campaign.comparisons import Comparisons
from crystal_studio.campaign.tasks import judge_batch
from crystal_studio.candidates.batch import Candidates
from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.composition import formulas
from crystal_studio.data import reference_sets
from crystal_studio.data.fingerprints import distance
from crystal_studio.data.reference_set import ReferenceSet
from crystal_studio.data.same_crystal import LIMIT
from crystal_studio.execution.engines import open_engine
from crystal_studio.execution.protocol import Done, Task
from crystal_studio.funnel.context import FunnelContext
from crystal_studio.funnel.novelty import NoveltyStage
from crystal_studio.funnel.protocol import Batch
from crystal_studio.funnel.uniqueness import UniquenessStage

LIMITS = (0.03, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, LIMIT)


def whole(cells: Structures, row: int) -> Any:
    """A crystal for StructureMatcher, as it is."""
    from pymatgen.core import Lattice, Structure

    atoms = cells.atoms(row)
    return Structure(Lattice(cells.lattice[row]), cells.numbers[atoms].tolist(), cells.positions[atoms])


def brute(one: Any, other: Any) -> bool:
    """StructureMatcher with its defaults, whatever it makes of the cells itself."""
    import warnings

    from pymatgen.analysis.structure_matcher import StructureMatcher

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return bool(StructureMatcher().fit(one, other))


def by_formula(names: NDArray) -> dict[str, list[int]]:
    rows: dict[str, list[int]] = defaultdict(list)
    for row, name in enumerate(names.tolist()):
        rows[name].append(row)
    return rows


def pairs(known: ReferenceSet, seconds: float) -> dict[str, Any]:
    """Random formulas with several entries, the first 12 of each, until the time is up."""
    buckets = [rows for rows in by_formula(known.formulas).values() if len(rows) > 1]
    np.random.default_rng(0).shuffle(buckets)
    apart, match, first, second, started = [], [], [], [], time.monotonic()
    for taken in buckets:
        if time.monotonic() - started > seconds:
            break
        rows = taken[:12]
        cells = [whole(known.structures, row) for row in rows]
        for i in range(len(rows)):
            for j in range(i):
                apart.append(float(distance(known.vectors[rows[i]], known.vectors[rows[j]])))
                match.append(brute(cells[j], cells[i]))
                first.append(rows[i])
                second.append(rows[j])
    d, m, i, j = np.array(apart), np.array(match), np.array(first), np.array(second)
    crystals, truly = len(set(first + second)), set(i[m]) | set(j[m])
    table = []
    for limit in LIMITS:
        near = d <= limit
        taken_for = set(i[near]) | set(j[near])
        table.append(
            {
                "limit": limit,
                "pairs_near": int(near.sum()),
                "recall_of_pairs": round(float((m & near).sum() / max(1, m.sum())), 4),
                "crystals_taken_for_known": len(taken_for),
                "of_them_rightly": len(taken_for & truly),
            }
        )
    return {
        "formulas_with_several": len(buckets),
        "pairs": len(d),
        "matching": int(m.sum()),
        "furthest_matching": [round(x, 3) for x in sorted(d[m])[-5:]],
        "crystals": crystals,
        "crystals_with_a_match": len(truly),
        "by_limit": table,
    }


def copies(known: ReferenceSet, count: int) -> dict[str, Any]:
    """Of each crystal one copy strained, one with displaced atoms, one with both; which match, and how far apart."""
    from crystal_studio.data.fingerprints import fingerprints

    rng = np.random.default_rng(1)
    rows = rng.choice(len(known), count, replace=False)
    found: dict[str, list[float]] = {"strained": [], "displaced": [], "both": []}
    for row in rows.tolist():
        one = known.structures.take(np.array([row]))
        for kind in found:
            other = disturbed(
                one,
                rng,
                rng.uniform(0, 0.25) if kind != "displaced" else 0,
                rng.uniform(0, 0.3) if kind != "strained" else 0,
            )
            if brute(whole(one, 0), whole(other, 0)):
                found[kind].append(float(distance(known.vectors[row], fingerprints(other)[0])))
    return {
        kind: {
            "copies": count,
            "matching": len(d),
            "beyond_limit": int((np.array(d) > LIMIT).sum()),
            "p50_p99_max": [round(float(x), 3) for x in np.percentile(d, [50, 99, 100])],
        }
        for kind, d in found.items()
    }


def disturbed(one: Structures, rng: np.random.Generator, strain: float, shift: float) -> Structures:
    """A copy of one crystal: cell strained by up to ``strain``, atoms moved by ``shift`` mean spacings (rms)."""
    lattice, n = one.lattice[0], len(one.numbers)
    spacing = np.cbrt(abs(np.linalg.det(lattice)) / n)
    change = rng.uniform(-1, 1, (3, 3))
    lattice = lattice @ (np.eye(3) + strain * (change + change.T) / 2)
    move = rng.normal(size=(n, 3))
    move *= shift * spacing / max(1e-9, np.sqrt((move**2).sum(1).mean()))
    return Structures.from_lists([lattice], [one.numbers], [one.positions + move @ np.linalg.inv(lattice)])


def variants(base: Structures, count: int) -> tuple[Structures, NDArray[np.int64]]:
    """``count`` candidates out of a base: itself, supercells, other origins, disturbed ones, and ones with two elements
    exchanged; and the row of each's base."""
    rng = np.random.default_rng(2)
    parts, rows = [], []
    for k in range(count):
        row = k if k < len(base) else int(rng.integers(len(base)))
        one = base.take(np.array([row]))
        kind = 0 if k < len(base) else 1 + k % 4
        if kind == 1 and len(one.numbers) <= 40:
            axis = int(rng.integers(3))
            scale = np.ones(3)
            scale[axis] = 2
            half = one.positions / scale
            step = np.zeros(3)
            step[axis] = 0.5
            one = Structures.from_lists(
                [one.lattice[0] * scale[:, None]], [np.tile(one.numbers, 2)], [np.concatenate([half, half + step])]
            )
        elif kind == 2:
            one = Structures.from_lists([one.lattice[0]], [one.numbers], [one.positions + rng.random(3)])
        elif kind == 3:
            one = disturbed(one, rng, 0.02, 0.03)
        elif kind == 4:
            elements = np.unique(one.numbers)
            swapped = one.numbers.copy()
            if len(elements) > 1:
                a, b = rng.choice(elements, 2, replace=False)
                swapped = np.where(one.numbers == a, b, np.where(one.numbers == b, a, one.numbers))
            one = Structures.from_lists([one.lattice[0]], [swapped], [one.positions])
        parts.append(one)
        rows.append(row)
    return Structures.concatenate(parts), np.array(rows)


def worker() -> FunnelContext:
    """What a worker of the benchmark goes by."""
    return FunnelContext(references=tuple(reference_sets.checksums()))


def judge_unique(cells: Structures, workers: int) -> tuple[NDArray[np.float64], float, float]:
    """(B,) the id of the twin, NaN where unique, as a campaign does it; seconds of this process, and of its workers."""
    stage = UniquenessStage()
    ids, names = np.arange(len(cells)), formulas(cells)
    comparisons = Comparisons(0, stage, stage.memory(), cells.take)
    twin, theirs, mine = np.full(len(cells), np.nan), 0.0, time.process_time()
    sent: dict[int, Any] = {}
    arrived = 0
    with closing(open_engine("local", workers)) as engine:
        while arrived < len(cells) or len(comparisons) or sent:
            if arrived < len(cells):
                part = ids[arrived : arrived + 32]
                comparisons.arrive(part, names[arrived : arrived + 32])
                arrived += len(part)
            while engine.room and (work := comparisons.next(arrived)) is not None:
                sent[engine.submit(Task(*comparisons.task(work)))] = work
            for ticket, outcome in engine.completed(0.0 if arrived < len(cells) else 0.2):
                if not isinstance(outcome, Done):
                    raise RuntimeError(outcome)
                theirs += outcome.seconds
                comparisons.done(sent.pop(ticket), outcome.value, outcome.seconds)
            decided = comparisons.decided()
            if decided:
                twin[decided[0]] = decided[1].notes["duplicate_of"]
    return twin, time.process_time() - mine, theirs


def judge_novel(cells: Structures, workers: int) -> tuple[NDArray[np.bool_], float]:
    """(B,) novelty as a campaign does it, and the seconds of its workers."""
    stage, novel, seconds = NoveltyStage(), np.zeros(len(cells), bool), 0.0
    blocks = [np.arange(k, min(k + 64, len(cells))) for k in range(0, len(cells), 64)]
    from crystal_studio.execution.mapping import outcomes

    def tasks() -> Iterator[Task]:
        for rows in blocks:
            yield Task(judge_batch, (stage, Batch(rows, Candidates.of_structures(cells.take(rows))), worker))

    with closing(open_engine("local", workers)) as engine:
        for k, outcome in outcomes(engine, tasks()):
            if not isinstance(outcome, Done):
                raise RuntimeError(outcome)
            finding = next(f for f in outcome.value.findings if f.quantity == "novel")
            novel[blocks[k]] = np.asarray(finding.values, float) > 0
            seconds += outcome.seconds
    return novel, seconds


def campaign(known: ReferenceSet, made: list[Path], count: int, sample: int, workers: int) -> dict[str, Any]:
    """See the module's text."""
    rng = np.random.default_rng(0)
    base = known.structures.take(rng.choice(len(known), count // 20, replace=False))
    for project in made:
        from crystal_studio.project.queries import ProjectReader

        with ProjectReader(project) as reader:
            base = Structures.concatenate([reader.structures(reader.ids().tolist(), "generated"), base])
    cells, _ = variants(base, count)
    names = formulas(cells)
    before, started = os.times(), time.monotonic()
    twin, own, theirs = judge_unique(cells, workers)
    between, unique_wall = os.times(), time.monotonic() - started
    started = time.monotonic()
    novel, novel_seconds = judge_novel(cells, workers)
    after, novel_wall = os.times(), time.monotonic() - started

    rows = by_formula(np.array(names))
    there = by_formula(known.formulas)
    chosen = rng.choice(count, sample, replace=False)
    whole_of: dict[int, Any] = {}

    def cell(i: int) -> Any:
        if i not in whole_of:
            whole_of[i] = whole(cells, i)
        return whole_of[i]

    counts = {"duplicates": 0, "duplicates_missed": 0, "duplicates_wrong": 0}
    counts |= {"known": 0, "known_missed": 0, "known_wrong": 0, "pairs": 0}
    started = time.monotonic()
    for i in sorted(chosen.tolist()):
        earlier = [j for j in rows[names[i]] if j < i and np.isnan(twin[j])]
        is_duplicate = any(brute(cell(j), cell(i)) for j in earlier)
        is_known = any(brute(whole(known.structures, j), cell(i)) for j in there.get(names[i], []))
        counts["pairs"] += len(earlier) + len(there.get(names[i], []))
        counts["duplicates"] += is_duplicate
        counts["duplicates_missed"] += is_duplicate and np.isnan(twin[i])
        counts["duplicates_wrong"] += not is_duplicate and not np.isnan(twin[i])
        counts["known"] += is_known
        counts["known_missed"] += is_known and bool(novel[i])
        counts["known_wrong"] += not is_known and not novel[i]
    return {
        "candidates": count,
        "base": len(base),
        "reference": len(known),
        "workers": workers,
        "unique": int(np.isnan(twin).sum()),
        "novel": int(novel.sum()),
        "uniqueness_wall_s": round(unique_wall, 1),
        "uniqueness_campaign_process_s": round(own, 1),
        "uniqueness_workers_s": round(theirs, 1),
        "uniqueness_workers_processor_s": round(between.children_user - before.children_user, 1),
        "novelty_workers_processor_s": round(after.children_user - between.children_user, 1),
        "novelty_wall_s": round(novel_wall, 1),
        "novelty_workers_s": round(novel_seconds, 1),
        "brute_force_sample": sample,
        "brute_force_s": round(time.monotonic() - started, 1),
        **{name: int(n) for name, n in counts.items()},
    }


def main() -> None:
    """Entry point; see the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("pairs", "copies", "campaign"))
    parser.add_argument("--set", default="mp", help="name of the reference set")
    parser.add_argument("--seconds", type=float, default=200.0)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--sample", type=int, default=300, help="candidates judged by brute force too")
    parser.add_argument("--made", type=Path, nargs="*", default=[], help="projects with generated candidates")
    parser.add_argument("--workers", type=int, default=0)
    arguments = parser.parse_args()
    known = reference_sets.load(arguments.set)
    if arguments.what == "pairs":
        found = pairs(known, arguments.seconds)
    elif arguments.what == "copies":
        found = copies(known, arguments.count)
    else:
        workers = arguments.workers or os.cpu_count() or 1
        found = campaign(known, arguments.made, arguments.count, arguments.sample, workers)
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
