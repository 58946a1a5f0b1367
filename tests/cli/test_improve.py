"""The command of improvements: its table, and what it says where there is nothing to do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from crystal_studio.campaign.improving.events import RoundProgress
from crystal_studio.campaign.improving.plan import ImproveOptions, ImprovePlan
from crystal_studio.cli import improve, improve_table, main
from crystal_studio.design.request import DesignRequest
from crystal_studio.project.store import ProjectWriter


def test_rounds_are_listed_with_their_intervals(tmp_path: Path) -> None:
    path = tmp_path / "p.crystals"
    rate = {"share": 0.25, "interval": [0.2, 0.31], "count": 25, "of": 100}
    with ProjectWriter.create(path) as writer:
        plan = ImprovePlan(DesignRequest(model="m"), ImproveOptions(near=0.08)).to_dict()
        row = writer.begin_improvement(plan, "m")
        writer.set_round(
            replace(row, state="finished", kept=True, figures={"sun_near": rate, "templates": 9}, seconds=90)
        )
        writer.add_round(row, "m", "m-r1")
    document = improve_table.document(path, 1) | {"summary": "One sentence."}
    assert [one["model"] for one in document["rounds"]] == ["m", "m-r1"] and document["rounds"][0]["minutes"] == 1.5
    lines = improve_table.text(document).splitlines()
    assert "25.0% (20.0-31.0)" in lines[1] and "yes" in lines[1] and "training" in lines[2]
    assert "at most 0.08 eV/atom" in lines[3] and lines[4] == "One sentence."


def test_how_far_it_is_in_one_line() -> None:
    event = RoundProgress(1, 2, 3, "Generating and relaxing", 0.4, 720.0)
    assert improve.line(event) == "Round 2 of 3, generating and relaxing: 40%, 12 min left in all"
    assert improve.line(replace(event, seconds_left=-1.0)).endswith("40%")


def test_what_is_wrong_is_one_sentence_and_leaves_nothing_behind(tmp_path: Path, capsys) -> None:
    path = tmp_path / "p.crystals"
    for words, says in (
        (["--resume"], "There is no file"),
        (["--rounds", "0"], "Rounds"),
        (["--funnel", "none"], "Nothing is learnt"),
        (["--model", "mofdiff-core"], "cannot be trained on the crystals that they make"),
        (["--data", "nowhere.parquet", "--check", "0"], "There is no file nowhere.parquet"),
        (["--first", "1", "--check", "0"], "it has no campaign 1"),
    ):
        assert main.main(["improve", str(path), *words]) in (1, 2)
        out = capsys.readouterr().err
        assert says in out and len(out.strip().splitlines()) == 1
        assert not path.exists()
