"""Requests against families and models, also those of another package."""

from __future__ import annotations

import pytest

from crystal_studio.design.chemistry import ChemicalSystem
from crystal_studio.design.request import DesignRequest
from crystal_studio.design.targets import PropertyTarget
from crystal_studio.errors import ModelError, RequestError
from crystal_studio.generators import registry
from crystal_studio.generators.requests import complete
from crystal_studio.generators.symmcd.options import SymmCDOptions

WATER = ChemicalSystem(("H", "O"), "exact")


def test_a_complete_request_says_every_option():
    request = complete(DesignRequest(options={"steps": 9}))
    assert request.options == SymmCDOptions(steps=9).plain() and len(request.options) == 6
    assert complete(request) == request


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        (DesignRequest(targets=(PropertyTarget("hardness", 1, 2),)), "targets"),
        (DesignRequest(options={"template": ["4a"]}), "template"),
        (DesignRequest(space_groups=(225,), options={"template": ["4a", "4a"]}), "template"),
        (DesignRequest(options={"edge": 3}), "edge"),
        (DesignRequest(options={"guidance": 21}), "guidance"),
    ],
)
def test_what_the_model_cannot_answer_names_its_field(asked, field):
    with pytest.raises(RequestError) as caught:
        complete(asked)
    assert caught.value.field == field


def test_a_model_that_is_not_there_is_named():
    with pytest.raises(ModelError, match="no model 'none-such'"):
        complete(DesignRequest(model="none-such"))


def test_models_of_another_package_are_installed_without_a_folder(boxes):
    assert registry.installed()["toy-boxes"].family == "boxes" and registry.default() != "toy-boxes"
    asked = complete(DesignRequest(chemical_system=WATER, model="toy-boxes", options={"edge": 5}))
    assert asked.options == {"edge": 5.0, "warm": False, "steps": 7, "sampler": "slow"}


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"space_groups": (225,)}, "space_groups", "Boxes models cannot be asked for a space group"),
        ({"composition": "H2O"}, "composition", "exact composition"),
        ({"max_atoms": 5}, "max_atoms", "number of atoms"),
        ({"chemical_system": ChemicalSystem(("O",), "contains")}, "mode", "exact or subset"),
        ({"targets": (PropertyTarget("density", 1, 2),)}, "targets", "trained without properties"),
        ({"options": {"guidance": 2}}, "guidance", "its options are edge, warm, steps, sampler"),
        ({"options": {"edge": 45}, "count": 10}, "count", "nine at a time"),
    ],
)
def test_a_family_is_asked_only_for_what_it_can_do(boxes, changes, field, words):
    asked = DesignRequest(**({"chemical_system": WATER, "model": "toy-boxes"} | changes))
    with pytest.raises(RequestError) as caught:
        complete(asked)
    assert caught.value.field == field and words in str(caught.value)
