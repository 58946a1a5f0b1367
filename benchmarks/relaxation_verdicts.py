"""What ways of relaxing the same candidates find: rates, verdicts, and why each verdict that differs does.

    python benchmarks/relaxation_verdicts.py FOLDER [--ways old,new,cautious,package] [--each]

FOLDER is that of "relaxation.py". A candidate is S.U.N. as the funnel's stages say of its relaxed crystal: at most 0
or 0.1 eV/atom above the shipped hull, not the same crystal as an earlier candidate, none of the shipped index. All
ways are compared with the first, on the candidates that both have. ``--each`` names every candidate that differs.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.composition import counts
from crystal_studio.crystal.operations import dataset
from crystal_studio.data.hull import ReferenceHull
from crystal_studio.data.same_crystal import reduced, same

CUTOFFS = (0.0, 0.1)
ALIKE = 0.005
"""eV/atom: energies that differ by no more are those of one minimum, walked to as far as the limit of force asks."""

LOOSE = 0.1
"""Angstrom, for the symmetry of relaxed crystals."""


@dataclass
class Found:
    """What one way found of B candidates: energies (eV/atom, NaN where given up), and what the stages say of them."""

    name: str
    rows: list[dict[str, Any]]
    structures: Structures
    energy: NDArray[np.float64]
    e_hull: NDArray[np.float64]
    unique: NDArray[np.bool_]
    new: NDArray[np.bool_]

    def flag(self, name: str) -> NDArray[np.bool_]:
        """(B,) of the rows: converged or stopped."""
        return np.array([bool(row[name]) for row in self.rows])

    def sun(self, cutoff: float) -> NDArray[np.bool_]:
        """(B,) stable, unique and new."""
        return (self.e_hull <= cutoff) & self.unique & self.new

    def operations(self, i: int) -> float:
        """Symmetry operations of a primitive cell's worth of crystal i."""
        lattice, numbers, positions = self.structures.cell(i)
        try:
            found = dataset(lattice, numbers, positions, LOOSE)
        except Exception:  # moyopy raises its own types where it finds nothing
            return 1.0
        return len(found.operations.rotations) / len(numbers) * len(found.prim_std_cell.numbers)


def read(folder: Path, name: str) -> dict[int, dict[str, Any]]:
    """Rows of one way by candidate."""
    rows = [json.loads(line) for line in (folder / f"{name}.jsonl").read_text().splitlines()]
    return {row["candidate"]: row for row in rows}


def judged(name: str, rows: list[dict[str, Any]]) -> Found:
    """The verdicts of the funnel's stages."""
    from crystal_studio.candidates.batch import Candidates
    from crystal_studio.funnel.context import FunnelContext
    from crystal_studio.funnel.novelty import NoveltyStage
    from crystal_studio.funnel.protocol import Batch
    from crystal_studio.funnel.uniqueness import UniquenessStage

    structures = Structures.from_lists(
        [np.array(row["lattice"]) for row in rows],
        [np.array(row["numbers"]) for row in rows],
        [np.array(row["positions"]) % 1.0 for row in rows],
    )
    energy = np.array([np.nan if row["energy"] is None else row["energy"] for row in rows])
    e_hull = ReferenceHull.load("chgnet").distances(counts(structures), energy).e_above_hull
    ids = np.array([row["candidate"] for row in rows])
    batch = Batch(ids, Candidates(structures, np.zeros(len(rows), np.int16)))
    context = FunnelContext()
    unique = UniquenessStage()(batch, context).passed
    novelty = NoveltyStage()(batch, context)
    novel = next(finding.values for finding in novelty.findings if finding.quantity == "novel")
    return Found(name, rows, structures, energy, e_hull, np.asarray(unique), np.asarray(novel) == 1)


def reason(one: Found, other: Found, i: int, cutoff: float) -> tuple[str, str]:
    """Class of the difference of two verdicts on candidate i, and its figures."""
    e_1, e_2 = 1000 * one.e_hull[i], 1000 * other.e_hull[i]
    figures = f"{e_1:.0f} and {e_2:.0f} meV/atom above the hull"
    if np.isnan(one.energy[i]) or np.isnan(other.energy[i]):
        return "given up by one", figures
    if other.flag("stopped")[i] or one.flag("stopped")[i]:
        return "stopped: an upper bound", figures
    if (one.e_hull[i] <= cutoff) == (other.e_hull[i] <= cutoff):
        if one.unique[i] != other.unique[i]:
            return "its twin: the same crystal as an earlier one only by one way", figures
        return "known only in the geometry of one", figures
    if abs(one.energy[i] - other.energy[i]) <= ALIKE:
        return f"one minimum, at the cutoff (within {1000 * ALIKE:.0f} meV/atom)", figures
    if not (one.flag("converged")[i] and other.flag("converged")[i]):
        return "limit of steps", figures
    lower, higher = (one, other) if one.energy[i] < other.energy[i] else (other, one)
    if lower.operations(i) < 0.9 * higher.operations(i):
        return "lower minimum of less symmetry", f"{figures}, {lower.name} lower"
    shape = reduced(*one.structures.cell(i)), reduced(*other.structures.cell(i))
    kind = "another minimum" if not same(*shape) else "another minimum, by the matcher the same crystal"
    return kind, f"{figures}, {lower.name} lower"


def table(ways: list[Found], seconds: dict[str, float], n: int) -> None:
    """One line a way, as markdown."""
    first = ways[0]
    print(f"\n{n} candidates\n")
    print("| way | a second; ratio | calls | converged, stopped, given up | S.U.N. at 0; 0.1 | same verdict as first |")
    print("| --- | --- | --- | --- | --- | --- |")
    for way in ways:
        calls = np.mean([row["calls"] for row in way.rows])
        given_up = int(np.isnan(way.energy).sum())
        ended = f"{way.flag('converged').sum()}, {way.flag('stopped').sum()}, {given_up}"
        sun = "; ".join(str(way.sun(cutoff).sum()) for cutoff in CUTOFFS)
        alike = "; ".join(str((way.sun(cutoff) == first.sun(cutoff)).sum()) for cutoff in CUTOFFS)
        rate = f"{n / seconds[way.name]:.2f}; {seconds[first.name] / seconds[way.name]:.2f}"
        print(f"| {way.name} | {rate} | {calls:.1f} | {ended} | {sun} | {alike} |")
    for way in ways[1:]:
        both = way.flag("converged") & first.flag("converged")
        apart = 1000 * (way.energy - first.energy)[both]
        shares = f"{(np.abs(apart) <= 1000 * ALIKE).mean():.1%} within {1000 * ALIKE:.0f}"
        more = f"{(apart < -1000 * ALIKE).sum()} lower and {(apart > 1000 * ALIKE).sum()} higher by more"
        median = f"{np.median(np.abs(apart)):.2f} meV/atom apart in the median"
        print(f"\n{way.name} and {first.name}: {len(apart)} relaxed by both, {median}, {shares}, {more}")


def differences(ways: list[Found], each: bool) -> None:
    """Classes of the verdicts that differ from those of the first way."""
    first = ways[0]
    for way in ways[1:]:
        for cutoff in CUTOFFS:
            rows = np.flatnonzero(way.sun(cutoff) != first.sun(cutoff)).tolist()
            found = [(i, *reason(first, way, i, cutoff)) for i in rows]
            print(f"\n{way.name} against {first.name}, S.U.N. at {cutoff}: {len(rows)} differ")
            for kind, count in Counter(kind for _, kind, _ in found).most_common():
                print(f"  {count:3d} {kind}")
                for i, other, figures in found:
                    if each and other == kind:
                        print(f"        candidate {way.rows[i]['candidate']}: {figures}")


def main() -> None:
    """Entry point; see the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--ways", default="old,new,cautious,package", help="the first is what others are compared with")
    parser.add_argument("--each", action="store_true", help="name every candidate that differs")
    args = parser.parse_args()
    rows = {name: read(args.folder, name) for name in args.ways.split(",")}
    most = set(rows[next(iter(rows))])
    # What only some ways have done is compared among those that have.
    full = [name for name in rows if set(rows[name]) >= most]
    for names in (full, list(rows)) if len(full) > 1 and len(full) < len(rows) else (list(rows),):
        shared = sorted(set.intersection(*(set(rows[name]) for name in names)))
        chosen = {name: [rows[name][i] for i in shared] for name in names}
        ways = [judged(name, chosen[name]) for name in names]
        table(ways, {name: sum(row["seconds"] for row in chosen[name]) for name in names}, len(shared))
        differences(ways, args.each)


if __name__ == "__main__":
    main()
