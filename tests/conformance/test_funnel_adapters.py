"""Every stage, potential and property model of this installation passes what its protocol asks."""

from __future__ import annotations

import pytest

from crystal_studio.conformance import potentials, property_models, stages
from crystal_studio.funnel.context import FunnelContext
from crystal_studio.funnel.stages import STAGES
from crystal_studio.potentials.registry import POTENTIALS, available, load
from crystal_studio.properties import registry as predictors


@pytest.mark.parametrize("check", stages.CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", STAGES.names())
def test_stages(name: str, check) -> None:
    stage = STAGES.get(name)()
    assert stage.name == name
    check(stage, FunnelContext())


@pytest.mark.parametrize("check", potentials.CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", available())
def test_potentials(name: str, check) -> None:
    check(load(name))


@pytest.mark.parametrize("name", POTENTIALS.names())
def test_facts_of_potentials(name: str) -> None:
    potentials.facts(POTENTIALS.get(name))
    assert POTENTIALS.get(name).name == name


@pytest.mark.parametrize("check", property_models.CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", predictors.installed())
def test_property_models(name: str, check) -> None:
    check(predictors.load(name))
