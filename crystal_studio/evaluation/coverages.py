"""Coverage and Fréchet distance as entries of the report."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.composition import counts
from crystal_studio.evaluation.coverage import COMPOSITION_CUTOFF, STRUCTURE_CUTOFF, coverage, frechet_distance
from crystal_studio.evaluation.crystal_set import CrystalSet
from crystal_studio.evaluation.crystalnn import WIDTH, crystalnn_fingerprints
from crystal_studio.evaluation.magpie import magpie_features
from crystal_studio.evaluation.parallel import Workers, rows_of


def entries(
    generated: CrystalSet, reference: CrystalSet, sound: NDArray[np.bool_], workers: Workers
) -> dict[str, dict[str, Any]]:
    """COV-R, COV-P and what goes with them; ``sound`` (B,) are structurally valid, the others are misses."""
    mine = np.full((len(generated), WIDTH), np.nan)
    mine[sound] = fingerprints(generated.structures.take(sound), workers, "CrystalNN fingerprints")
    theirs = fingerprints(reference.structures, workers, "CrystalNN fingerprints of the reference")
    found = coverage(
        mine,
        magpie_features(counts(generated.structures)),
        theirs,
        magpie_features(counts(reference.structures)),
        generated.total,
    )
    cutoffs = f"CrystalNN within {STRUCTURE_CUTOFF:g}, scaled Magpie within {COMPOSITION_CUTOFF:g}; {reference.label}"
    values = asdict(found)
    notes = {
        "recall": f"COV-R of the reference, as published: {cutoffs}",
        "precision": f"COV-P of everything generated, invalid ones are misses: {cutoffs}",
        "recall_same": "the same where one crystal must be near in both",
        "precision_same": "the same where one crystal must be near in both",
    }
    report: dict[str, dict[str, Any]] = {}
    known = int(np.isfinite(theirs).all(1).sum())
    for name, note in notes.items():
        of = known if name.startswith("recall") else generated.total
        report[f"cov_{name}"] = {"value": values[name], "count": round(values[name] * of), "of": of, "note": note}
    for name in ("structure", "composition"):
        for side in ("recall", "precision"):
            value = values[f"{name}_{side}"]
            report[f"{name}_distance_{side}"] = {
                "value": value if np.isfinite(value) else None,
                "note": f"mean {name} fingerprint distance to the nearest (AM{name[0].upper()}D-{side[0].upper()})",
            }
    distance = frechet_distance(mine, theirs)
    report["frechet_crystalnn"] = {
        "value": distance if np.isfinite(distance) else None,
        "note": f"Fréchet distance of CrystalNN fingerprints, {np.isfinite(mine).all(1).sum():,} against {known:,}",
    }
    return report


def fingerprints(structures: Structures, workers: Workers, title: str) -> NDArray[np.float64]:
    """(B, 61), rows of NaN where there is none."""
    return rows_of(crystalnn_fingerprints, structures, WIDTH, workers, title)
