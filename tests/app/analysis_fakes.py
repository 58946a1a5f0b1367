"""Long analyses that take a moment, for the child process of the tests."""

from __future__ import annotations

from crystal_studio.analysis.protocol import Analysis, Column
from crystal_studio.errors import KnownError


def quick(potential, crystal, tell) -> Analysis:
    tell("At work")
    return Analysis("Quick", {"atoms": Column("Atoms", "", "d")}, {"atoms": [int(crystal.n_atoms[0])]})


def refused(potential, crystal, tell) -> Analysis:
    raise KnownError("It cannot be done: try another potential.")
