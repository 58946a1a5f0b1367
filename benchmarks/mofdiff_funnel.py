"""Frameworks that a MOFDiff model draws, each drawn once, through every step to its pores: how many are left after
each, why the others are not, and the seconds of each.

    python benchmarks/mofdiff_funnel.py OUT --model mofdiff-core --count 1000 --seed 1
    python benchmarks/mofdiff_funnel.py OUT --count 1000 --draw 0 2 4
    python benchmarks/mofdiff_funnel.py OUT --count 1000 --judge 0 2 4
    python benchmarks/mofdiff_funnel.py OUT --table

What is in the folder OUT is not done again: started anew, it goes on. Frameworks are drawn and built in chunks (some
of them alone with ``--draw``, so that several processes share them), then those that are made are judged one by one, by
one process: every check of validity (charges by EQeq), new (none of those that ship), unique (none
before it), relaxed by UFF, the checks again by perceived bonds, pores. ``--relaxed`` lets the first so many alone go on
to what is slow. Seconds are of the processor, those of the programs included.
"""

from __future__ import annotations

import argparse
import json
import os
from collections import Counter
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from crystal_studio.candidates.batch import Candidates
from crystal_studio.design.request import DesignRequest
from crystal_studio.funnel.mof_uniqueness import digests
from crystal_studio.funnel.mof_validity import MofValidityStage, RelaxedMofValidityStage
from crystal_studio.funnel.pores import PoresStage
from crystal_studio.funnel.protocol import Batch
from crystal_studio.funnel.run_stage import run
from crystal_studio.funnel.uff_relaxation import UffRelaxationStage
from crystal_studio.generators import registry
from crystal_studio.generators.mofdiff import model as mofdiff
from crystal_studio.mof.building import Built
from crystal_studio.mof.coarse import CoarseMofs
from crystal_studio.mof.identity import known, same
from crystal_studio.mof.library import shipped_blocks
from crystal_studio.mof.whole import whole_atoms

STEPS = ("made", "valid", "new", "unique", "relaxed", "valid again", "pores")


def clock() -> float:
    """Seconds of the processor of this process and of those that it started."""
    return sum(os.times()[:4])


class Recording:
    """``build``, which keeps what it gave and how long it took."""

    def __init__(self) -> None:
        self.build, self.built, self.seconds = mofdiff.build, list[Built](), 0.0

    def __call__(self, *given: Any, **more: Any) -> Built:
        start = clock()
        self.built.append(self.build(*given, **more))
        self.seconds += clock() - start
        return self.built[-1]


def draw(arguments: argparse.Namespace, chunk: int, generator: mofdiff.MofDiff) -> None:
    """One chunk, drawn once and built, into files of the folder."""
    path = arguments.out / f"chunk_{chunk}.json"
    if path.exists():
        return
    recording = Recording()
    mofdiff.build = recording  # type: ignore[assignment]
    request = DesignRequest(count=arguments.count, seed=arguments.seed, model=arguments.model)
    tally, start = mofdiff.Tally(), clock()
    generator.sample_coarse(request, chunk, tally=tally)
    drawing = clock() - start - recording.seconds
    mofdiff.build = recording.build
    mofs = CoarseMofs.concatenate(built.mofs.take(built.made) for built in recording.built)
    arrays = {field.name: getattr(mofs, field.name) for field in fields(mofs) if field.name != "name"}
    np.savez_compressed(arguments.out / f"chunk_{chunk}.npz", **arrays)
    found = {
        "drawn": tally.drawn,
        "balanced_at_once": tally.at_once,
        "balanced": tally.drawn - tally.reasons["unbalanced"],
        "met_as_drawn": tally.as_drawn,
        "made": tally.made,
        "reasons": dict(tally.reasons),
        "seconds": {"drawing": drawing, "building": recording.seconds},
    }
    path.write_text(json.dumps(found))
    print(chunk, found, flush=True)


def made_in(folder: Path, chunk: int) -> Candidates:
    """The frameworks of a chunk that are made, in atoms."""
    with np.load(folder / f"chunk_{chunk}.npz") as file:
        arrays = {name: file[name] for name in file.files}
    mofs = CoarseMofs(**arrays, name=np.full(len(arrays["lattice"]), "", object))
    return whole_atoms(mofs, shipped_blocks())


def judge(candidate: Candidates, seen: set[str], slow: bool) -> dict[str, Any]:
    """How far one framework comes, why no farther, and the seconds of each step; only to "unique" if not ``slow``."""
    record: dict[str, Any] = {"atoms": int(candidate.structures.n_atoms[0]), "reached": "made", "seconds": {}}
    now, digest = candidate, ""

    def asked(stage: Any, step: str) -> bool:
        nonlocal now
        start = clock()
        verdicts = run(stage, Batch(np.zeros(1, np.int64), now, {}), None)
        record["seconds"][step] = clock() - start
        if verdicts.status[0] != "passed":
            reason = verdicts.reasons[0]
            failed = verdicts.notes.get("failed_checks")
            record["reason"] = (failed[0] if failed is not None and failed[0] else None) or (reason and reason.code)
            record["text"] = str(reason.parameters) if reason else ""
            return False
        if verdicts.geometry is not None:
            now = Candidates.of_structures(verdicts.geometry.structures)
        for finding in verdicts.findings:
            if finding.values.dtype.kind == "f":
                record[finding.quantity] = float(finding.values[0])
        record["reached"] = step
        return True

    if not asked(MofValidityStage(), "valid"):
        return record
    start = clock()
    key = digests(candidate)
    record["seconds"]["new"] = clock() - start
    record["known"] = len(same(key[0], known()[0])) > 0
    digest = key[0].tobytes().hex()
    record["digest"], record["again"] = digest, digest in seen
    if record["known"] or record["again"]:
        record["reason"] = "known" if record["known"] else "duplicate"
        record["reached"] = "valid" if record["known"] else "new"
        return record
    record["reached"], record["relaxing"] = "unique", slow
    if not slow:
        return record
    for stage, step in (
        (UffRelaxationStage(), "relaxed"),
        (RelaxedMofValidityStage(), "valid again"),
        (PoresStage(rejects=True), "pores"),
    ):
        if not asked(stage, step):
            break
    return record


def judge_chunk(arguments: argparse.Namespace, chunk: int) -> None:
    """Judge what is made of a chunk and has not been judged."""
    path = arguments.out / "judged.jsonl"
    records = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    relaxing = sum(record.get("relaxing", False) for record in records)
    seen = {record["digest"] for record in records if "digest" in record}
    done = {(record["chunk"], record["row"]) for record in records}
    made = made_in(arguments.out, chunk)
    for i in range(len(made)):
        if (chunk, i) in done:
            continue
        slow = relaxing < arguments.relaxed
        record = {"chunk": chunk, "row": i} | judge(made.take(np.array([i])), seen, slow)
        relaxing += record.get("relaxing", False)
        if "digest" in record:
            seen.add(record["digest"])
        with path.open("a") as file:
            file.write(json.dumps(record) + "\n")
        print(record, flush=True)


def table(folder: Path) -> None:
    """What became of them, so far."""
    chunks = [json.loads(path.read_text()) for path in folder.glob("chunk_*.json")]
    total: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    seconds: dict[str, list[float]] = {}
    for chunk in chunks:
        total.update({name: value for name, value in chunk.items() if isinstance(value, int)})
        reasons.update(chunk["reasons"])
    each = {
        name: sum(chunk["seconds"][name] for chunk in chunks) / max(total["drawn"], 1)
        for name in ("drawing", "building")
    }
    path = folder / "judged.jsonl"
    records = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    left = Counter({step: sum(STEPS.index(r["reached"]) >= at for r in records) for at, step in enumerate(STEPS)})
    why: dict[str, Counter[str]] = {}
    for record in records:
        if "reason" in record:
            why.setdefault(record["reached"], Counter())[record["reason"]] += 1
        for step, value in record["seconds"].items():
            seconds.setdefault(step, []).append(value)
    found = {
        "counts": dict(total),
        "not made": dict(reasons),
        "judged": len(records),
        "left after": dict(left),
        "lost after": {step: dict(counts) for step, counts in why.items()},
        "seconds each": each,
        "seconds each, median, mean and of how many": {
            name: [round(float(np.median(v)), 2), round(float(np.mean(v)), 2), len(v)] for name, v in seconds.items()
        },
    }
    print(json.dumps(found, indent=1))


def main() -> None:
    """Draw and build what is not there yet, then judge, then print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--model", default="mofdiff-core")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--draw", type=int, nargs="+", help="draw these chunks and judge none")
    parser.add_argument("--judge", type=int, nargs="+", help="judge what is made of these chunks and draw none")
    parser.add_argument("--relaxed", type=int, default=1_000_000, help="how many go on to relaxation and pores")
    parser.add_argument("--table", action="store_true", help="print what is there and do nothing")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    if arguments.table:
        return table(arguments.out)
    generator = registry.load(arguments.model)
    assert isinstance(generator, mofdiff.MofDiff)
    generator.rounds = 1
    every = range(-(-arguments.count // generator.chunk_size))
    for chunk in arguments.judge or arguments.draw or every:
        if not arguments.judge:
            draw(arguments, chunk, generator)
        if not arguments.draw:
            judge_chunk(arguments, chunk)
    return table(arguments.out)


if __name__ == "__main__":
    main()
