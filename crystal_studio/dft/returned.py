"""What came back of one DFT job, checked against what was asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from crystal_studio.crystal.batches import Structures
from crystal_studio.dft import manifest
from crystal_studio.dft.manifest import Manifest
from crystal_studio.dft.protocol import SINGLE_POINT, Result
from crystal_studio.dft.registry import CODES
from crystal_studio.errors import KnownError

STAYED = 0.01
"""Angstrom within which a single point is of the crystal that was handed in."""

STRAIN = 0.5
"""Larger strains than a relaxation ever makes: the cell was turned, or described anew."""


def returned(folder: Path) -> tuple[Manifest, Result]:
    """The job of a folder and its result, of the primitive cell that was computed, with a warning of whatever was
    computed otherwise than asked.

    Raises ``KnownError`` where there is no result, or one of other atoms or in another cell.
    """
    job = manifest.read(folder)
    result = CODES.get(job.code).read(folder)
    try:
        found = job.restored(result.structure)
    except KnownError as error:
        raise KnownError(f"{error} Put the right files into {folder}, or hand {job.formula} in again.") from error
    strain = np.linalg.solve(job.structure.lattice[0], result.structure.lattice[0]) - np.eye(3)
    if np.linalg.norm(strain, 2) > STRAIN:
        raise KnownError(
            f"The result in {folder} has another cell than the one that was handed in, turned or described anew: run"
            " its inputs as they are."
        )
    told, asked = list(result.warnings), job.settings
    if result.functional.split("+")[0] != asked.functional:
        told.append(f"{asked.functional} was asked for and {result.functional} computed: energies do not compare.")
    if asked.task == SINGLE_POINT and _farthest(job.given, found) > STAYED:
        told.append("A single point was asked for, and its crystal is not the one that was handed in.")
    return job, replace(result, warnings=tuple(told))


def _farthest(first: Structures, second: Structures) -> float:
    """Angstrom: largest displacement of an atom or change of a lattice vector."""
    moved = second.positions - first.positions
    moved = (moved - np.rint(moved)) @ first.lattice[0]
    return float(np.linalg.norm(np.concatenate([moved, second.lattice[0] - first.lattice[0]]), axis=1).max())
