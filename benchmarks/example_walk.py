"""Ternary systems in which no compound is known, and a project with what the adaptive-cell model proposes for them.

    python benchmarks/example_walk.py resources/example/ternaries.crystals

In the manner of Sultanov et al. The rule: of all systems of three elements, each in at least ``COMMON`` crystals of the
training set, not all metals, those of which neither the reference hull nor the index of known structures has a ternary
compound though it has one of each pair, and which have ``COMPOSITIONS`` compositions of at most ``LARGEST`` atoms whose
charges balance (by the published test and by the funnel's); three of these, without a common element, in an order that
``--seed`` decides. For each of the smallest such compositions one campaign asks for candidates in the 32 commonest
space groups and judges them by the quick funnel.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator
from itertools import combinations, product
from math import gcd
from pathlib import Path

import held_out
import numpy as np

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.charge_balance import balanced, chemistry
from crystal_studio.crystal.elements import SYMBOLS, atomic_number
from crystal_studio.crystal.formula import parse_formula
from crystal_studio.data.hull import ReferenceHull
from crystal_studio.data.marginals import marginals
from crystal_studio.data.reference import ReferenceIndex
from crystal_studio.evaluation.validity import compositionally_valid

COMMON = 1000
GROUPS = 32
SYSTEMS = 3
COMPOSITIONS = 2
LARGEST = 7


def known_systems() -> set[frozenset[int]]:
    """The elements of every phase of the hull and of every structure of the index."""
    hull, index = ReferenceHull.load(), ReferenceIndex.load()
    formulas = {hull.formula(row) for row in range(len(hull))} | set(index.formulas.tolist())
    return {frozenset(atomic_number(symbol) for symbol in parse_formula(formula)) for formula in formulas}


def compositions(system: tuple[int, ...]) -> list[str]:
    """Charge-balanced formulas of a system, the smallest first."""
    possible = [n for n in product(range(1, LARGEST), repeat=len(system)) if sum(n) <= LARGEST and gcd(*n) == 1]
    possible = [n for n in possible if balanced(tuple(zip(system, n, strict=True)))]
    atoms = [np.repeat(system, n) for n in possible]
    anywhere = Structures.from_lists([np.eye(3)] * len(atoms), atoms, [np.zeros((len(a), 3)) for a in atoms])
    valid = compositionally_valid(anywhere) if atoms else []
    found = sorted((sum(n), n) for n, fine in zip(possible, valid, strict=True) if fine)
    return ["".join(f"{SYMBOLS[z]}{k if k > 1 else ''}" for z, k in zip(system, n, strict=True)) for _, n in found]


def systems(seed: int) -> Iterator[tuple[int, ...]]:
    """Systems by the rule, without end of the list but for its own."""
    known, metal = known_systems(), chemistry().metal
    elements = np.flatnonzero(marginals().element_counts >= COMMON).tolist()
    possible = list(combinations(elements, 3))
    used: set[int] = set()
    for row in np.random.default_rng(seed).permutation(len(possible)).tolist():
        system = possible[row]
        if frozenset(system) in known or all(metal[z] for z in system) or used & set(system):
            continue
        if not all(frozenset(pair) in known for pair in combinations(system, 2)):
            continue
        if len(compositions(system)) >= COMPOSITIONS:
            used |= set(system)
            yield tuple(sorted(system, key=lambda z: (not metal[z], chemistry().electronegativity[z] or 0.0)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", type=Path)
    parser.add_argument("--model", default="adaptive-cell-mp20-like")
    parser.add_argument("--count", type=int, default=30, help="candidates a composition")
    parser.add_argument("--seed", type=int, default=0)
    held_out.add_how(parser)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--dry", action="store_true", help="only name the commands")
    args = parser.parse_args()
    common = (np.argsort(-marginals().space_group_counts, kind="stable")[:GROUPS] + 1).tolist()
    groups = [word for number in sorted(common) for word in ("--space-group", str(number))]
    for _, system in zip(range(SYSTEMS), systems(args.seed), strict=False):
        for formula in compositions(system)[:COMPOSITIONS]:
            command = ["generate", str(args.project), "--name", f"{'-'.join(SYMBOLS[z] for z in system)}: {formula}"]
            command += ["--model", args.model, "--composition", formula, "--max-atoms", "20", *groups]
            command += ["--count", str(args.count), "--seed", str(args.seed), "--device", "cpu"]
            for name, value in held_out.how(args).items():
                command += [f"--{name.replace('_', '-')}", str(value)]
            command += ["--workers", str(args.workers)]
            print("crystal-studio", *command, flush=True)
            if not args.dry:
                subprocess.run([sys.executable, "-m", "crystal_studio.cli.main", *command], check=True)


if __name__ == "__main__":
    main()
