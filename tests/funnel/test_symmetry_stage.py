"""A crystal is judged by the group that it has, and only where one was asked for."""

from __future__ import annotations

import numpy as np
from textbook import CRYSTALS, batch, codes, crystal, found, raw_batch, sentences, structures

from crystal_studio.crystal.batches import Structures
from crystal_studio.funnel.symmetry import SymmetryStage

STAGE = SymmetryStage()


def test_textbook_crystals_keep_their_groups() -> None:
    verdicts = STAGE(batch(*CRYSTALS), None)
    assert verdicts.passed.all(), verdicts.reasons
    assert found(verdicts, "space_group").tolist() == [c[0] for c in CRYSTALS.values()]


def test_supergroup_is_said() -> None:
    """Asked for P4/mmm, the CsCl atoms sit as in Pm-3m."""
    verdicts = STAGE(raw_batch(structures("CsCl"), [123]), None)
    assert sentences(STAGE, verdicts) == [
        "The space group is Pm-3m (221), a supergroup of P4/mmm (123) (tolerance 0.1 Å)."
    ]
    assert codes(verdicts) == ["supergroup"] and verdicts.notes["supergroup"].tolist() == [1.0]


def test_another_group_is_said() -> None:
    verdicts = STAGE(raw_batch(structures("TiO2"), [225]), None)
    assert sentences(STAGE, verdicts) == [
        "The space group is P4_2/mnm (136), instead of Fm-3m (225) (tolerance 0.1 Å)."
    ]
    assert codes(verdicts) == ["other_group"] and verdicts.notes["supergroup"].tolist() == [0.0]


def test_rock_salt_made_in_p1_is_rock_salt() -> None:
    verdicts = STAGE(raw_batch(structures("NaCl", "TiO2"), [1, 1]), None)
    assert verdicts.passed.all()
    assert found(verdicts, "space_group").tolist() == [225, 136]
    assert verdicts.notes["supergroup"].tolist() == [1.0, 1.0]


def test_where_no_group_was_asked_for_none_is_rejected() -> None:
    lattice, numbers, positions = crystal("TiO2")
    moved = positions + np.random.default_rng(0).normal(0, 0.06, positions.shape)
    cells = Structures.from_lists([lattice, lattice], [numbers, numbers], [positions, moved])
    verdicts = STAGE(raw_batch(cells), None)
    assert verdicts.passed.all()
    assert found(verdicts, "space_group").tolist() == [136, 1]
    assert np.isnan(verdicts.notes["supergroup"]).all()


def test_weird_cells_are_judged_not_raised() -> None:
    cells = Structures.from_lists(
        [np.zeros((3, 3)), 4 * np.eye(3), np.full((3, 3), np.nan)],
        [[26], [8, 8], [1]],
        [[[0, 0, 0]], [[0, 0, 0], [0.0001, 0, 0]], [[0, 0, 0]]],
    )
    verdicts = STAGE(raw_batch(cells, [1, 2, 0]), None)
    assert verdicts.passed.tolist() == [False, False, True]
    assert sentences(STAGE, verdicts)[0] == "No space group could be detected at 0.1 Å."
    assert np.isnan(found(verdicts, "space_group")).all()
