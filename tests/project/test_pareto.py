"""Candidates of a project compared in several quantities, by names as in filters."""

from __future__ import annotations

import numpy as np
import pytest
from project_samples import CHGNET, HEADS, batch, said

from crystal_studio.errors import RequestError
from crystal_studio.project import pareto
from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.store import ProjectWriter

E_HULL = [0.0, 0.1, 0.0, 0.2, np.nan, 0.1]
GAP = [0.5, 1.5, 3.0, 1.2, 1.4, 2.5]


@pytest.fixture
def judged(tmp_path):
    """Six candidates with an energy above hull by a potential, all but one, and a predicted band gap."""
    path = tmp_path / "six.crystals"
    with ProjectWriter.create(path) as writer:
        campaign = writer.add_campaign("six", {"count": 6}, {}, 6)
        ids = writer.add_candidates(campaign, range(6), batch(6), "made by hand")
        for stage, name, values, method in (("a", "band_gap", GAP, HEADS), ("b", "e_hull", E_HULL, CHGNET)):
            writer.record(campaign, stage, ids, said([None] * 6, {name: values}, method), last=stage == "b")
    with ProjectReader(path) as reader:
        yield reader


def test_the_front_is_what_nothing_beats_and_lacking_values_are_not_compared(judged):
    found = pareto.ranking(judged, pareto.objectives("e_hull:low predicted_band_gap=1:2"))
    # 1 lies on the hull, 2 within the range; 3 is as low as 1 but further off; 5 has no energy.
    assert found.ids.tolist() == [1, 2, 3, 4, 5, 6]
    assert found.ranks.tolist() == [1, 1, 2, 2, 0, 2]


def test_what_nothing_has_computed_is_compared_as_predicted_and_named_so(judged):
    found = pareto.ranking(judged, pareto.objectives("e_above_hull:low band_gap=1:2"))
    assert [str(o) for o in found.objectives] == ["e_hull:low", "predicted_band_gap=1:2"]
    assert found.ranks.tolist() == [1, 1, 2, 2, 0, 2]
    by_method = pareto.ranking(judged, pareto.objectives("e_hull@chgnet:low"))
    assert by_method.front.tolist() == [1, 3] and by_method.compared == 5


def test_a_filter_says_who_is_compared(judged):
    found = pareto.ranking(judged, pareto.objectives("e_hull:low predicted_band_gap=1:2"), "id >= 3")
    assert dict(zip(found.ids.tolist(), found.ranks.tolist(), strict=True)) == {3: 1, 4: 1, 5: 0, 6: 1}
    none = pareto.ranking(judged, pareto.objectives("lcd:low"), "id < 0")
    assert len(none.ids) == none.compared == len(none.front) == 0


@pytest.mark.parametrize("name", ["formula", "nearest_known"])
def test_words_are_not_compared(name):
    with pytest.raises(RequestError, match=f"{name} is no number"):
        pareto.objectives(f"{name}:low")


def test_a_column_that_is_not_there_is_named():
    with pytest.raises(RequestError, match="There is no column 'e_hul'"):
        pareto.objectives("e_hul:low")
