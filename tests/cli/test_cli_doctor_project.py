"""``crystal-studio doctor PROJECT``: whether a file is whole, and what can be saved of one that is not."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest

from crystal_studio.candidates.batch import Candidates
from crystal_studio.crystal.batches import Structures
from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.store import ProjectWriter


@pytest.fixture
def salts(tmp_path: Path) -> Path:
    path = tmp_path / "p.crystals"
    with ProjectWriter.create(path) as writer:
        campaign = writer.add_campaign("Imported", {}, {}, 3, kind="import")
        cells = [edge * np.eye(3) for edge in (3.0, 3.5, 4.0)]
        crystals = Structures.from_lists(cells, [[11, 17]] * 3, [[[0, 0, 0], [0.5, 0.5, 0.5]]] * 3)
        writer.add_candidates(campaign, range(3), Candidates.of_structures(crystals), "file", unjudged=True)
        writer.set_campaign(campaign, "finished")
    return path


def test_a_whole_project_is_said_to_be_whole(studio, salts: Path) -> None:
    answer = studio("doctor", salts, "--json")
    assert answer.code == 0 and answer.json["ok"] is True
    assert (answer.json["campaigns"], answer.json["candidates"], answer.json["damaged"]) == (1, 3, {})
    assert "as they were written" in studio("doctor", salts).out


def test_damage_is_named_and_the_rest_saved(studio, salts: Path, tmp_path: Path) -> None:
    with sqlite3.connect(salts) as db:
        db.execute("UPDATE candidates SET density = 1.0 WHERE id = 2")
    db.close()
    copy = tmp_path / "copy.crystals"
    answer = studio("doctor", salts, "--save", copy, "--json")
    assert answer.code == 1 and answer.json["ok"] is False
    assert set(answer.json["damaged"]) == {"2"}
    assert "Candidate 2" in studio("doctor", salts).out
    with ProjectReader(copy) as reader:
        assert {1, 3} <= set(reader.ids().tolist())
    assert studio("doctor", copy).code == 0


def test_what_is_no_project_is_one_sentence(studio, tmp_path: Path) -> None:
    (tmp_path / "p.crystals").write_text("a letter" * 100)
    answer = studio("doctor", tmp_path / "p.crystals")
    assert answer.code == 1 and "p.crystals" in answer.complaint
    assert studio("doctor", "--save", tmp_path / "x").code == 2
