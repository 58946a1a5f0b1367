"""A few real crystals, as many as a test of the store wants, and verdicts in few words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from crystal_studio.candidates.batch import Candidates
from crystal_studio.candidates.quantities import Method
from crystal_studio.candidates.verdicts import Finding, Geometry, Reason, Verdicts, rejecting
from crystal_studio.crystal.batches import AsymmetricUnits, Structures
from crystal_studio.crystal.space_groups import tables

CRYSTALS = (
    (225, 5.64, ((11, "a", (0, 0, 0)), (17, "b", (0.5, 0.5, 0.5)))),
    (227, 3.57, ((6, "a", (0.125, 0.125, 0.125)),)),
    (221, 3.91, ((38, "a", (0, 0, 0)), (22, "b", (0.5, 0.5, 0.5)), (8, "c", (0, 0.5, 0.5)))),
)
"""NaCl, diamond, SrTiO3: (group, a in Angstrom, (number, Wyckoff letter, position))."""

CHGNET = Method("chgnet", "potential", "CHGNet")
MACE = Method("mace", "potential", "MACE")
DFT = Method("pbe", "dft", "PBE")
HEADS = Method("properties-mp20-like", "learned")
KNOWN = Method("known-structures", "reference")


def batch(size: int) -> Candidates:
    """``size`` cubic crystals in turn, each a little larger than the one before it, asked for in their own group."""
    table = tables()
    units = AsymmetricUnits(
        np.zeros(size, np.int16),
        np.zeros((size, 3, 3)),
        np.zeros((size, 3), np.int16),
        np.full((size, 3), -1, np.int16),
        np.zeros((size, 3, 3)),
    )
    for i in range(size):
        group, a, orbits = CRYSTALS[i % 3]
        units.space_group[i] = group
        units.lattice[i] = np.eye(3) * (a + i * 1e-6)
        for k, (number, letter, position) in enumerate(orbits):
            units.numbers[i, k] = number
            units.wyckoff[i, k] = table.wyckoff_row(group, letter)
            units.positions[i, k] = position
    return Candidates.of_units(units, units.space_group)


def said(
    reasons: Sequence[Reason | None],
    found: Mapping[str, Sequence] | None = None,
    method: Method = CHGNET,
    notes: Mapping[str, Sequence] | None = None,
    geometry: Geometry | None = None,
) -> Verdicts:
    """Verdicts that reject what has a reason, with quantities by one method."""
    findings = [Finding(name, method, np.asarray(column)) for name, column in (found or {}).items()]
    return rejecting(reasons, findings, {k: np.asarray(v) for k, v in (notes or {}).items()}, geometry)


def moved(structures: Structures, method: Method, scale: float = 1.01, which: Sequence[bool] | None = None) -> Geometry:
    """A geometry with the cells scaled."""
    cells = Structures(
        structures.lattice * scale, structures.offsets, structures.numbers, structures.positions, structures.orbit
    )
    return Geometry(method, cells, np.ones(len(cells), bool) if which is None else np.array(which))
