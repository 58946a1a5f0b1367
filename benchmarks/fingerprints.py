"""Fingerprints of the published evaluation: ours beside matminer's, and how far they differ.

    pip install matminer
    python benchmarks/fingerprints.py --data mp20_like.parquet --count 200
    python benchmarks/fingerprints.py --prototypes

CrystalNNFingerprint (preset "ops", mean over all sites) and ElementProperty (preset "magpie") of matminer
run on ``--count`` crystals drawn from the file, ours on the same ones and on ``--all`` of the file; with
``--prototypes`` the crystals are the AFLOW prototypes of up to 16 atoms that come with pymatgen.
Seconds are of one processor core (process time).
"""

from __future__ import annotations

import argparse
import time
import warnings

import numpy as np

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.composition import counts
from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.crystal.standardise import to_asymmetric_units
from crystal_studio.data.datasets import load
from crystal_studio.evaluation.coverage import coverage
from crystal_studio.evaluation.crystalnn import crystalnn_fingerprints
from crystal_studio.evaluation.magpie import magpie_features


def timed(function, *arguments):
    """What a function returns, and its seconds of processor time."""
    started = time.process_time()
    result = function(*arguments)
    return result, time.process_time() - started


def structural(structures):
    """(B, 61) by matminer."""
    from matminer.featurizers.site.fingerprint import CrystalNNFingerprint
    from pymatgen.core import Structure

    featurizer = CrystalNNFingerprint.from_preset("ops")
    found = []
    for i in range(len(structures)):
        rows = structures.atoms(i)
        symbols = [SYMBOLS[z] for z in structures.numbers[rows]]
        crystal = Structure(structures.lattice[i], symbols, structures.positions[rows])
        found.append(np.mean([featurizer.featurize(crystal, site) for site in range(len(crystal))], axis=0))
    return np.array(found)


def compositional(table):
    """(B, 132) by matminer, unknown properties left NaN."""
    from matminer.featurizers.composition.composite import ElementProperty
    from pymatgen.core import Composition

    featurizer = ElementProperty.from_preset("magpie", impute_nan=False)
    formulas = [{SYMBOLS[z]: int(row[z]) for z in np.flatnonzero(row)} for row in table]
    return np.array([featurizer.featurize(Composition(f)) for f in formulas])


def prototypes():
    """AFLOW prototypes without elements beyond Cm, which have no radius."""
    from pymatgen.analysis.prototypes import AFLOW_PROTOTYPE_LIBRARY

    crystals = [entry["snl"].structure for entry in AFLOW_PROTOTYPE_LIBRARY]
    crystals = [c for c in crystals if len(c) <= 16 and max(c.atomic_numbers) < 97]
    return Structures.from_lists(
        [c.lattice.matrix for c in crystals], [c.atomic_numbers for c in crystals], [c.frac_coords for c in crystals]
    )


def report(name, ours, seconds, theirs, their_seconds):
    """One line: rates, their ratio, and the Euclidean distances of the vectors."""
    distance = np.linalg.norm(np.nan_to_num(ours) - np.nan_to_num(theirs), axis=1)
    rate, their_rate = len(ours) / seconds, len(theirs) / their_seconds
    print(
        f"{name}: ours {rate:,.0f} crystals/s, matminer {their_rate:,.1f} crystals/s, ratio {rate / their_rate:,.0f}; "
        f"distance of the vectors: median {np.median(distance):.1e}, 99 % {np.percentile(distance, 99):.1e}, "
        f"max {distance.max():.1e}"
    )


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    crystals = parser.add_mutually_exclusive_group(required=True)
    crystals.add_argument("--prototypes", action="store_true", help="AFLOW prototypes")
    crystals.add_argument("--data", help="crystals: parquet, CSV, extxyz, db or a folder of CIFs")
    parser.add_argument("--count", type=int, default=200, help="crystals for matminer")
    parser.add_argument("--all", type=int, default=2000, help="crystals for ours alone")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")

    structures = prototypes() if arguments.prototypes else load(arguments.data).structures
    chosen = np.random.default_rng(arguments.seed).permutation(len(structures))
    few, many = structures.take(chosen[: arguments.count]), structures.take(chosen[: arguments.all])
    for function in (crystalnn_fingerprints, structural):
        function(few.take(np.arange(3)))  # imports and tables
    magpie_features(counts(few))

    report("CrystalNN", *timed(crystalnn_fingerprints, few), *timed(structural, few))
    report("Magpie", *timed(magpie_features, counts(few)), *timed(compositional, counts(few)))

    fingerprints, seconds = timed(crystalnn_fingerprints, many)
    print(f"{len(many)} crystals, every atom: {len(many) / seconds:,.0f} crystals/s")
    units, ok, _ = to_asymmetric_units(many)
    _, seconds = timed(crystalnn_fingerprints, units)
    print(f"{ok.sum()} crystals, one atom an orbit: {len(units) / seconds:,.0f} crystals/s")
    features = magpie_features(counts(many))
    found, seconds = timed(coverage, fingerprints, features, fingerprints, features)
    print(f"coverage {len(many)} x {len(many)}: {seconds:.2f} s, itself {found.recall:.3f} {found.precision:.3f}")
    half = len(many) // 2
    found = coverage(fingerprints[:half], features[:half], fingerprints[half:], features[half:])
    print(f"one half against the other: {found}")


if __name__ == "__main__":
    main()
