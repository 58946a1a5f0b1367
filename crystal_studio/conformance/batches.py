"""Whether a batch of candidates is what its documentation says: shapes, dtypes, units."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.candidates.batch import Candidates
from crystal_studio.crystal.asymmetric_unit import expand
from crystal_studio.crystal.space_groups import tables

SANE_EDGE = (0.5, 1000.0)
"""Angstrom, edges of a cell; others are a sign of another unit."""
SANE_VOLUME = (0.5, 2000.0)
"""Cubic Angstrom an atom."""


def need(condition: Any, sentence: str) -> None:
    """Raise ``AssertionError`` unless the condition holds."""
    if not condition:
        raise AssertionError(sentence)


def check_candidates(candidates: Candidates, size: int) -> None:
    """A batch of ``size`` candidates as ``Candidates`` describes it."""
    need(isinstance(candidates, Candidates), f"a generator gives Candidates, not {type(candidates).__name__}")
    need(len(candidates) == size, f"{size} candidates were due, {len(candidates)} came")
    cells = candidates.structures
    atoms = int(cells.offsets[-1])
    _array("structures.lattice", cells.lattice, np.float64, (size, 3, 3))
    _array("structures.offsets", cells.offsets, np.int64, (size + 1,))
    _array("structures.numbers", cells.numbers, np.int16, (atoms,))
    _array("structures.positions", cells.positions, np.float64, (atoms, 3))
    _array("structures.orbit", cells.orbit, np.int16, (atoms,))
    _array("asked_space_group", candidates.asked_space_group, np.int16, (size,))
    need(cells.offsets[0] == 0 and (cells.n_atoms > 0).all(), "every candidate holds an atom")
    need(((cells.numbers >= 1) & (cells.numbers <= 118)).all(), "atomic numbers go from 1 to 118")
    need(np.isfinite(cells.lattice).all() and np.isfinite(cells.positions).all(), "every figure is finite")
    need(((cells.positions >= 0) & (cells.positions < 1)).all(), "positions are fractional, in [0, 1)")
    need((np.linalg.det(cells.lattice) > 0).all(), "cells are right-handed and have a volume")
    edges = np.linalg.norm(cells.lattice, axis=-1)
    within = (edges > SANE_EDGE[0]) & (edges < SANE_EDGE[1])
    need(within.all(), f"edges are Angstrom: {edges.min():.3g} to {edges.max():.3g} came")
    share = cells.volume / cells.n_atoms
    within = (share > SANE_VOLUME[0]) & (share < SANE_VOLUME[1])
    need(within.all(), f"volumes are cubic Angstrom: {share.min():.3g} to {share.max():.3g} an atom came")
    asked = candidates.asked_space_group
    need(((asked >= 0) & (asked <= 230)).all(), "asked_space_group goes from 0 (none) to 230")
    if candidates.units is not None:
        _check_units(candidates)
    if candidates.bonds is not None:
        _check_bonds(candidates)


def same(one: Any, other: Any) -> bool:
    """Whether two batches (or parts of them) hold the same, bit for bit."""
    if is_dataclass(one) and type(one) is type(other):
        return all(same(getattr(one, f.name), getattr(other, f.name)) for f in fields(one))
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
    return bool(one == other)


def _check_units(candidates: Candidates) -> None:
    units, size = candidates.units, len(candidates)
    assert units is not None
    width = units.numbers.shape[1]
    _array("units.space_group", units.space_group, np.int16, (size,))
    _array("units.lattice", units.lattice, np.float64, (size, 3, 3))
    _array("units.numbers", units.numbers, np.int16, (size, width))
    _array("units.wyckoff", units.wyckoff, np.int16, (size, width))
    _array("units.positions", units.positions, np.float64, (size, width, 3))
    rows = np.flatnonzero(candidates.has_unit)
    known = units.take(rows)
    of_group = tables().wyckoff_group[known.wyckoff[known.mask]]
    need(
        (of_group == np.repeat(known.space_group, known.n_orbits)).all(),
        "Wyckoff positions of asymmetric units are those of their groups",
    )
    whole = expand(known).n_atoms if len(known) else np.zeros(0, np.int64)
    need(
        (whole == candidates.structures.n_atoms[rows]).all(),
        "an asymmetric unit expands to the atoms of its structure",
    )


def _check_bonds(candidates: Candidates) -> None:
    bonds = candidates.bonds
    assert bonds is not None
    pairs = int(bonds.offsets[-1])
    _array("bonds.known", bonds.known, np.bool_, (len(candidates),))
    _array("bonds.offsets", bonds.offsets, np.int64, (len(candidates) + 1,))
    _array("bonds.atoms", bonds.atoms, np.int32, (pairs, 2))
    _array("bonds.image", bonds.image, np.int16, (pairs, 3))
    _array("bonds.order", bonds.order, np.float32, (pairs,))
    most = np.repeat(candidates.structures.n_atoms, bonds.count)[:, None]
    need(((bonds.atoms >= 0) & (bonds.atoms < most)).all(), "bonds name atoms of their own candidate")
    need((bonds.order >= 0).all(), "bond orders are not negative")


def _array(name: str, array: NDArray, dtype: type, shape: tuple[int, ...]) -> None:
    need(array.dtype == dtype, f"{name} is {np.dtype(dtype)}, not {array.dtype}")
    need(array.shape == shape, f"{name} has the shape {shape}, not {array.shape}")
