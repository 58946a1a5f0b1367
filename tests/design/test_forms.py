"""What is declared of fields: bounds that hold, and descriptions from which forms are drawn."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError
from typing import Literal

import pytest

from crystal_studio.design.declared import SECTIONS, Options, declare
from crystal_studio.design.forms import KINDS, FormChoice, form
from crystal_studio.design.request import DesignRequest
from crystal_studio.errors import RequestError
from crystal_studio.generators.symmcd.options import MOST_STEPS, SymmCDOptions


class Boxes(Options):
    size: float = declare(9.0, "Box", "edge of the box", unit="Å", low=1, high=50, step=0.5)
    most: int = declare(4, "Molecules, at most", "molecules", low=1)
    least: int = declare(0, "Molecules, at least", "molecules", low=0)
    warm: bool = declare(False, "Warm", "start warm", advanced=True)
    shape: Literal["cube", "slab"] = declare("cube", "Shape", "of the box", labels={"slab": ("A slab", "flat")})


def test_fields_come_in_their_order_with_what_was_declared():
    size, most, least, warm, shape = form(Boxes)
    assert (size.kind, size.low, size.high, size.step, size.unit) == ("float", 1, 50, 0.5, "Å")
    assert (most.kind, most.high, most.flag) == ("int", None, "--most") and least.default == 0
    assert (warm.kind, warm.advanced) == ("flag", True)
    assert shape.choices == (FormChoice("cube", "Cube", ""), FormChoice("slab", "A slab", "flat"))


@pytest.mark.parametrize("model", [DesignRequest, SymmCDOptions, Boxes])
def test_every_field_says_what_a_form_needs(model):
    for field in form(model):
        assert field.title and field.help and field.kind in KINDS and field.section in SECTIONS
        assert json.dumps(field.help) and (field.kind != "choice" or field.default in [c.value for c in field.choices])


def test_every_field_of_a_request_but_the_options_is_declared():
    assert [f.name for f in form(DesignRequest)] == [n for n in DesignRequest.names() if n != "options"]


def test_a_field_whose_type_does_not_tell_its_kind_is_a_mistake():
    class Odd(Options):
        parts: tuple[int, ...] = declare((), "Parts", "of it")

    with pytest.raises(TypeError, match="parts"):
        form(Odd)


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"size": 0.5}, "size", "Box: the value must lie between 1 and 50."),
        ({"size": float("nan")}, "size", "finite"),
        ({"size": float("inf")}, "size", "Box"),
        ({"most": 0}, "most", "Molecules, at most: the value must be at least 1."),
        ({"least": -1}, "least", "Molecules, at least: the value cannot be negative."),
        ({"most": "few"}, "most", "malformed"),
        ({"shape": "ball"}, "shape", "'cube' or 'slab'"),
        ({"colour": 1}, "colour", "its options are size, most, least, warm, shape"),
    ],
)
def test_what_is_out_of_bounds_names_its_field(values, field, words):
    with pytest.raises(RequestError) as caught:
        Boxes(**values)
    assert caught.value.field == field and words in str(caught.value)


def test_options_travel_within_a_request_as_plain_values():
    request = DesignRequest(count=3, options=Boxes(size=7))
    assert request.options == {"size": 7.0, "most": 4, "least": 0, "warm": False, "shape": "cube"}
    assert Boxes.of(request) == Boxes(size=7) and request.with_options(warm=True).options["warm"] is True
    assert "size" not in request.with_options(size=None).options
    assert DesignRequest.from_dict(json.loads(json.dumps(request.to_dict()))) == request


def test_a_request_cannot_be_changed_in_place():
    request = DesignRequest()
    with pytest.raises(FrozenInstanceError):
        request.count = 5  # type: ignore[misc]


def test_steps_end_where_the_training_did():
    from crystal_studio.generators.symmcd.process import STEPS

    assert MOST_STEPS == STEPS
