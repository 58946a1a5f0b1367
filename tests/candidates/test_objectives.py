"""What candidates are compared in, as it is written and as it counts."""

from __future__ import annotations

import numpy as np
import pytest

from crystal_studio.candidates.objectives import Objective, Ranking, parse
from crystal_studio.errors import RequestError


def test_wishes_are_read_as_they_are_written():
    text = "e_hull:low predicted_band_gap=1:2 e_hull@'my model':high density=3"
    found = parse(text)
    assert [(o.name, o.wish, o.low, o.high) for o in found] == [
        ("e_hull", "low", 0, 0),
        ("predicted_band_gap", "near", 1, 2),
        ("e_hull@'my model'", "high", 0, 0),
        ("density", "near", 3, 3),
    ]
    assert parse(" ".join(map(str, found))) == found
    assert parse("e_hull co2_uptake") == (Objective("e_hull", "low"), Objective("co2_uptake", "high"))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "Name one to 4 quantities"),
        ("e_hull:low density:low n_atoms:low volume:low n_orbits:low", "Name one to 4 quantities"),
        ("density:low density=1:2", "density is named twice"),
        ("density", "write density:low, density:high or a range like density=1:2"),
        ("density=2:1", "no range from low to high"),
        ("density=nan", "no range from low to high"),
        ("=1:2", "no range from low to high"),
        ("density=heavy", "has no range"),
        ("density:medium", "no quantity with a wish"),
    ],
)
def test_what_cannot_be_read_says_how_it_is_written(text, complaint):
    with pytest.raises(RequestError, match=complaint):
        parse(text)


def test_costs_are_less_where_the_wish_is_met_better():
    values = np.array([0.5, 1.0, 1.7, 2.5, np.nan])
    assert Objective("density", "low").costs(values)[:4].tolist() == [0.5, 1.0, 1.7, 2.5]
    assert Objective("density", "high").costs(values)[:4].tolist() == [-0.5, -1.0, -1.7, -2.5]
    assert Objective("density", "near", 1, 2).costs(values)[:4].tolist() == [0.5, 0, 0, 0.5]
    assert all(np.isnan(Objective("density", wish).costs(values)[4]) for wish in ("low", "high", "near"))


def test_objectives_say_in_words_what_is_wished():
    assert Objective("e_hull", "low").in_words == "low energy above hull"
    assert Objective("predicted_band_gap", "near", 1, 2).in_words == "predicted band gap near 1 to 2 eV"


def test_a_ranking_sorts_whatever_is_listed():
    ranking = Ranking(np.array([2, 4, 6, 8]), np.array([2, 0, 1, 2]), (Objective("density", "low"),))
    assert ranking.front.tolist() == [6] and ranking.compared == 3
    assert [ranking.rank(i) for i in (1, 2, 4, 6, 9)] == [0, 2, 0, 1, 0]
    listed = np.array([9, 8, 4, 2, 6])
    assert ranking.sorted(listed).tolist() == [6, 8, 2, 9, 4]
    assert ranking.sorted(listed, descending=True).tolist() == [8, 2, 6, 9, 4]
    assert Ranking().sorted(listed).tolist() == listed.tolist()
