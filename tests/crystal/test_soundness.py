"""One rule of a sound cell: it answers for every cell, and what it lets through can be searched."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.lattice import from_parameters
from crystal_studio.crystal.neighbours import minimum_distances
from crystal_studio.crystal.soundness import COMPUTABLE, CellFault, CellLimits, cell_faults, fault_texts, is_sound
from crystal_studio.crystal.standardise import to_asymmetric_units


def cells(*parameters: tuple[float, ...]) -> Structures:
    """Two atoms, one in the corner and one in the middle, in cells of these parameters."""
    size = len(parameters)
    lattices = [from_parameters(np.array(p, float)) for p in parameters]
    return Structures.from_lists(lattices, [np.array([11, 17])] * size, [np.array([[0, 0, 0], [0.5] * 3])] * size)


@pytest.mark.parametrize(
    ("parameters", "fault"),
    [
        ((4, 4, 4, 90, 90, 90), CellFault.NONE),
        ((4, 4, 4, 60, 60, 60), CellFault.NONE),
        ((3.08, 3.08, 1500, 90, 90, 120), CellFault.NONE),  # a polytype of silicon carbide, 594R
        ((4, 4, 0, 90, 90, 90), CellFault.FLAT),
        ((4, 4, 4, 60, 60, 120), CellFault.FLAT),
        ((4, 4, np.nan, 90, 90, 90), CellFault.NOT_FINITE),
        ((1e200, 1e160, 1e100, 60, 110, 120), CellFault.TOO_LONG),
        ((1e-160, 1e160, 1e150, 110, 120, 60), CellFault.TOO_LONG),
        ((4, 4, 1e15, 90, 90, 80), CellFault.TOO_LONG),
        ((60, 3.9, 3.9, 1, 90, 90), CellFault.TOO_SHORT),
        ((4, 4, 0.1, 90, 90, 90), CellFault.TOO_SHORT),
    ],
)
def test_known_cases(parameters: tuple[float, ...], fault: CellFault) -> None:
    assert cell_faults(cells(parameters)).tolist() == [fault]
    assert bool(fault_texts(cells(parameters))[0]) == (fault != CellFault.NONE)


def test_atoms_count_too() -> None:
    nothing = (4 * np.eye(3), np.zeros(0, int), np.zeros((0, 3)))
    alien = (4 * np.eye(3), np.array([119]), np.zeros((1, 3)))
    lost = (4 * np.eye(3), np.array([11]), np.full((1, 3), np.inf))
    many = (4 * np.eye(3), np.full(50, 1), np.random.default_rng(0).random((50, 3)))
    with np.errstate(invalid="ignore"):
        batch = Structures.from_lists(*zip(nothing, alien, lost, many, strict=True))
    assert cell_faults(batch).tolist() == [CellFault.EMPTY, CellFault.NO_ELEMENT, CellFault.NOT_FINITE, 0]
    assert is_sound(batch, CellLimits(most_atoms=49)).tolist() == [False] * 4
    assert is_sound(batch, CellLimits(volume_per_atom=2.0)).tolist() == [False] * 4
    assert is_sound(batch, COMPUTABLE).tolist() == [False, False, False, True]


EDGES = st.one_of(st.floats(1e-3, 1e3), st.floats(1e-300, 1e300), st.just(0.0))
ANGLES = st.one_of(st.sampled_from([60.0, 90.0, 120.0]), st.floats(0, 180))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(EDGES, EDGES, EDGES, ANGLES, ANGLES, ANGLES), min_size=1, max_size=4))
def test_every_cell_has_an_answer_and_sound_ones_have_distances(parameters: list[tuple[float, ...]]) -> None:
    with np.errstate(all="ignore"):
        batch = cells(*parameters)
        sound = is_sound(batch)
        assert np.isfinite(minimum_distances(batch.take(sound))).all()


def test_a_cell_without_measure_costs_itself_alone() -> None:
    """Overflow made the lattice reduction singular, and with it the search of every other crystal of the batch."""
    batch = cells((5, 5, 5, 90, 90, 90), (1e200, 1e160, 1e100, 60, 110, 120), (4, 4, 1e15, 90, 90, 80))
    units, ok, reasons = to_asymmetric_units(batch, 0.01)
    assert ok.tolist() == [True, False, False] and units.space_group[0] == 221
    assert all(reasons[1:])
