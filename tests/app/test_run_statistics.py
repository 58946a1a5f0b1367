"""What the Run page plots of a campaign: energies, or the pores of frameworks."""

from __future__ import annotations

import numpy as np
import projects
import pytest

from crystal_studio.app.run.statistics import ENERGIES, pair, read
from crystal_studio.candidates.quantities import Method
from crystal_studio.candidates.verdicts import Finding, rejecting
from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.rows import CampaignRow
from crystal_studio.project.store import ProjectWriter


def campaign(funnel: object) -> CampaignRow:
    return CampaignRow(1, "", "", "generate", {"funnel": funnel}, {}, "running", 2, None, 0.0)


@pytest.mark.parametrize(
    ("funnel", "held", "names"),
    [
        ("quick", (), ENERGIES),
        ("none", (), ENERGIES),
        ("unheard of", (), ENERGIES),
        ("mof", (), ("pld", "surface_area")),
        ({"stages": [{"stage": "pores"}, {"stage": "adsorption"}]}, (), ("pld", "co2_working_capacity")),
        ("mof,stability", (), ENERGIES),
        ("none", ("pld",), ("pld", "surface_area")),
        ("none", ("pld", "co2_working_capacity"), ("pld", "co2_working_capacity")),
    ],
)
def test_what_is_plotted_follows_the_funnel_and_what_there_is(funnel, held, names):
    assert pair(campaign(funnel), held) == names


def test_pores_are_counted_where_there_are_no_energies(tmp_path):
    path = projects.make(tmp_path / "pores.crystals", 3, judged=False)
    with ProjectWriter.open(path) as writer:
        zeo = Method("zeo++", "geometry", "Zeo++")
        found = [Finding("pld", zeo, np.array([3.1, 8.2])), Finding("surface_area", zeo, np.array([100.0, 9000.0]))]
        writer.record(1, "pores", np.array([1, 2]), rejecting([None, None], found), last=True)
    with ProjectReader(path) as reader:
        data = read(reader, 1)
        assert list(data.values) == ["pld", "surface_area"] and not len(data.groups.training)
        assert data.values["pld"].total == 2 and data.values["surface_area"].outside == 1
    with ProjectReader(projects.make(tmp_path / "crystals.crystals", 40)) as reader:
        assert tuple(read(reader, 1).values) == ENERGIES
