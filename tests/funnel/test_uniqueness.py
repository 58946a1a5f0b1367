"""Duplicates within a project, in order of their ids, whatever they were made with."""

from __future__ import annotations

import pickle

import numpy as np
from textbook import batch, codes, crystal, raw_batch, sentences, structures

from crystal_studio.candidates.batch import Candidates
from crystal_studio.crystal.batches import Structures
from crystal_studio.data.fingerprints import fingerprints
from crystal_studio.funnel.context import FunnelContext
from crystal_studio.funnel.protocol import Batch
from crystal_studio.funnel.uniqueness import UniquenessStage

STAGE = UniquenessStage()


def test_all_different_crystals_pass() -> None:
    context = FunnelContext()
    verdicts = STAGE(batch("NaCl", "CsCl", "TiO2"), context)
    assert verdicts.passed.all() and np.isnan(verdicts.notes["duplicate_of"]).all()
    assert len(context.memory(STAGE)) == 3


def test_shifted_origin_and_supercell_are_found() -> None:
    lattice, numbers, positions = crystal("NaCl")
    double = np.concatenate([positions * [1, 1, 0.5], positions * [1, 1, 0.5] + [0, 0, 0.5]])
    cells = Structures.from_lists(
        [lattice, lattice * 1.01, np.diag([1, 1, 2]) @ lattice],
        [numbers, numbers, np.tile(numbers, 2)],
        [positions, positions + np.array([0.13, 0.29, 0.4]), double],
    )
    verdicts = STAGE(raw_batch(cells), FunnelContext())
    assert verdicts.passed.tolist() == [True, False, False]
    assert sentences(STAGE, verdicts)[1] == "Candidate 1 is the same crystal."
    assert verdicts.notes["duplicate_of"].tolist()[1:] == [1, 1]


def primitive_rock_salt() -> Structures:
    return Structures.from_lists([5.64 / 2 * (1 - np.eye(3))], [[11, 17]], [[[0, 0, 0], [0.5, 0.5, 0.5]]])


def test_rock_salt_in_p1_and_in_its_group_is_one_crystal() -> None:
    """The same eight atoms, or the two of the primitive cell, asked for in P1, in no group and in Fm-3m."""
    made_in_group = batch("NaCl").candidates
    in_p1 = Candidates.of_structures(structures("NaCl"), np.array([1]))
    imported = Candidates.of_structures(primitive_rock_salt())
    for order in ((made_in_group, in_p1, imported), (imported, made_in_group, in_p1), (in_p1, imported, made_in_group)):
        together = Candidates.concatenate(order)
        verdicts = STAGE(Batch(np.arange(1, 4), together), FunnelContext())
        assert codes(verdicts) == ["", "duplicate", "duplicate"]
        context = FunnelContext()
        alone = [STAGE(Batch(np.array([i]), one), context) for i, one in enumerate(order, 1)]
        assert [codes(v) for v in alone] == [[""], ["duplicate"], ["duplicate"]]


def test_same_formula_other_crystal_passes() -> None:
    """Rutile and a stretched relative of the same group: StructureMatcher tells them apart."""
    lattice, numbers, positions = crystal("TiO2")
    cells = Structures.from_lists([lattice, lattice @ np.diag([1, 1, 2.2])], [numbers, numbers], [positions, positions])
    assert STAGE(raw_batch(cells), FunnelContext()).passed.all()


def test_memory_of_earlier_runs_and_no_match_with_oneself() -> None:
    first = batch("NaCl", "TiO2")
    context = FunnelContext()
    context.remember(STAGE, first.ids, first.candidates)
    context.remember(STAGE, first.ids, first.candidates)
    assert len(context.memory(STAGE)) == 2
    assert STAGE(first, context).passed.all()  # judged again after a kill: still the first of its kind
    again = STAGE(batch("TiO2", first_id=9), context)
    assert again.reasons[0] is not None and again.reasons[0].parameters == {"candidate": 2}


def test_the_earlier_one_stays_whichever_is_judged_again() -> None:
    context = FunnelContext()
    context.remember(STAGE, np.array([4]), batch("NaCl").candidates)
    context.remember(STAGE, np.array([7]), batch("NaCl").candidates)
    assert STAGE(batch("NaCl", first_id=4), context).passed.all()
    assert codes(STAGE(batch("NaCl", first_id=7), context)) == ["duplicate"]


def test_a_batch_and_one_after_the_other_give_the_same() -> None:
    names = ["NaCl", "TiO2", "NaCl", "CsCl", "TiO2", "NaCl"]
    whole = batch(*names)
    together = codes(STAGE(whole, FunnelContext()))
    context = FunnelContext()
    singly = [codes(STAGE(whole.take(np.array([i])), context))[0] for i in range(len(names))]
    assert together == singly == ["", "", "duplicate", "", "duplicate", "duplicate"]


def test_what_workers_get_is_light_and_picklable() -> None:
    context = FunnelContext(potential="chgnet", device="cuda:1")
    STAGE(batch("NaCl"), context)
    copy = pickle.loads(pickle.dumps(context.for_worker()))
    assert (copy.potential, copy.device) == ("chgnet", "cuda:1") and len(copy.memory(STAGE)) == 0
    whole = pickle.loads(pickle.dumps(context))
    assert codes(STAGE(batch("NaCl", first_id=5), whole)) == ["duplicate"]


def test_weird_cells_pass_on() -> None:
    """A flat cell cannot be compared, so it is no duplicate, and never an exception."""
    cells = Structures.from_lists([np.zeros((3, 3))] * 2, [[26], [26]], [[[0, 0, 0]]] * 2)
    assert STAGE(raw_batch(cells), FunnelContext()).passed.all()


def test_needles_without_a_fingerprint_pass_on_at_once() -> None:
    """Sound by the rule of cells, but the judge would list a billion lattice points to reduce one."""
    needle = np.diag([0.51, 0.51, 9990.0])
    cells = Structures.from_lists([needle] * 2, [[26] * 3] * 2, [[[0, 0, 0], [0, 0, 0.3], [0, 0, 0.7]]] * 2)
    assert np.isnan(fingerprints(cells)).all()
    assert STAGE(raw_batch(cells), FunnelContext()).passed.all()


def test_many_of_one_formula_are_told_of_and_judged_quickly() -> None:
    """3,000 earlier crystals of one formula far from each other: told at once, each new one compared with the near."""
    import time

    rng = np.random.default_rng(0)
    size = 3000
    cells = Structures.from_lists(
        [4 * np.eye(3) * f for f in rng.uniform(0.9, 1.1, size)],
        [[11, 11, 17, 17]] * size,
        rng.random((size, 4, 3)),
    )
    context = FunnelContext()
    started = time.process_time()
    context.remember(STAGE, np.arange(size), Candidates.of_structures(cells))
    told = time.process_time() - started
    verdicts = STAGE(raw_batch(cells.take(np.arange(5)), first_id=size), context)
    assert codes(verdicts) == ["duplicate"] * 5
    assert told < 3
