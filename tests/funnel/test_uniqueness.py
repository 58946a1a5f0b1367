"""Duplicates within a project, in order of their ids."""

from __future__ import annotations

import pickle

import numpy as np
from textbook import batch, crystal, raw_batch

from crystal_studio.crystal.batches import Structures
from crystal_studio.funnel.context import FunnelContext
from crystal_studio.funnel.uniqueness import Uniqueness


def test_all_different_crystals_pass() -> None:
    context = FunnelContext()
    assert Uniqueness()(batch("NaCl", "CsCl", "TiO2"), context).passed.all()
    assert len(context.seen) == 3


def test_shifted_origin_and_supercell_are_found() -> None:
    lattice, numbers, positions = crystal("NaCl")
    double = np.concatenate([positions * [1, 1, 0.5], positions * [1, 1, 0.5] + [0, 0, 0.5]])
    cells = Structures.from_lists(
        [lattice, lattice * 1.01, np.diag([1, 1, 2]) @ lattice],
        [numbers, numbers, np.tile(numbers, 2)],
        [positions, positions + np.array([0.13, 0.29, 0.4]), double],
    )
    verdicts = Uniqueness()(raw_batch(cells, [225, 225, 225]), FunnelContext())
    assert verdicts.passed.tolist() == [True, False, False]
    assert verdicts.reasons[1] == "Candidate 1 is the same crystal."
    assert verdicts.values["duplicate_of"].tolist() == [None, 1, 1]


def test_same_formula_other_crystal_passes() -> None:
    """Rutile and a stretched relative of the same group: StructureMatcher tells them apart."""
    lattice, numbers, positions = crystal("TiO2")
    cells = Structures.from_lists([lattice, lattice @ np.diag([1, 1, 2.2])], [numbers, numbers], [positions, positions])
    assert Uniqueness()(raw_batch(cells, [136, 136]), FunnelContext()).passed.all()


def test_memory_of_earlier_runs_and_no_match_with_oneself() -> None:
    first = batch("NaCl", "TiO2")
    context = FunnelContext()
    context.remember(first.ids, first.units.space_group, first.structures)
    assert Uniqueness()(first, context).passed.all()  # judged again after a kill: still the first of its kind
    again = Uniqueness()(batch("TiO2", first_id=9), context)
    assert again.reasons == ("Candidate 2 is the same crystal.",)


def test_what_workers_get_is_light_and_picklable() -> None:
    context = FunnelContext(potential="chgnet", device="cpu")
    Uniqueness()(batch("NaCl"), context)
    copy = pickle.loads(pickle.dumps(context.for_worker()))
    assert copy.potential == "chgnet" and len(copy.seen) == 0
    assert len(pickle.loads(pickle.dumps(context)).seen) == 1


def test_weird_cells_pass_on() -> None:
    """A flat cell has no fingerprint: not comparable, so not a duplicate, and never an exception."""
    cells = Structures.from_lists([np.zeros((3, 3))] * 2, [[26], [26]], [[[0, 0, 0]]] * 2)
    assert Uniqueness()(raw_batch(cells), FunnelContext()).passed.all()
