"""Requests as earlier versions wrote them."""

from __future__ import annotations

import json
import sqlite3

import pytest

from crystal_studio import paths
from crystal_studio.design.chemistry import ChemicalSystem
from crystal_studio.design.fixed_sites import KeptOrbit
from crystal_studio.design.request import DesignRequest
from crystal_studio.design.versions import VERSION
from crystal_studio.errors import RequestError
from crystal_studio.generators.symmcd.options import SymmCDOptions

FIRST = json.loads(
    '{"chemical_system": {"elements": ["Li", "Mn", "O"], "mode": "exact", "required": [], "excluded": []},'
    ' "composition": "", "space_groups": [], "max_orbits": 6, "max_atoms": 16, "targets": [], "guidance": 2.0,'
    ' "template": [], "sampler": "fast", "count": 96, "seed": 7, "model": "symmcd-mp20-like", "steps": 0,'
    ' "device": "cpu", "funnel": "quick", "potential": "chgnet"}'
)
"""As the first version wrote it into the shipped example."""


def test_a_request_of_version_1_is_read():
    request = DesignRequest.from_dict(FIRST)
    assert request.chemical_system == ChemicalSystem(("Li", "Mn", "O"), "exact")
    assert (request.max_atoms, request.count, request.seed, request.device) == (16, 96, 7, "cpu")
    assert SymmCDOptions.of(request) == SymmCDOptions(max_orbits=6)
    now = request.to_dict()
    assert now["version"] == 2 and now["options"]["max_orbits"] == 6 and "max_orbits" not in now
    assert DesignRequest.from_dict(now) == request


def test_the_request_of_the_shipped_example_is_read():
    path = paths.resources() / "example/example.crystals"
    with sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True) as database:
        (text,) = database.execute("select request from campaigns").fetchone()
    assert DesignRequest.from_dict(json.loads(text)) == DesignRequest.from_dict(FIRST)


def test_kept_orbits_of_version_1_become_an_option():
    orbit = {"element": "O", "wyckoff": "32e", "position": [0.25, 0.25, 0.25]}
    old = FIRST | {"space_groups": [227], "keep": {"orbits": [orbit], "cell": [], "added": 2}}
    kept = SymmCDOptions.of(DesignRequest.from_dict(old)).keep
    assert kept is not None and kept.orbits == (KeptOrbit("O", "32e", (0.25, 0.25, 0.25)),) and kept.added == 2


def test_part_of_a_request_is_enough_in_any_version():
    assert DesignRequest.from_dict({"count": 5, "steps": 9}) == DesignRequest(count=5, options={"steps": 9})
    assert DesignRequest.from_dict({"count": 5, "options": {"steps": 9}}).options == {"steps": 9}


@pytest.mark.parametrize(
    ("plain", "field", "words"),
    [
        ({"version": VERSION + 1}, "version", "update Crystal Studio"),
        ({"version": "2"}, "version", "version"),
        ({"version": 2, "steps": 9}, "steps", "unknown fields: steps"),
        ({"version": 1, "options": {}}, "version", "no options"),
        ({"colour": "red"}, "colour", "unknown fields: colour"),
        ({"chemical_system": {"colour": "red"}}, "chemsys", "malformed"),
        ({"count": "many"}, "count", "malformed"),
        ({"options": 3}, "options", "malformed"),
    ],
)
def test_what_is_not_known_is_refused(plain, field, words):
    with pytest.raises(RequestError) as caught:
        DesignRequest.from_dict(plain)
    assert caught.value.field == field and words in str(caught.value)
