"""A request, said as a command line or as TOML, is the same request again."""

from __future__ import annotations

import argparse
import io
import shlex

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crystal_studio.cli import request_arguments
from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.crystal.space_groups import tables
from crystal_studio.design.chemistry import MODES, ChemicalSystem
from crystal_studio.design.fixed_sites import Kept, KeptOrbit
from crystal_studio.design.forms import form
from crystal_studio.design.funnel import FUNNELS
from crystal_studio.design.request import LARGEST_SEED, DesignRequest
from crystal_studio.design.request_text import from_text, to_toml
from crystal_studio.design.targets import PropertyTarget
from crystal_studio.errors import RequestError
from crystal_studio.generators.command_text import END, WORDS, to_command
from crystal_studio.generators.requests import complete
from crystal_studio.generators.symmcd.options import SymmCDOptions

LABELS = ("formation_energy_per_atom", "e_above_hull", "band_gap", "density")
symbols = st.lists(st.sampled_from(SYMBOLS[1:95]), max_size=5, unique=True).map(tuple)
numbers = st.floats(-1e6, 1e6)
words = st.from_regex(r"[a-z][a-z0-9_.:-]{0,12}", fullmatch=True)


@st.composite
def systems(draw: st.DrawFn) -> ChemicalSystem:
    elements, mode = draw(symbols), draw(st.sampled_from(MODES))
    others = draw(symbols)
    try:
        return ChemicalSystem(elements, mode, draw(symbols), tuple(s for s in others if s not in elements))
    except RequestError:
        return ChemicalSystem(elements, mode if elements else "any")


@st.composite
def targets(draw: st.DrawFn) -> tuple[PropertyTarget, ...]:
    names = draw(st.lists(st.sampled_from(LABELS), unique=True))
    ranges = [sorted(draw(st.tuples(numbers, numbers))) for _ in names]
    return tuple(PropertyTarget(name, low, high) for name, (low, high) in zip(names, ranges, strict=True))


@st.composite
def requests(draw: st.DrawFn) -> DesignRequest:
    """Anything that a SymmCD model can be asked for, complete."""
    kind = draw(st.sampled_from(["free", "template", "keep"]))
    groups = tuple(draw(st.lists(st.integers(1, 230), max_size=4, unique=True)))
    options: dict[str, object] = {
        "max_orbits": draw(st.integers(0, 99)),
        "guidance": draw(st.floats(0, 20)),
        "sampler": draw(st.sampled_from(["fast", "published"])),
        "steps": draw(st.integers(0, 1000)),
    }
    system, composition = draw(systems()), ""
    if kind == "free" and draw(st.booleans()):
        system, composition = ChemicalSystem(), draw(st.sampled_from(["NaCl", "Ca3(PO4)2", "CO", "Co", "Li2Mn4O8"]))
    if kind == "template":
        groups = (draw(st.integers(1, 230)),)
        table = tables()
        row = int(table.wyckoff_start[groups[0] - 1])  # the general position holds any number of orbits
        options["template"] = (f"{table.multiplicity[row]}{table.letter[row]}",) * draw(st.integers(1, 4))
    if kind == "keep":
        groups, system = (225,), ChemicalSystem()
        orbits = (KeptOrbit("Na", "4a", (0.0, 0.0, 0.0)),) * draw(st.integers(0, 1))
        options["keep"] = Kept(orbits, (5.64, 5.64, 5.64, 90.0, 90.0, 90.0), draw(st.integers(0, 3)))
    return complete(
        DesignRequest(
            chemical_system=system,
            composition=composition,
            space_groups=groups,
            max_atoms=draw(st.integers(0, 500)),
            targets=draw(targets()),
            count=draw(st.integers(1, 10**6)),
            seed=draw(st.integers(0, LARGEST_SEED)),
            model=draw(st.sampled_from(["", "symmcd-mp20-like"])),
            device=draw(words),
            funnel=draw(st.sampled_from(list(FUNNELS))),
            potential=draw(words),
            options=options,
        )
    )


ADAPTIVE = (
    {"composition": "CaTiO3", "space_groups": (62,), "options": {"cell": (5.44, 7.64, 5.38)}},
    {"composition": "CaTiO3", "options": {"cell": (5.44, 7.64, 5.3800001, 90.0, 90.0, 90.0), "sampler": "published"}},
    {"options": {"inequivalent": "Ca:1 Ti:1 O:2", "sampler": "ancestral", "noise": 0.3, "corrections": 2}},
    {"space_groups": (62,), "options": {"template": ("Ca 4c", "Ti 4a", "O 4c", "O 8d", "O 8d")}},
    {"composition": "CaTiO3", "space_groups": (62,), "options": {"template": ("4c", "Ti 4a", "4c", "8d")}},
    {"space_groups": (225,), "options": {"keep": Kept((KeptOrbit("Cu", "4a", (0.0, 0.0, 0.0)),))}},
    {"composition": "Cu", "space_groups": (225,), "options": {"keep": Kept((), (3.6, 3.6, 3.6, 90.0, 90.0, 90.0))}},
)


@pytest.mark.parametrize("said", ADAPTIVE, ids=lambda said: "-".join(said["options"]))
def test_what_is_known_of_cell_and_sites_comes_back_from_its_command(said: dict) -> None:
    request = complete(DesignRequest(model="adaptive-cell-mp20-like", **said))
    assert from_text(to_toml(request)) == request
    line, _, document = to_command(request, "p.crystals").partition("\n")
    if document:
        assert from_text(document.removesuffix(END + "\n")) == request
    else:
        assert parsed(line) == request


def parsed(line: str) -> DesignRequest:
    parser = argparse.ArgumentParser()
    request_arguments.add(parser)
    return request_arguments.request(parser.parse_args(shlex.split(line)[3:]))


@settings(suppress_health_check=[HealthCheck.too_slow])  # the first one loads the tables
@given(request=requests())
def test_a_request_comes_back_from_its_command(request: DesignRequest) -> None:
    line, _, document = to_command(request, "my project.crystals").partition("\n")
    assert shlex.split(line)[:3] == ["crystal-studio", "generate", "my project.crystals"]
    if SymmCDOptions.of(request).keep is not None:
        assert line.endswith(f"--request - <<'{END}'") and document.endswith(f"{END}\n")
        assert from_text(document.removesuffix(f"{END}\n")) == request
    else:
        assert not document and parsed(line) == request


@settings(suppress_health_check=[HealthCheck.too_slow])  # the first one loads the tables
@given(request=requests())
def test_a_request_comes_back_from_text(request: DesignRequest) -> None:
    assert from_text(to_toml(request)) == request


def test_the_here_document_is_what_generate_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Kept((KeptOrbit("Na", "4a", (0.0, 0.0, 0.0)),), added=1)
    request = complete(DesignRequest(space_groups=(225,), potential="other", options={"keep": kept}))
    line, _, document = to_command(request, "p.crystals").partition("\n")
    monkeypatch.setattr("sys.stdin", io.StringIO(document.removesuffix(f"{END}\n")))
    assert parsed(line.partition(" <<")[0]) == request


def test_where_no_funnel_is_named_that_of_the_family_judges() -> None:
    start = "crystal-studio generate p.crystals --model"
    assert parsed(f"{start} symmcd-mp20-like").funnel == "quick"
    assert parsed(f"{start} mofdiff-core").funnel == "mof"
    assert parsed(f"{start} mofdiff-core --funnel quick").funnel == "quick"


def test_the_potential_is_said() -> None:
    assert "--potential other" in to_command(complete(DesignRequest(potential="other")), "p.crystals")


def test_every_kind_of_field_can_be_said() -> None:
    kinds = {field.kind for owner in (DesignRequest, SymmCDOptions) for field in form(owner)}
    assert kinds <= set(WORDS)


def test_options_of_another_package_are_said_and_read(boxes) -> None:
    water = ChemicalSystem(("H", "O"), "exact")
    for options in ({"edge": 5, "warm": True, "sampler": "slower"}, {"steps": 3, "edge": 1.25}, {}):
        request = complete(DesignRequest(chemical_system=water, model="toy-boxes", options=options))
        assert parsed(to_command(request, "p.crystals")) == request


def test_an_option_of_another_family_is_refused(boxes) -> None:
    theirs = "--guidance is no option of Boxes models: theirs are --steps, --edge, --warm, --boxes-sampler"
    with pytest.raises(RequestError, match=theirs) as caught:
        parsed("crystal-studio generate p.crystals --chemsys H-O --model toy-boxes --guidance 3")
    assert caught.value.field == "guidance"
    with pytest.raises(RequestError, match="--edge is no option of SymmCD models"):
        parsed("crystal-studio generate p.crystals --edge 3")
    with pytest.raises(RequestError, match="cannot keep a structure"):
        parsed("crystal-studio generate p.crystals --chemsys H-O --model toy-boxes --keep-lattice")


def test_no_option_of_a_family_can_take_what_generate_calls_otherwise() -> None:
    from crystal_studio.cli import generate
    from crystal_studio.generators.flags import RESERVED, family_arguments

    parser = argparse.ArgumentParser()
    parser.add_argument("--json")
    generate.arguments(parser)
    core = {field.flag for field in form(DesignRequest)}
    theirs = {a.flag for a in family_arguments()}
    ours = {flag for action in parser._actions for flag in action.option_strings if flag.startswith("--")}
    assert ours - theirs <= RESERVED | core
