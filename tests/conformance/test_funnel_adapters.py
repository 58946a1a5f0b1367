"""Every stage, potential and property model passes what its protocol asks: the shipped ones, those of a toy package."""

from __future__ import annotations

import pytest

from crystal_studio.conformance import potentials, property_models, stages
from crystal_studio.errors import KnownError
from crystal_studio.funnel.context import FunnelContext
from crystal_studio.funnel.stage_registry import STAGES
from crystal_studio.potentials.registry import POTENTIALS, available, load
from crystal_studio.properties import registry as predictors

NEEDS_A_PROGRAM = ("pores", "uff_relaxation", "adsorption")

QUICKER = {
    "adsorption": {"cycles": 10, "start_cycles": 5},
    "targets": {"ranges": "band_gap=1:2 density=3:5", "chance": 0.3},
    "targets_relaxed": {"ranges": "e_above_hull=0:0.1 density=3:5 band_gap=0:9"},
}


def each(checks):
    return pytest.mark.parametrize("check", checks, ids=lambda check: check.__name__)


@each(stages.CHECKS)
@pytest.mark.parametrize("name", STAGES.names())
def test_stages(name: str, check) -> None:
    stage = STAGES.get(name)(**QUICKER.get(name, {}))
    assert stage.name == name
    if name in NEEDS_A_PROGRAM:
        try:
            stage.reference(FunnelContext())
        except KnownError as missing:
            pytest.skip(str(missing))
    check(stage, FunnelContext())


@each(potentials.CHECKS)
@pytest.mark.parametrize("name", available())
def test_potentials(name: str, check) -> None:
    check(load(name))


@pytest.mark.parametrize("name", POTENTIALS.names())
def test_facts_of_potentials(name: str) -> None:
    potentials.facts(POTENTIALS.get(name))
    assert POTENTIALS.get(name).name == name


@each(property_models.CHECKS)
@pytest.mark.parametrize("name", predictors.installed())
def test_property_models(name: str, check) -> None:
    check(predictors.load(name))


@pytest.mark.usefixtures("boxes")
@each(stages.CHECKS)
def test_the_stage_of_another_package(check) -> None:
    check(STAGES.get("bonds")(), FunnelContext())


@pytest.mark.usefixtures("boxes")
@each(potentials.CHECKS)
def test_the_potential_of_another_package(check) -> None:
    potentials.facts(POTENTIALS.get("springs"))
    check(load("springs"))


@pytest.mark.usefixtures("boxes")
@each(property_models.CHECKS)
def test_the_property_model_of_another_package(check) -> None:
    assert predictors.installed()["guess"]["title"] == "A guess"
    check(predictors.load("guess"))
