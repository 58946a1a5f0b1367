"""The stages that go by the targets of the request: before the relaxation by chances, after it by what is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textbook import batch

from crystal_studio.campaign.judge_request import JudgeRequest
from crystal_studio.campaign.parts import for_request
from crystal_studio.candidates.batch import Candidates
from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.lattice import densities
from crystal_studio.design.request import DesignRequest
from crystal_studio.design.targets import PropertyTarget
from crystal_studio.errors import RequestError
from crystal_studio.funnel.context import FunnelContext
from crystal_studio.funnel.protocol import Batch
from crystal_studio.funnel.reasons import sentence
from crystal_studio.funnel.targets import RelaxedTargetsStage, TargetsStage, as_text, bounds, chances, ranges_of
from crystal_studio.properties import registry

numbers = st.floats(-20, 20, allow_nan=False)


@given(st.lists(st.tuples(st.sampled_from(["band_gap", "density", "e_above_hull"]), numbers, numbers), max_size=3))
def test_ranges_are_read_as_they_are_written(told: list[tuple[str, float, float]]) -> None:
    targets = tuple(PropertyTarget(name, min(a, b), max(a, b)) for name, a, b in told)
    assert ranges_of(as_text(targets)) == targets


@settings(max_examples=25, deadline=None)
@given(st.floats(0, 8), st.floats(0.05, 2), st.floats(0, 0.9), st.floats(-1, 9), st.floats(0.05, 3))
def test_chances_of_a_gap_are_those_of_the_mixture(
    gap: float, spread: float, metal: float, low: float, width: float
) -> None:
    """Zero with the chance of a metal, else a Gaussian: counted on many draws of it."""
    rng = np.random.default_rng(0)
    drawn = np.where(rng.random(200_000) < metal, 0.0, rng.normal(gap, spread, 200_000))
    target = PropertyTarget("band_gap", low, low + width)
    mean, std = (1 - metal) * gap, np.sqrt((1 - metal) * (spread**2 + gap**2) - ((1 - metal) * gap) ** 2)
    found = chances(target, np.array([mean]), np.array([std]), np.array([metal]))[0]
    assert found == pytest.approx(((drawn >= low) & (drawn <= low + width)).mean(), abs=0.01)


def test_an_energy_above_hull_may_be_lower_than_asked_and_a_value_alone_is_a_range() -> None:
    assert bounds(PropertyTarget("e_above_hull", 0, 0.05)) == (-np.inf, 0.05)
    assert bounds(PropertyTarget("e_above_hull", 0, 0)) == (-np.inf, 0)
    assert bounds(PropertyTarget("density", 4, 4)) == pytest.approx((3.8, 4.2))
    assert bounds(PropertyTarget("band_gap", 0, 0)) == pytest.approx((-0.05, 0.05))


def test_what_can_hardly_have_the_gap_is_rejected_and_the_rest_goes_on() -> None:
    """Salt has a gap of 5 eV by PBE; iron has none."""
    made = batch("NaCl", "Fe")
    wide = TargetsStage(ranges="band_gap=4:7")(made, FunnelContext())
    assert wide.passed.tolist() == [True, False]
    assert wide.findings[0].values[0] > 0.3 > 0.05 > wide.findings[0].values[1]
    assert "chance that it has what was asked for" in sentence(
        "targets", wide.reasons[1].code, wide.reasons[1].parameters
    )
    none = TargetsStage(ranges="band_gap=0:0.1")(made, FunnelContext())
    assert none.passed.tolist() == [False, True]


def test_how_likely_it_lies_near_the_hull_a_look_tells() -> None:
    """A salt 4% too large in every direction will shrink back; salt with its ions mixed up will not be stable."""
    made = batch("NaCl")
    lattice, numbers, positions = made.structures.cell(0)
    mixed = np.array([11, 17, 11, 17, 17, 11, 17, 11])
    cells = Structures.from_lists([1.04 * lattice, lattice], [numbers, mixed], [positions, positions])
    both = Batch(np.array([1, 2]), Candidates(cells, np.zeros(2, np.int16)), {})
    stage = TargetsStage(ranges="e_above_hull=0:0.1", chance=0.3)
    assert stage.costly and not TargetsStage(ranges="density=2:3").costly
    found = stage(both, FunnelContext())
    told = registry.load(registry.TRIAGE_DEFAULT).predict(cells).chance(0.1)
    assert found.findings[0].values == pytest.approx(told) and found.passed.tolist() == [True, False]
    without = TargetsStage(ranges="e_above_hull=0:0.1", energies="none such")(both, FunnelContext())
    head = registry.load().predict(cells)
    wanted = chances(PropertyTarget("e_above_hull", 0, 0.1), head.mean[:, 1], head.std[:, 1])
    assert head.names[1] == "e_above_hull" and without.findings[0].values == pytest.approx(wanted)


def test_of_what_nothing_is_predicted_nothing_is_said() -> None:
    verdicts = TargetsStage(ranges="pld=5:8")(batch("NaCl"), FunnelContext())
    assert verdicts.passed.all() and verdicts.findings[0].values[0] == 1.0
    assert "predicts no pld" in verdicts.notes["target_note"][0]


def with_e_hull(made: Batch, *values: float) -> Batch:
    return replace(made, found={"e_hull": np.array(values)})


def test_relaxed_candidates_meet_what_was_computed_of_them() -> None:
    made = with_e_hull(batch("NaCl", "MgAl2O4", "SrTiO3"), -0.02, 0.2, np.nan)
    stage = RelaxedTargetsStage(ranges="e_above_hull=0:0.05")
    assert stage.requires == ("e_hull",)
    verdicts = stage(made, FunnelContext())
    assert verdicts.passed.tolist() == [True, False, False]
    assert verdicts.findings[0].values.tolist() == [1.0, 0.0, 0.0]
    assert [reason and reason.code for reason in verdicts.reasons] == [None, "missed", "not_known"]
    missed = sentence("targets_relaxed", "missed", verdicts.reasons[1].parameters)
    assert missed == "Energy above hull is 0.200 where 0 to 0.05 eV/atom was asked for."


def test_density_is_that_of_the_geometry_and_all_have_to_be_met() -> None:
    made = with_e_hull(batch("NaCl", "SrTiO3"), 0.0, 0.0)
    rho = densities(made.structures)
    assert rho == pytest.approx([2.16, 5.12], abs=0.02)
    both = RelaxedTargetsStage(ranges="density=2:3 e_above_hull=0:0.1")(made, FunnelContext())
    assert both.passed.tolist() == [True, False]
    gap = RelaxedTargetsStage(ranges="density=2:3 band_gap=3:8")(made, FunnelContext())
    assert gap.passed.tolist() == [True, False]


def test_the_targets_of_the_request_count_where_the_stage_names_none() -> None:
    request = DesignRequest(
        targets=(PropertyTarget("band_gap", 1, 2), PropertyTarget("e_above_hull", 0, 0.1)),
        funnel="quick,targets,targets_relaxed",
    )
    stages = {stage.name: stage for stage in for_request(request, "cpu").stages}
    names = list(stages)
    assert names.index("targets") < names.index("relaxation") < names.index("stability") < len(names) - 1
    assert ranges_of(stages["targets"].ranges) == request.targets == ranges_of(stages["targets_relaxed"].ranges)


def test_without_any_target_it_says_what_to_do() -> None:
    for request in (DesignRequest(funnel="none,targets"), JudgeRequest((1,), funnel="targets")):
        with pytest.raises(RequestError, match="name a target, or set the ranges"):
            for_request(request, "cpu")


def test_what_it_reads_has_to_be_computed_before_it() -> None:
    request = DesignRequest(targets=(PropertyTarget("e_above_hull", 0, 0.1),), funnel="none,targets_relaxed")
    with pytest.raises(RequestError, match="needs e_hull"):
        for_request(request, "cpu")
