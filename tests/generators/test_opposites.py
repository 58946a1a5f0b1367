"""What guidance leads away from."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from crystal_studio.design.request import DesignRequest
from crystal_studio.generators import registry
from crystal_studio.generators.symmcd import plan as planning
from crystal_studio.generators.symmcd.labels import NAMES, embed, of_cell, opposites

HULL = NAMES.index("e_above_hull")


@given(st.floats(0.0, 2.0))
def test_a_target_near_the_hull_leads_away_from_what_is_far_from_it(target):
    values = np.full((1, len(NAMES)), np.nan)
    values[0, HULL] = target
    away = opposites(values)
    assert np.isnan(np.delete(away, HULL)).all()
    if target <= 0.1:
        assert away[0, HULL] == 0.3
    if 0.2 <= target <= 0.4:
        assert np.isnan(away[0, HULL])


def test_other_targets_lead_away_from_what_is_drawn_without_them():
    values = np.array([[-2.0, np.nan, 3.0, 4.0]])
    assert np.isnan(opposites(values)).all()


def test_the_hull_alone_leads_no_lattice():
    hull, density, gap = [0, np.nan], [np.nan, 4.0], [np.nan, 2.0]
    asked = np.array([[np.nan, a, b, c] for a in hull for b in gap for c in density])
    told = np.isfinite(asked)
    assert of_cell(asked).tolist() == (told[:, 2] | told[:, 3]).tolist()


def test_the_model_contrasts_the_hull_with_less_stable_crystals_and_keeps_what_else_is_told():
    generator = registry.load("symmcd-mp20-like")
    request = DesignRequest(count=3)
    allowed = planning.allowed_elements(request, generator.priors)
    plans = planning.draw(request, generator.priors, 3, np.random.default_rng(0))
    targets = np.full((3, len(NAMES)), np.nan)
    targets[:, HULL] = 0.0
    asked = generator.conditions(plans, allowed, targets, np.ones(3, bool), 2.0)
    distinct = np.array([p.distinct for p in plans])
    far = np.full((3, len(NAMES)), np.nan)
    far[:, HULL] = 0.3
    assert torch.equal(asked.without, torch.as_tensor(embed(far, distinct, np.ones(3, np.int64))))
    assert not asked.of_cell.any()
    assert torch.equal(asked.labels, torch.as_tensor(embed(targets, distinct, np.ones(3, np.int64))))
