"""Which crystals are the same: pymatgen's StructureMatcher with its default tolerances, on few pairs.

StructureMatcher (ltol 0.2, stol 0.3, angle tolerance 5 degrees, primitive cells, scaled volumes) is the published judge
of uniqueness and novelty. It can only match crystals with the same reduced formula and as many atoms in the primitive
cell, so a caller shows it crystals of one formula only, and of those the pairs that ``may_match``.
"""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.neighbours import reduce_cells
from crystal_studio.crystal.primitive import primitive_cell
from crystal_studio.crystal.soundness import COMPUTABLE, fault_text
from crystal_studio.data.fingerprints import distance

LIMIT = 0.5
"""Mean atomic spacings between fingerprints. Among 18,719 pairs of one formula in the reference data 656 match: 653 of
them are at most 0.25 apart, two 0.26, one 0.43. Of 940 real crystals and copies of theirs strained and disturbed up to
what the judge tolerates none was further apart than 0.41 (``benchmarks/known.py``)."""

MOST_POINTS = 1e5
"""Lattice points in a cube of the longest edge: the judge lists about as many to reduce a cell, a second's work. A
crystal of 3 A x 3 A x 200 A has 4,400; a needle with more is compared with nothing."""


def may_match(fingerprint: NDArray, others: NDArray) -> NDArray[np.int64]:
    """Rows of ``others`` (n, W) that may be the same crystal as ``fingerprint`` (W,), the nearest first.

    Whatever has no fingerprint (NaN) may be, and comes last.
    """
    apart = distance(others, fingerprint)
    near = np.flatnonzero(~(apart > LIMIT))
    return near[np.argsort(apart[near], kind="stable")]


def reduced(lattice: NDArray, numbers: NDArray, positions: NDArray) -> Any:
    """What the judge makes of a crystal before it compares, None where it cannot.

    lattice (3, 3) Angstrom, numbers (n,), positions (n, 3) fractional. A ``TimeoutError`` raised meanwhile passes.
    """
    from pymatgen.core import Lattice, Structure

    if fault_text(lattice, numbers, positions, COMPUTABLE):
        return None
    longest = np.linalg.norm(reduce_cells(lattice[None])[0], axis=2).max()
    if longest**3 > MOST_POINTS * abs(np.linalg.det(lattice)):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            cell = primitive_cell(lattice, numbers, positions)  # exact translations first, its own search is slow
            structure = Structure(Lattice(cell.lattice), cell.numbers.tolist(), cell.positions)
            return structure.get_reduced_structure("niggli").get_primitive_structure()
        except TimeoutError:
            raise
        except Exception:  # degenerate cells fail in many ways; they are no crystal that another one could be
            return None


def same(one: Any, other: Any) -> bool:
    """Whether the judge takes two crystals, as ``reduced`` makes them, for the same; a ``TimeoutError`` passes."""
    if one is None or other is None or len(one) != len(other):
        return False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return bool(_matcher().fit(one, other, skip_structure_reduction=True))
        except TimeoutError:
            raise
        except Exception:  # cells that it cannot map
            return False


@cache
def _matcher() -> Any:
    from pymatgen.analysis.structure_matcher import StructureMatcher

    return StructureMatcher()
