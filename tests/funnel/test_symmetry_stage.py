"""The detected group must be the requested one; supergroups are told apart."""

from __future__ import annotations

import numpy as np
from textbook import CRYSTALS, batch, raw_batch, structures

from crystal_studio.crystal.batches import Structures
from crystal_studio.funnel.symmetry import SpaceGroup


def test_textbook_crystals_keep_their_groups() -> None:
    verdicts = SpaceGroup()(batch(*CRYSTALS), None)
    assert verdicts.passed.all(), verdicts.reasons
    assert verdicts.values["detected_space_group"].tolist() == [c[0] for c in CRYSTALS.values()]


def test_supergroup_is_said() -> None:
    """Asked for P4/mmm, the CsCl atoms sit as in Pm-3m."""
    verdicts = SpaceGroup()(raw_batch(structures("CsCl"), [123]), None)
    assert verdicts.reasons == ("The space group is Pm-3m (221), a supergroup of P4/mmm (123) (tolerance 0.1 A).",)
    assert verdicts.values["supergroup"].tolist() == [1.0]


def test_lower_symmetry_is_said() -> None:
    verdicts = SpaceGroup()(raw_batch(structures("TiO2"), [225]), None)
    assert verdicts.reasons == ("The space group is P4_2/mnm (136), instead of Fm-3m (225) (tolerance 0.1 A).",)
    assert verdicts.values["supergroup"].tolist() == [0.0]


def test_weird_cells_are_rejected_not_raised() -> None:
    cells = Structures.from_lists(
        [np.zeros((3, 3)), 4 * np.eye(3)], [[26], [8, 8]], [[[0, 0, 0]], [[0, 0, 0], [0.0001, 0, 0]]]
    )
    verdicts = SpaceGroup()(raw_batch(cells, [1, 2]), None)
    assert not verdicts.passed[0]
    assert "No space group could be detected" in verdicts.reasons[0]
