"""What an improvement learns from: of which campaigns, and how often each element."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from generator_fakes import rock_salts
from hypothesis import given
from hypothesis import strategies as st
from improve_fakes import BEST, Made, write_model
from test_improving import ONE, begin, carry_on, rounds

from crystal_studio.campaign.improving import material, selection
from crystal_studio.campaign.improving.learning import Chosen
from crystal_studio.campaign.improving.plan import ImproveOptions
from crystal_studio.candidates.share import wilson
from crystal_studio.data.datasets import Dataset


@pytest.mark.parametrize("earlier", [True, False])
def test_what_another_campaign_of_the_project_found_is_learnt_from_unless_told_otherwise(
    tmp_path: Path, earlier: bool
) -> None:
    write_model("first", BEST - 0.2)
    project, made = tmp_path / "salt.crystals", Made()
    carry_on(project, begin(project, made, ONE), made)
    alone = rounds(project)[1].figures["data"]["found"]
    options = ImproveOptions(**{**ONE.plain(), "earlier": earlier})
    number = begin(project, made, options, seed=4)
    assert carry_on(project, number, made)[0].state == "finished"
    own = [row for row in rounds(project) if row.improvement == number]
    near = own[0].figures["sun_near"]["count"]
    assert alone > 0 and near > 0
    assert (own[1].figures["data"]["found"] > near) == earlier


def test_an_element_that_takes_over_is_held_back_to_twice_its_share() -> None:
    made = np.zeros((1000, 3), bool)
    made[:500, 0], made[500:990, 1], made[990:, 2] = True, True, True
    held = np.zeros((100, 3), bool)
    held[:50, 0], held[50:80, 1], held[80:, 2] = True, True, True
    odds = selection.held_back(np.ones(100), held, made)
    limit = 2 * wilson(10, 1000)[1]
    assert odds.sum() == pytest.approx(100)
    assert odds[80:].sum() / 100 == pytest.approx(limit, rel=0.01)
    assert odds[0] / odds[50] == pytest.approx(1)
    assert np.allclose(selection.held_back(np.ones(80), held[:80], made), 1)


def test_an_element_that_all_hold_holds_nothing_back() -> None:
    held = np.ones((5, 2), bool)
    assert np.allclose(selection.held_back(np.ones(5), held, np.zeros((1000, 2), bool)), 1)


@given(st.integers(0, 2**32 - 1))
def test_odds_stay_odds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    held, made = rng.random((20, 6)) < rng.random(6), rng.random((200, 6)) < rng.random(6) ** 2
    before = rng.random(20)
    odds = selection.held_back(before, held, made)
    assert np.isfinite(odds).all() and (odds >= 0).all() and odds.sum() == pytest.approx(before.sum())


def selected(count: int, e_hull: float) -> selection.Selected:
    energies = np.full(count, e_hull)
    return selection.Selected(np.arange(count) + 1, rock_salts(np.full(count, 5.6)).structures, energies, energies)


@pytest.mark.parametrize(("found", "far", "hidden"), [(300, 5, True), (299, 5, False), (300, 0, False)])
def test_energies_above_hull_of_known_crystals_are_hidden_where_enough_candidates_tell_them(
    tmp_path: Path, found: int, far: int, hidden: bool
) -> None:
    known = rock_salts(np.full(4, 5.6)).structures
    columns = {"split": np.array(["train"] * 4), "e_above_hull": np.zeros(4), "band_gap": np.ones(4)}
    base = Dataset(known, np.array(list("abcd")), columns)
    chosen = Chosen(selected(found, 0.05), selected(far, 0.5) if far else None, known)
    material.write(tmp_path, base, chosen, ONE)
    data = material.load(tmp_path / "data.parquet")
    told = np.asarray(data.columns["e_above_hull"], float)
    assert np.isnan(told[:4]).all() == hidden and np.isfinite(told[:4]).all() != hidden
    assert told[4:] == pytest.approx(0.05) and np.asarray(data.columns["band_gap"], float)[:4] == pytest.approx(1)
