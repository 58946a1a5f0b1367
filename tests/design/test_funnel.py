"""A funnel as a plain value: what is said of it is read again, and what makes no sense is refused."""

from __future__ import annotations

import pytest

from crystal_studio.design.funnel import ChosenStage, Funnel, title
from crystal_studio.design.request import DesignRequest
from crystal_studio.design.request_text import from_text, to_json, to_toml
from crystal_studio.errors import RequestError

OWN = Funnel(
    name="mine",
    stages=(
        ChosenStage(stage="geometry"),
        ChosenStage(stage="composition", rejects=False),
        ChosenStage(stage="relaxation", options={"fmax": 0.05, "cautious": False}),
    ),
)


@pytest.mark.parametrize("written", [to_toml, to_json])
@pytest.mark.parametrize("funnel", [OWN, Funnel(), "quick", "quick,consensus"])
def test_a_request_with_any_funnel_is_read_as_it_was_written(written, funnel) -> None:
    request = DesignRequest(funnel=funnel)
    assert from_text(written(request)) == request


def test_names_are_written_as_before_and_stages_as_a_newer_request() -> None:
    assert DesignRequest(funnel="full").to_dict()["version"] == 2
    assert DesignRequest(funnel="full").to_dict()["funnel"] == "full"
    assert DesignRequest(funnel=OWN).to_dict()["version"] == 3
    assert OWN.plain() == {
        "name": "mine",
        "stages": [
            {"stage": "geometry"},
            {"stage": "composition", "rejects": False},
            {"stage": "relaxation", "options": {"fmax": 0.05, "cautious": False}},
        ],
    }


@pytest.mark.parametrize(
    "plain",
    [
        3,
        [],
        {"stages": 3},
        {"stages": ["geometry"]},
        {"stages": [{"stage": 1}]},
        {"stages": [{}]},
        {"stages": [{"stage": "geometry", "colour": "red"}]},
        {"stages": [{"stage": "geometry", "options": 3}]},
        {"stages": [{"stage": "geometry", "rejects": "perhaps"}]},
        {"colour": "red"},
        {"name": ["mine"]},
    ],
)
def test_malformed_funnels_are_refused_at_their_field(plain: object) -> None:
    with pytest.raises(RequestError, match="funnel") as refused:
        DesignRequest.from_dict({"version": 3, "funnel": plain})
    assert refused.value.field == "funnel"


def test_a_funnel_is_called_by_its_name_or_by_its_stages() -> None:
    assert title("quick,consensus") == "quick, consensus"
    assert title(OWN) == title(OWN.plain()) == "mine"
    assert title(Funnel(stages=OWN.stages)) == "geometry, composition, relaxation"
    assert title(Funnel()) == "none"
