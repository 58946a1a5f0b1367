"""The content of the design panel without widgets."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from design_pages import with_options
from hypothesis import given
from hypothesis import strategies as st

from crystal_studio.app.design.estimate import measure
from crystal_studio.app.design.form import Aim, Form, Pick, unseen
from crystal_studio.app.design.presets import PRESETS
from crystal_studio.campaign.seed_structure import SeedStructure
from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.design import forms, request_text
from crystal_studio.design.chemistry import ChemicalSystem
from crystal_studio.design.fixed_sites import KeptOrbit
from crystal_studio.design.request import DesignRequest
from crystal_studio.errors import FileError, RequestError
from crystal_studio.generators.command_text import to_command
from crystal_studio.generators.symmcd.family import FAMILY as SYMMCD
from crystal_studio.generators.symmcd.options import SymmCDOptions
from crystal_studio.project.rows import CampaignRow


def options(request: DesignRequest) -> SymmCDOptions:
    return SymmCDOptions.of(request)


symbols = st.sampled_from(SYMBOLS[1:95])
picks = st.dictionaries(symbols, st.sampled_from([Pick.ALLOWED, Pick.REQUIRED, Pick.EXCLUDED]), min_size=1, max_size=6)


@given(
    picks=picks,
    mode=st.sampled_from(["exact", "subset", "contains"]),
    groups=st.lists(st.integers(1, 230), unique=True, max_size=4),
)
def test_a_request_shown_in_the_form_comes_back_the_same(picks, mode, groups):
    form = Form(picks=tuple(picks.items()), mode=mode, space_groups=tuple(groups), count=5, seed=3)
    form = with_options(form, steps=10)
    try:
        request = form.request(SYMMCD)
    except RequestError as error:
        assert error.field in ("chemsys", "mode")
        return
    assert Form.of_request(request, SYMMCD).request(SYMMCD) == request


@given(steps=st.lists(st.tuples(symbols, st.sampled_from(list(Pick))), max_size=12))
def test_no_sequence_of_clicks_leaves_a_request_that_cannot_be_read_back(steps):
    form = Form()
    for symbol, pick in steps:
        form = form.with_pick(symbol, pick)
        assert form.pick(symbol) is pick
    request = form.request(SYMMCD)
    assert set(form.of(Pick.REQUIRED)) <= set(request.chemical_system.must)
    if form.mode == "subset":
        assert set(request.chemical_system.allowed) == set(form.elements)


def test_the_first_element_allowed_closes_the_system_and_the_last_one_opens_it_again():
    form = Form().with_pick("Li", Pick.ALLOWED)
    assert (form.mode, form.system_text) == ("subset", "Li")
    assert form.with_pick("Li", Pick.NONE).mode == "any"


def test_typed_system_and_picks_say_the_same():
    form = Form().with_system("Li-Mn-O")
    assert form.elements == ("Li", "Mn", "O") and form.mode == "subset"
    assert form.with_pick("Mn", Pick.REQUIRED).with_system("Mn-O").pick("Mn") is Pick.REQUIRED
    assert form.with_system("*-O").mode == "contains"
    assert form.with_system("*-O").system_text == "*-O"
    assert form.with_system("LiMn2O4").elements == ("Li", "Mn", "O")
    assert form.with_system("").mode == "any"


def test_typed_composition_becomes_the_exact_system():
    request = Form().with_composition("LiMn2O4").request(SYMMCD)
    assert request.chemical_system == ChemicalSystem(("Li", "Mn", "O"), "exact")
    assert request.reduced_composition == {"Li": 1, "Mn": 2, "O": 4}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda f: f.with_system("Li-Xx"), "chemsys"),
        (lambda f: f.with_composition("Li2Mn0"), "composition"),
        (lambda f: replace(f, mode="exact").request(SYMMCD), "chemsys"),
        (lambda f: replace(f, space_groups=(231,)).request(SYMMCD), "space_groups"),
        (lambda f: replace(f, count=0).request(SYMMCD), "count"),
    ],
)
def test_bad_input_names_its_field(change, field):
    with pytest.raises(RequestError) as caught:
        change(Form())
    assert caught.value.field == field


@pytest.mark.parametrize("preset", PRESETS, ids=lambda p: p.title)
def test_every_preset_makes_a_request_from_any_form(preset):
    for form in (Form(), Form().with_system("La-Pb-O"), Form().with_system("*-O"), Form().with_composition("LaCrO3")):
        preset.apply(form).request(SYMMCD)


def test_excluding_drops_elements_from_a_closed_system():
    preset = next(p for p in PRESETS if p.title == "Without lanthanides")
    assert preset.apply(Form().with_system("La-Ti-O")).elements == ("Ti", "O")
    assert "La" in preset.apply(Form()).of(Pick.EXCLUDED)


def test_elements_the_model_never_saw_are_found():
    form = Form().with_system("Li-Pu-O")
    assert unseen(form, frozenset({3, 8})) == ("Pu",)
    assert unseen(form, frozenset()) == ()


def test_toml_and_json_hold_the_whole_request(tmp_path: Path):
    request = (
        Form(space_groups=(166, 227), seed=11).with_system("Li-Mn-O").with_pick("O", Pick.REQUIRED).request(SYMMCD)
    )
    file = tmp_path / "request.toml"
    request_text.write(request, file)
    assert request_text.read(file) == request
    assert DesignRequest.from_dict(json.loads(request_text.to_json(request))) == request


ROCK_SALT = SeedStructure(
    "halite.cif",
    225,
    (KeptOrbit("Na", "4a", (0.0, 0.0, 0.0)), KeptOrbit("Cl", "4b", (0.5, 0.5, 0.5))),
    (5.64, 5.64, 5.64, 90.0, 90.0, 90.0),
)
everything = st.builds(
    lambda aims, w, form, sampler: with_options(
        replace(form, targets=tuple(Aim(*a) for a in aims), seed=3), guidance=w, sampler=sampler
    ),
    aims=st.lists(
        st.tuples(st.sampled_from(["band_gap", "density"]), st.floats(-9, 0), st.floats(0, 9)), unique_by=lambda a: a[0]
    ),
    w=st.floats(0, 20),
    form=st.sampled_from(
        [
            Form(),
            Form(sites="template", template=("4a", "24d"), space_groups=(225,)),
            Form().with_seed_structure(ROCK_SALT),
            replace(Form().with_seed_structure(ROCK_SALT), kept=(1,), keep_cell=True, added=3),
            replace(Form().with_seed_structure(ROCK_SALT), kept=(), keep_cell=True),
        ]
    ),
    sampler=st.sampled_from(["fast", "published"]),
)


@given(form=everything)
def test_targets_and_sites_come_back_the_same_from_the_form_and_from_text(form):
    request = form.request(SYMMCD)
    assert Form.of_request(request, SYMMCD).request(SYMMCD) == request
    assert request_text.from_text(request_text.to_toml(request)) == request
    assert DesignRequest.from_dict(json.loads(request_text.to_json(request))) == request


@given(form=everything)
def test_the_command_line_asks_for_the_same_targets_and_sites(form):
    import argparse

    from crystal_studio.cli import request_arguments

    form = replace(form, targets=tuple(Aim(a.name, round(a.low, 6), round(a.high, 6)) for a in form.targets))
    strength = round(options(form.request(SYMMCD)).guidance, 6) if form.targets else 2.0
    request = with_options(form, guidance=strength).request(SYMMCD)
    command = to_command(request, "p.crystals")
    line, _, document = command.partition("\n")
    words = shlex.split(line)
    if options(request).keep is not None:
        assert words[-1] == "<<END_OF_REQUEST" and document.endswith("END_OF_REQUEST\n")
        assert request_text.from_text(document.removesuffix("END_OF_REQUEST\n")) == request
        return
    parser = argparse.ArgumentParser()
    request_arguments.add(parser)
    assert request_arguments.request(parser.parse_args(words[3:])) == request


def test_a_structure_brings_its_group_and_is_remembered_while_another_kind_of_sites_is_asked_for():
    form = Form(space_groups=(1, 2)).with_seed_structure(ROCK_SALT)
    assert form.space_groups == (225,) and options(form.request(SYMMCD)).keep.orbits == ROCK_SALT.orbits
    free = replace(form, sites="free")
    assert options(free.request(SYMMCD)).keep is None and replace(free, sites="keep").request(SYMMCD) == form.request(
        SYMMCD
    )
    template = options(form.with_template_of(ROCK_SALT).request(SYMMCD))
    assert template.template == ("4a", "4b") and template.keep is None


@pytest.mark.parametrize(
    ("form", "field"),
    [
        (Form().with_aim("band_gap", Aim("band_gap", 2, 1)), "target"),
        (Form(sites="template", template=("4a",)), "template"),
        (Form(sites="template", template=("4a", "4a"), space_groups=(225,)), "template"),
        (replace(Form().with_seed_structure(ROCK_SALT), kept=()), "keep"),
        (replace(Form().with_seed_structure(ROCK_SALT), space_groups=(227,)), "keep"),
        (replace(Form().with_seed_structure(ROCK_SALT), space_groups=()), "keep"),
        (Form().with_seed_structure(ROCK_SALT).with_system("Na-K"), "keep"),
    ],
)
def test_bad_targets_and_sites_name_their_field(form, field):
    with pytest.raises(RequestError) as caught:
        form.request(SYMMCD)
    assert caught.value.field == field


def test_unreadable_requests_are_known_errors(tmp_path: Path):
    with pytest.raises(FileError):
        request_text.read(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("count = = 3")
    with pytest.raises(FileError, match=r"bad\.toml is not a request in TOML"):
        request_text.read(tmp_path / "bad.toml")
    with pytest.raises(FileError):
        request_text.write(Form().request(SYMMCD), tmp_path / "no such folder" / "request.toml")


@given(picks=picks, mode=st.sampled_from(["exact", "subset", "contains", "any"]), count=st.integers(1, 10**6))
def test_the_command_line_asks_for_the_same(picks, mode, count):
    import argparse

    from crystal_studio.cli import request_arguments

    try:
        request = Form(picks=tuple(picks.items()), mode=mode, count=count, space_groups=(14,), seed=5).request(SYMMCD)
    except RequestError:
        return
    words = shlex.split(to_command(request, "my project.crystals"))
    assert words[:3] == ["crystal-studio", "generate", "my project.crystals"]
    parser = argparse.ArgumentParser()
    request_arguments.add(parser)
    assert request_arguments.request(parser.parse_args(words[3:])) == request


def _campaign(state: str, seconds: float, **request: object) -> CampaignRow:
    asked = {"funnel": "quick", "model": "m", "steps": 0, **request}
    return CampaignRow(1, "", "", "generate", asked, {}, state, 100, 8, seconds)


def test_time_is_estimated_from_finished_campaigns_of_the_same_kind():
    rows = [_campaign("finished", 50.0), _campaign("finished", 200.0, steps=100), _campaign("cancelled", 1.0)]
    estimate = measure(rows)
    fields = forms.form(SYMMCD.options)
    plain = Form(count=10)
    assert estimate.seconds(plain.request(SYMMCD), fields) == pytest.approx(5.0)
    assert estimate.seconds(with_options(plain, steps=100).request(SYMMCD), fields) == pytest.approx(20.0)
    assert estimate.seconds(with_options(plain, steps=7).request(SYMMCD), fields) == pytest.approx(20.0)
    assert estimate.seconds(with_options(plain, sampler="published").request(SYMMCD), fields) is None
    assert estimate.seconds(Form(count=10, funnel="none").request(SYMMCD), fields) is None
