"""Funnels of the user's own: kept, renamed, forgotten, and files that cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from crystal_studio.design.funnel import ChosenStage, Funnel
from crystal_studio.design.request import DesignRequest
from crystal_studio.errors import FileError, KnownError, RequestError
from crystal_studio.funnel import presets
from crystal_studio.funnel.stages import FUNNELS

OWN = Funnel(
    stages=(
        ChosenStage(stage="geometry", options={"radius_fraction": 0.5}),
        ChosenStage(stage="relaxation", rejects=False, options={"fmax": 0.05}),
        ChosenStage(stage="consensus", options={"potentials": ["sevennet", "mace:/a, b/c.model"]}),
    )
)


def own() -> list[str]:
    return [preset.name for preset in presets.presets() if preset.own]


def put(name: str, text: str) -> None:
    presets.folder().mkdir(parents=True, exist_ok=True)
    (presets.folder() / f"{name}.toml").write_text(text, encoding="utf-8")


def test_what_is_saved_is_found_again() -> None:
    assert own() == [] and [p.name for p in presets.presets()] == ["quick", "full", "mof", "none"]
    kept = presets.save(OWN, " Gentle 2 ")
    assert kept == Funnel(name="Gentle 2", stages=OWN.stages) == presets.find("Gentle 2")
    assert own() == ["Gentle 2"]
    assert presets.rename("Gentle 2", "gentle") == presets.find("gentle")
    assert own() == ["gentle"]
    presets.delete("gentle")
    assert own() == []


def test_no_preset_is_written_over_unasked() -> None:
    presets.save(OWN, "gentle")
    with pytest.raises(FileError, match="'gentle' already"):
        presets.save(FUNNELS["quick"], "Gentle")
    assert presets.find("gentle") == Funnel(name="gentle", stages=OWN.stages)
    presets.save(FUNNELS["quick"], "gentle", replace=True)
    assert presets.find("gentle") == Funnel(name="gentle", stages=FUNNELS["quick"].stages) and own() == ["gentle"]
    presets.save(OWN, "other")
    with pytest.raises(FileError, match="'gentle' already"):
        presets.rename("other", "gentle")
    assert own() == ["gentle", "other"]


@pytest.mark.parametrize("name", ["", "a/b", "../x", "quick", "Full", "geometry", "a,b", ".hidden", "x" * 41])
def test_names_that_cannot_be_are_refused(name: str) -> None:
    with pytest.raises(RequestError, match="name"):
        presets.save(OWN, name)
    assert own() == []


def test_those_of_the_program_stay_and_those_that_are_not_there_are_named() -> None:
    for action in (presets.delete, lambda name: presets.rename(name, "mine")):
        with pytest.raises(RequestError, match="is the program's"):
            action("quick")
        with pytest.raises(FileError, match="no funnel 'nowhere' of your own: you have none"):
            action("nowhere")


def test_a_funnel_that_makes_no_sense_is_not_saved() -> None:
    with pytest.raises(RequestError, match="Largest force"):
        presets.save(Funnel(stages=(ChosenStage(stage="relaxation", options={"fmax": -1}),)), "bad")
    assert own() == []


def test_a_file_goes_to_another_user_and_back(tmp_path: Path) -> None:
    presets.export(OWN, tmp_path / "theirs.toml")
    assert presets.import_(tmp_path / "theirs.toml") == Funnel(name="theirs", stages=OWN.stages)
    assert presets.find(str(tmp_path / "theirs.toml")) == OWN


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("stages = [", "not a funnel in TOML"),
        ("", "has no stages"),
        ("version = 2\n[[stages]]\nstage = 'geometry'", "version 2.*update Crystal Studio"),
        ("version = 'x'\n[[stages]]\nstage = 'geometry'", "version 'x'"),
        ("[[stages]]\nstage = 'astrology'", "no stage 'astrology': choose one of geometry"),
        ("[[stages]]\nstage = 'geometry'\noptions = {colour = 'red'}", "no option 'colour'"),
        ("[[stages]]\nstage = 'geometry'\noptions = {radius_fraction = 9}", "between 0 and 2"),
        ("[[stages]]\nstage = 'geometry'\n[[stages]]\nstage = 'geometry'", "named twice"),
        ("[[stages]]\nstage = 'relaxation'\n[[stages]]\nstage = 'uniqueness'", "put uniqueness first"),
        ("stages = 3", "malformed"),
        ("[[stages]]\nstage = 'geometry'\n[colour]", "unknown fields: colour"),
    ],
)
def test_a_file_that_cannot_be_used_is_listed_with_the_reason_and_harms_no_other(text: str, said: str) -> None:
    presets.save(OWN, "gentle")
    put("broken", text)
    broken, gentle = (preset for preset in presets.presets() if preset.own)
    assert gentle.funnel is not None and broken.funnel is None
    with pytest.raises(KnownError, match=said):
        presets.find("broken")
    assert broken.problem.startswith(str(presets.folder() / "broken.toml"))
    with pytest.raises(KnownError, match=said):
        presets.find("quick,broken")
    presets.delete("broken")
    assert own() == ["gentle"]


def test_no_text_and_no_file(tmp_path: Path) -> None:
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FileError, match="it is no text"):
        presets.read(tmp_path / "bytes.toml")
    with pytest.raises(FileError, match="cannot be read"):
        presets.find(str(tmp_path / "gone.toml"))
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match="cannot be written"):
        presets.export(OWN, tmp_path / "file" / "x.toml")


def test_what_every_installation_knows_stays_a_name_in_a_request() -> None:
    presets.save(OWN, "gentle")
    for text in ("quick", "full,consensus", "none,geometry"):
        assert presets.find(text) == text and DesignRequest(funnel=presets.find(text)).funnel == text
    joined = presets.find("gentle,stability")
    assert isinstance(joined, Funnel) and [s.stage for s in joined.stages][-1] == "stability" and joined.name == ""
    assert presets.find("geometry,symmetry") == Funnel(
        stages=(ChosenStage(stage="geometry"), ChosenStage(stage="symmetry"))
    )


def test_a_file_that_calls_itself_like_one_of_the_program_is_not_taken_for_it(tmp_path: Path) -> None:
    presets.export(Funnel(name="quick", stages=OWN.stages), tmp_path / "x.toml")
    assert presets.find(str(tmp_path / "x.toml")) == OWN
    with pytest.raises(RequestError, match="taken by the program"):
        presets.import_(tmp_path / "x.toml")


@pytest.mark.usefixtures("boxes")
def test_a_preset_with_a_stage_of_another_package() -> None:
    bonds = Funnel(stages=(ChosenStage(stage="bonds", options={"longest": 1.5}),))
    assert presets.save(bonds, "molecules").stages == bonds.stages
