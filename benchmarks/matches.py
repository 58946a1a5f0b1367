"""Whether made crystals are the true ones, by pymatgen's StructureMatcher, in worker processes, kept in a file."""

from __future__ import annotations

import json
import warnings
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from crystal_studio.crystal.batches import Structures
from crystal_studio.evaluation.parallel import limited
from crystal_studio.execution.engines import open_engine
from crystal_studio.execution.mapping import each
from crystal_studio.execution.protocol import Done

PUBLISHED = {"stol": 0.5, "ltol": 0.3, "angle_tol": 10}
"""Tolerances of structure prediction (DiffCSP and those after it)."""
PATIENCE = 20.0
"""Seconds for a pair, which counts as different when they are over."""

Found = list[tuple[float | None, float | None]]
"""RMSD in units of (V/N)^(1/3) by the published tolerances and by the defaults, of each made crystal."""


def judge(pairs: dict[str, tuple[Structures, Structures]], file: Path, workers: int) -> dict[str, Found]:
    """Name -> what was found of (one true crystal, made ones). What the file holds already is not compared again."""
    known: dict[str, Found] = {}
    for line in file.read_text().splitlines() if file.exists() else []:
        try:
            name, found = json.loads(line)
        except ValueError:  # torn by a kill
            continue
        known[name] = found
    waiting = [(name, *pair) for name, pair in pairs.items() if len(known.get(name, ())) != len(pair[1])]
    with closing(open_engine("local", workers)) as engine, file.open("a") as out:
        for _, outcome in each(engine, _judge, waiting, block=4):
            if not isinstance(outcome, Done):
                raise RuntimeError(outcome)
            name, found = outcome.value
            known[name] = found
            out.write(json.dumps([name, found]) + "\n")
            out.flush()
    return {name: known[name] for name in pairs}


def best(found: Found, column: int = 0) -> float:
    """Least RMSD of those that match, NaN where none does."""
    return min((pair[column] for pair in found if pair[column] is not None), default=np.nan)


def wholes(cells: Structures) -> list[Any]:
    """Structures of pymatgen."""
    from pymatgen.core import Lattice, Structure

    rows = (cells.cell(i) for i in range(len(cells)))
    return [Structure(Lattice(lattice), numbers.tolist(), positions) for lattice, numbers, positions in rows]


def compare(true: Any, made: Any) -> tuple[float | None, float | None]:
    """RMSD of two structures of pymatgen by the published tolerances and by the defaults."""
    loose, default = _matchers()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with limited(PATIENCE):
                apart = loose.get_rms_dist(true, made)
                near = apart and default.get_rms_dist(true, made)
        except TimeoutError:
            return None, None
    return (float(apart[0]) if apart else None), (float(near[0]) if near else None)


def _judge(items: list[tuple[str, Structures, Structures]]) -> list[tuple[str, Found]]:
    """Runs in the worker."""
    return [(name, [compare(*wholes(true), one) for one in wholes(made)]) for name, true, made in items]


@cache
def _matchers() -> tuple[Any, Any]:
    from pymatgen.analysis.structure_matcher import StructureMatcher

    return StructureMatcher(**PUBLISHED), StructureMatcher()
