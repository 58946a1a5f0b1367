import json
import tomllib

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.crystal.formula import parse_formula
from crystal_studio.design.request import ChemicalSystem, DesignRequest, PropertyTarget
from crystal_studio.errors import RequestError

ELEMENTS = st.lists(st.sampled_from(SYMBOLS[1:95]), min_size=1, max_size=5, unique=True)


@st.composite
def requests(draw):
    system = ChemicalSystem(
        tuple(draw(ELEMENTS)), draw(st.sampled_from(["exact", "subset", "contains"])), excluded=("Og",)
    )
    return DesignRequest(
        chemical_system=system,
        space_groups=tuple(draw(st.lists(st.integers(1, 230), max_size=4))),
        targets=(PropertyTarget("band_gap", 1.0, draw(st.floats(1, 9))),),
        count=draw(st.integers(1, 10_000)),
        seed=draw(st.integers(0, 2**62)),
        max_atoms=draw(st.integers(0, 100)),
    )


@given(requests())
def test_a_request_survives_json_and_toml(request):
    plain = request.to_dict()
    assert DesignRequest.from_dict(json.loads(json.dumps(plain))) == request
    assert DesignRequest.from_dict(tomllib.loads(tomli_w.dumps(plain))) == request


@pytest.mark.parametrize(
    "text, elements, mode",
    [
        ("Li-Mn-O", ("Li", "Mn", "O"), "exact"),
        ("LiMn2O4", ("Li", "Mn", "O"), "exact"),
        ("Li, Mn O", ("Li", "Mn", "O"), "exact"),
        ("*-O", ("O",), "contains"),
        ("Co", ("Co",), "exact"),
        ("CO", ("C", "O"), "exact"),
    ],
)
def test_chemical_systems_are_read_as_typed(text, elements, mode):
    system = ChemicalSystem.parse(text)
    assert (system.elements, system.mode) == (elements, mode)


def test_what_may_and_must_occur():
    system = ChemicalSystem(("O",), "contains", excluded=("Pb",))
    assert system.must == ("O",) and "Pb" not in system.allowed and "Li" in system.allowed
    assert ChemicalSystem(("Li", "O"), "subset", required=("O",)).must == ("O",)
    assert ChemicalSystem(("O", "Li"), "exact").must == ("Li", "O")


def test_composition_is_reduced():
    assert parse_formula("Li2Mn4O8") == {"Li": 2, "Mn": 4, "O": 8}
    assert DesignRequest(composition="Li2Mn4O8").reduced_composition == {"Li": 1, "Mn": 2, "O": 4}
    assert DesignRequest(composition="NaCl").chemical_system.mode == "exact"


@pytest.mark.parametrize(
    "make, field",
    [
        (lambda: ChemicalSystem((), "exact"), "chemsys"),
        (lambda: ChemicalSystem.parse(""), "chemsys"),
        (lambda: ChemicalSystem.parse("Li-Xx"), "chemsys"),
        (lambda: ChemicalSystem(("Li",), "exact", excluded=("Li",)), "chemsys"),
        (lambda: ChemicalSystem(("Li",), "subset", required=("O",)), "chemsys"),
        (lambda: ChemicalSystem(("Li",), "some"), "mode"),
        (lambda: parse_formula("LiMn2O"[::-1]), "composition"),
        (lambda: parse_formula("Li0O"), "composition"),
        (lambda: DesignRequest(space_groups=(231,)), "space_groups"),
        (lambda: DesignRequest(count=0), "count"),
        (lambda: DesignRequest(seed=-1), "seed"),
        (lambda: DesignRequest(funnel="slow"), "funnel"),
        (lambda: DesignRequest(max_atoms=-1), "max_atoms"),
        (lambda: DesignRequest(chemical_system=ChemicalSystem(("Li",), "exact"), composition="NaCl"), "composition"),
        (lambda: PropertyTarget("gap", 2, 1), "target"),
        (lambda: PropertyTarget.parse("gap"), "target"),
        (lambda: DesignRequest.from_dict({"colour": "red"}), "colour"),
    ],
)
def test_contradictions_name_the_field_to_change(make, field):
    with pytest.raises(RequestError) as caught:
        make()
    assert caught.value.field == field and str(caught.value).endswith(".")


@given(st.dictionaries(st.text(max_size=8), st.none() | st.integers() | st.text(max_size=5), max_size=4))
def test_malformed_requests_are_refused_not_crashed_on(plain):
    try:
        DesignRequest.from_dict(plain)
    except RequestError as error:
        assert str(error)
