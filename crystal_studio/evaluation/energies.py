"""Relaxation and stability as entries of the report."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.candidates.share import wilson
from crystal_studio.data.hull import ReferenceHull
from crystal_studio.errors import ModelError
from crystal_studio.evaluation import relaxing
from crystal_studio.evaluation.crystal_set import CrystalSet
from crystal_studio.evaluation.parallel import Progress, Workers
from crystal_studio.evaluation.plan import EvaluationPlan
from crystal_studio.evaluation.stability import THRESHOLDS, judge


def entries(
    plan: EvaluationPlan,
    generated: CrystalSet,
    train: CrystalSet | None,
    sound: NDArray[np.bool_],
    workers: Workers,
    progress: Progress | None,
) -> tuple[dict[str, dict[str, Any]], bool]:
    """Shares of a random sample of everything generated, and whether all of it was relaxed.

    Ctrl-C ends the relaxations, and what is done is judged.
    """
    hull = ReferenceHull.load()
    if hull.potential != plan.relaxation.potential:
        raise ModelError(
            f"The reference hull was computed by {hull.potential}: relax with it, not with {plan.relaxation.potential}."
        )
    drawn = np.random.default_rng(plan.seed).permutation(generated.total)[: plan.relax]
    # Entries without a crystal stand behind the others; they and unsound ones are drawn too, and fail.
    rows = drawn[drawn < len(generated)]
    rows = rows[sound[rows]]
    outcomes: dict[int, relaxing.Relaxed] = {}
    size, complete = len(drawn), True
    try:
        relaxing.relax(generated.structures.take(rows), plan.relaxation, plan.workers, plan.cache, progress, outcomes)
    except KeyboardInterrupt:
        complete = False
        # What was drawn is in random order: as far as it was worked through without a gap, it is a smaller sample.
        reached = next(k for k in range(len(rows) + 1) if k not in outcomes)
        size = len(drawn) if reached == len(rows) else int(np.flatnonzero(drawn == rows[reached])[0])
        outcomes = {k: v for k, v in outcomes.items() if k < reached}
    outcomes = {int(rows[k]): outcome for k, outcome in outcomes.items()}
    return summary(plan, generated, train, outcomes, size, workers), complete


def summary(
    plan: EvaluationPlan,
    generated: CrystalSet,
    train: CrystalSet | None,
    outcomes: dict[int, relaxing.Relaxed],
    size: int,
    workers: Workers,
) -> dict[str, dict[str, Any]]:
    """Shares of ``size`` drawn crystals, of which ``outcomes`` were relaxed."""
    found = judge(generated.structures, outcomes, train.structures if train is not None else None, workers)
    hull = ReferenceHull.load()
    method = f"{plan.relaxation.text}; hull of {len(hull):,} known phases by {hull.potential}"
    report: dict[str, dict[str, Any]] = {}

    def share(name: str, which: NDArray, note: str) -> None:
        count = int(np.count_nonzero(which))
        report[name] = {
            "value": count / size if size else None,
            "count": count,
            "of": size,
            "interval": list(wilson(count, size)),
            "note": note,
        }

    kept = np.array([np.isfinite(outcomes[r].energy) for r in found.rows.tolist()], bool)
    share("relaxed", kept, f"with an energy; {method}")
    share("converged", np.array([outcomes[r].converged for r in found.rows.tolist()], bool), plan.relaxation.text)
    known = found.e_hull[np.isfinite(found.e_hull)]
    if len(known):
        report["e_hull_mean"] = {"value": float(known.mean()), "unit": "eV/atom", "note": f"{len(known)}; {method}"}
        report["e_hull_median"] = {"value": float(np.median(known)), "unit": "eV/atom", "note": "the same"}
    judged = f"new against {train.label} after relaxation" if train is not None else ""
    for threshold in THRESHOLDS:
        stable = found.stable(threshold)
        label = f"{threshold:g}"
        share(f"stable_{label}", stable, f"e_hull <= {label} eV/atom, no elements; {method}")
        if train is not None:
            note = f"stable at {label} eV/atom, unique, {judged} (StructureMatcher() defaults)"
            share(f"sun_{label}", stable & found.first & found.novel, note)
        note = f"stable at {label} eV/atom, unique, without a like fingerprint in the shipped index after relaxation"
        share(f"sun_index_{label}", stable & found.first & found.novel_index, note)
    changed = _volume_changes(generated, outcomes)
    if len(changed):
        report["volume_change"] = {
            "value": float(np.median(changed)),
            "note": "median absolute relative change of volume in relaxation",
        }
    return report


def _volume_changes(generated: CrystalSet, outcomes: dict[int, relaxing.Relaxed]) -> NDArray[np.float64]:
    rows = np.array([r for r, o in sorted(outcomes.items()) if o.lattice is not None], int)
    if not len(rows):
        return np.zeros(0)
    after = np.abs(np.linalg.det(np.array([outcomes[int(r)].lattice for r in rows])))
    return np.abs(after / generated.structures.volume[rows] - 1)
