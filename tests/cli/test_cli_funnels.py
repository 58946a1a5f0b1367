"""Funnels on the command line: listed, shown, kept, and asked for stage by stage."""

from __future__ import annotations

import argparse
import re
import shlex
from pathlib import Path

import pytest

from crystal_studio.cli import request_arguments
from crystal_studio.design.funnel import ChosenStage, Funnel
from crystal_studio.design.request import DesignRequest
from crystal_studio.design.request_text import from_text
from crystal_studio.funnel import presets, stage_table, stages
from crystal_studio.generators.command_text import END, to_command
from crystal_studio.generators.requests import complete
from crystal_studio.project.queries import ProjectReader

DOCS = Path(__file__).parents[2] / "docs" / "funnel.md"


def parsed(line: str) -> DesignRequest:
    parser = argparse.ArgumentParser()
    request_arguments.add(parser)
    return request_arguments.request(parser.parse_args(shlex.split(line)))


def test_a_funnel_shown_is_a_file_that_can_be_kept_and_asked_for(studio, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    shown = studio("funnels", "full")
    assert shown.code == 0 and 'stage = "relaxation"' in shown.out and "fmax = 0.03" in shown.out
    file.write_text(shown.out.replace("fmax = 0.03", "fmax = 0.01"))
    saved = studio("funnels", "--save", file, "--as", "mine")
    assert saved.code == 0 and "mine saved" in saved.out
    listed = {f["name"]: f for f in studio("funnels", "--json").json["funnels"]}
    assert list(listed) == ["quick", "full", "mof", "none", "mine"] and listed["mine"]["own"]
    assert "fmax=0.01" in studio("funnels").out
    for said in ("mine", str(file), "mine,consensus"):
        funnel = parsed(f"--funnel {said}").funnel
        assert isinstance(funnel, Funnel)
        assert {s.stage: s for s in funnel.stages}["relaxation"].options["fmax"] == 0.01
    assert studio("funnels", "--save", file, "--as", "mine").code == 1
    assert studio("funnels", "--save", file, "--as", "mine", "--replace").code == 0
    assert "theirs renamed" in studio("funnels", "--rename", "mine", "theirs").out
    assert "theirs deleted" in studio("funnels", "--delete", "theirs").out
    assert "theirs" in studio("funnels", "--delete", "theirs").complaint


def test_a_damaged_preset_is_listed_with_its_reason(studio) -> None:
    presets.folder().mkdir(parents=True)
    (presets.folder() / "broken.toml").write_text("stages = [")
    answer = studio("funnels")
    assert answer.code == 0 and "broken: " in answer.out and "quick" in answer.out
    assert "not a funnel in TOML" in studio("funnels", "broken").complaint


def test_stages_are_set_in_words() -> None:
    words = "--stage geometry --stage relaxation:fmax=0.05,cautious=no,max_steps=7 --stage composition:rejects=no"
    assert parsed(words).funnel == Funnel(
        stages=(
            ChosenStage(stage="geometry"),
            ChosenStage(stage="relaxation", options={"fmax": 0.05, "cautious": False, "max_steps": 7}),
            ChosenStage(stage="composition", rejects=False),
        )
    )
    changed = parsed("--funnel quick --stage relaxation:fmax=0.05 --stage consensus:potentials=sevennet+mace").funnel
    assert isinstance(changed, Funnel)
    assert [s.stage for s in changed.stages] == [*stages.QUICK, "consensus"]
    options = {s.stage: s.options for s in changed.stages}
    assert options["relaxation"] == {"fmax": 0.05} and options["consensus"] == {"potentials": ["sevennet", "mace"]}
    assert parsed("").funnel == "quick" and parsed("--funnel full,consensus").funnel == "full,consensus"


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("horoscope", "no stage 'horoscope'"),
        ("relaxation:fmax", "'fmax' has no value"),
        ("relaxation:fmax=much", "fmax is a number, not 'much'"),
        ("relaxation:max_steps=1.5", "max_steps is a whole number"),
        ("relaxation:cautious=perhaps", "cautious is yes or no"),
        ("relaxation:speed=3", "its options are max_steps, fmax, cautious, seconds, rejects"),
        ("relaxation:fmax=-1", "Largest force"),
        ("properties:rejects=yes", "no reason to reject"),
    ],
)
def test_words_that_no_stage_understands(studio, project: Path, word: str, said: str) -> None:
    answer = studio("judge", project, "--stage", word)
    assert answer.code == 2 and said in answer.complaint


@pytest.mark.parametrize(
    "funnel",
    [
        Funnel(
            stages=(
                ChosenStage(stage="geometry", rejects=False, options={"radius_fraction": 1 / 3}),
                ChosenStage(stage="relaxation", options={"max_steps": 7, "cautious": False}),
                ChosenStage(stage="properties", options={"model": "mine"}),
            )
        ),
        Funnel(stages=(ChosenStage(stage="consensus", options={"potentials": ["sevennet", "mace:/a b/c.model"]}),)),
        Funnel(stages=(ChosenStage(stage="properties", options={"model": "a,b"}),)),
        Funnel(name="mine", stages=(ChosenStage(stage="geometry"),)),
        Funnel(),
    ],
)
def test_a_request_with_a_funnel_comes_back_from_its_command(funnel: Funnel) -> None:
    request = complete(DesignRequest(funnel=funnel, model="symmcd-mp20-like"))
    line, _, document = to_command(request, "p.crystals").partition("\n")
    if document:
        assert from_text(document.removesuffix(f"{END}\n")) == request
    else:
        assert parsed(line.removeprefix("crystal-studio generate p.crystals")) == request


def test_judged_stages_only_mark_and_are_shown_with_their_version(studio, project: Path) -> None:
    answer = studio(
        "judge", project, "--stage", "geometry:radius_fraction=2,rejects=no", "--stage", "symmetry", "--json"
    )
    assert answer.code == 0, answer.err
    geometry, symmetry = answer.json["stages"]
    assert geometry["failed"] == 0 and geometry["marked"] > 0
    assert geometry["passed"] == symmetry["entered"] == 12
    assert sum(geometry["reasons"].values()) == geometry["marked"]
    with ProjectReader(project) as reader:
        marked = next(i for i in reader.ids().tolist() if reader.verdicts(i)[0].marked)
    text = studio("show", project, marked).out
    assert re.search(r"Distances and cell \(version 1\): marked: .*\.\n", text)
    document = studio("show", project, marked, "--json").json
    verdict = document["verdicts"][0]
    assert (verdict["status"], verdict["marked"], verdict["version"]) == ("passed", True, 1)
    assert verdict["options"]["radius_fraction"] == 2.0 and verdict["rejects"] is False
    again = studio("judge", project, "--stage", "geometry:radius_fraction=2,rejects=no")
    assert "marked" in again.out.splitlines()[1]


def test_the_docs_name_every_stage_as_it_is() -> None:
    """`python -m crystal_studio.funnel.stage_table` prints what belongs between the marks."""
    text = DOCS.read_text(encoding="utf-8")
    between = text.split("<!-- stages -->\n")[1].split("<!-- end of stages -->")[0]
    assert between.strip() == stage_table.markdown(stage_table.rows(stage_table.shipped()))
