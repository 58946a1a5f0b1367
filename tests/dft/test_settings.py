"""Settings of DFT travel as JSON and refuse what no code can use."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crystal_studio.dft.protocol import Settings
from crystal_studio.errors import RequestError


def test_json_both_ways() -> None:
    asked = Settings("single_point", cutoff=400, spin=False)
    assert Settings.of_json(json.loads(json.dumps(asked.as_json()))) == asked
    assert Settings.of_json({}) == Settings()


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("task", "bands", "knows no task 'bands': choose one of relax, single_point"),
        ("functional", "B3LYP", "choose one of PBE"),
        ("cutoff", 5.0, "cannot be 5 eV: choose 50 to 5000 eV"),
        ("cutoff", "high", "has to be a number, not 'high'"),
        ("kpoint_spacing", float("nan"), "has to be a number"),
        ("fmax", 0, "choose 1e-05 to 1 eV/Å"),
        ("max_steps", 2.5, "whole number"),
        ("spin", 1, "true or false"),
        ("colour", 1, "no setting 'colour'"),
    ],
)
def test_what_cannot_be_asked(field: str, value: Any, words: str) -> None:
    with pytest.raises(RequestError, match=words) as caught:
        Settings.of_json({field: value})
    assert caught.value.field == field
