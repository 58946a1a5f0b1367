"""Symmetry found in worker processes is that found here; see the import of mutated files for cells that hang."""

from __future__ import annotations

import numpy as np
import pytest

from crystal_studio.campaign.standardising import standardised
from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.standardise import to_asymmetric_units

_SALT = (5.64 * np.eye(3), [11] * 4 + [17] * 4)
_FACES = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
_ATOMS = np.concatenate([_FACES, (_FACES + 0.5) % 1])


def batch(*cells: np.ndarray) -> Structures:
    return Structures.from_lists([*cells], [np.array(_SALT[1], np.int16)] * len(cells), [_ATOMS] * len(cells))


def test_the_same_as_in_this_process() -> None:
    structures = batch(_SALT[0], _SALT[0] * np.diag([1, 1, 1.1]), 1e-4 * np.eye(3))
    units, ok, reasons = standardised(structures, 0.01)
    there, there_ok, there_reasons = to_asymmetric_units(structures, 0.01)
    assert ok.tolist() == there_ok.tolist() == [True, True, False] and reasons == there_reasons
    assert units.space_group.tolist() == there.space_group.tolist() == [225, 139, 1]
    assert np.array_equal(units.positions, there.positions) and np.array_equal(units.wyckoff, there.wyckoff)


def test_none_at_all() -> None:
    units, ok, reasons = standardised(batch(_SALT[0]).take(np.zeros(0, int)), 0.01)
    assert len(units) == len(ok) == len(reasons) == 0


FLAT = np.array([[4, 0, 0], [8, 0, 0], [0, 0, 4.0]])


@pytest.mark.parametrize("cell", [np.zeros((3, 3)), np.full((3, 3), np.nan), FLAT])
def test_a_cell_without_volume_is_a_sentence(cell: np.ndarray) -> None:
    _, ok, reasons = standardised(batch(_SALT[0], cell), 0.01)
    assert ok.tolist() == [True, False] and reasons[1].endswith(".")
