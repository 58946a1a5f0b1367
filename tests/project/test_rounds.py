"""Rounds of improvements in the project file: what was written is read, damage is told, a rescue takes them along."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from crystal_studio.errors import FileError
from crystal_studio.project.check import examine
from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.rescue import rescue
from crystal_studio.project.store import ProjectWriter


def improved(project: Path) -> None:
    with ProjectWriter.open(project) as writer:
        first = writer.begin_improvement({"rounds": 2}, "model")
        first = replace(first, campaign_id=1, state="finished", kept=True, figures={"share": 0.25}, seconds=3.5)
        writer.set_round(first)
        writer.add_round(first, "model", "model-r1")


def test_rounds_are_read_as_they_were_written(project: Path) -> None:
    improved(project)
    with ProjectWriter.open(project) as writer:
        assert writer.begin_improvement({}, "another").improvement == 2
    with ProjectReader(project) as reader:
        first, second = reader.rounds(1)
        assert [(r.improvement, r.number) for r in reader.rounds()] == [(1, 0), (1, 1), (2, 0)]
    assert (first.plan, first.figures, first.kept, first.seconds) == ({"rounds": 2}, {"share": 0.25}, True, 3.5)
    assert (second.parent, second.model, second.state, second.kept) == ("model", "model-r1", "training", None)
    assert second.campaign_id is None and second.plan == first.plan


def test_a_round_in_an_unknown_state_is_refused(project: Path) -> None:
    improved(project)
    with ProjectWriter.open(project) as writer, ProjectReader(project) as reader:
        row = reader.rounds()[0]
        with pytest.raises(ValueError, match="unknown state"):
            writer.set_round(replace(row, state="asleep"))


def test_a_damaged_round_is_told_and_the_others_are_saved(project: Path, tmp_path: Path) -> None:
    improved(project)
    with sqlite3.connect(project) as raw:
        raw.execute("UPDATE rounds SET kept = 0 WHERE number = 0")
    raw.close()
    assert examine(project).tables == ["row 1 of rounds"]
    with pytest.raises(FileError, match="row 1 of rounds"):
        ProjectReader(project)
    rescue(project, tmp_path / "saved.crystals")
    with ProjectReader(tmp_path / "saved.crystals") as reader:
        assert [row.number for row in reader.rounds()] == [1]


def test_a_project_of_version_4_gets_the_table(project: Path) -> None:
    with sqlite3.connect(project) as raw:
        raw.execute("DROP TABLE rounds")
        raw.execute("UPDATE alembic_version SET version_num = '0004'")
        raw.execute("PRAGMA user_version=4")
    raw.close()
    ProjectWriter.open(project).close()
    assert project.with_name("six.crystals.v4.bak").exists()
    improved(project)
    with ProjectReader(project) as reader:
        assert reader.version == 5 and reader.count() == 6 and len(reader.rounds()) == 2
