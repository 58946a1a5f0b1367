"""A flipped bit gives the right data or one clear sentence, never other data and never a traceback."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from crystal_studio.errors import FileError, KnownError
from crystal_studio.project import seal
from crystal_studio.project.check import examine
from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.rescue import rescue
from crystal_studio.project.store import ProjectWriter

DATA = Path(__file__).parent / "data"


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("real") / "real.crystals"
    shutil.copy(DATA / "version2.crystals", path)
    ProjectWriter.open(path).close()
    return path


def _bytes(*arrays: np.ndarray) -> list[bytes]:
    return [np.asarray(a).tobytes() for a in arrays]


def _columns(found: dict[str, np.ndarray]) -> dict[str, Any]:
    return {name: v.tolist() if v.dtype == object else v.tobytes() for name, v in found.items()}


IDS = range(1, 35)
READINGS: dict[str, Callable[[ProjectReader], Any]] = {
    "list": lambda r: repr(r.candidates()),
    "sorted": lambda r: repr(r.candidates(sort="e_hull", limit=10)),
    "filtered": lambda r: r.ids("e_hull < 0.1 and 'O' in elements or status == 'rejected'").tolist(),
    "show": lambda r: repr([(r.candidate(i), r.verdicts(i), r.quantities(i), r.geometries(i)) for i in IDS]),
    "structures": lambda r: _bytes(*(getattr(r.structures(IDS), n) for n in ("lattice", "offsets", "positions"))),
    "units": lambda r: _bytes(*(getattr(r.units(IDS), n) for n in ("space_group", "wyckoff", "positions"))),
    "batch": lambda r: _bytes(r.batch(IDS, "generated").asked_space_group, r.batch(IDS).structures.positions),
    "columns": lambda r: _columns(r.columns(["density", "formula", "e_hull", "predicted_e_hull", "nearest_known"])),
    "found": lambda r: _columns(r.found(IDS)),
    "runs": lambda r: repr((r.campaigns(), r.methods(), r.funnel(), r.numbers(1), r.count("status == 'passed'"))),
}


def _flip(data: bytes, path: Path, bit: int) -> None:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    path.write_bytes(changed)


def test_one_flipped_bit_anywhere_in_a_closed_project(real: Path, tmp_path: Path) -> None:
    with ProjectReader(real) as reader:
        right = {name: reading(reader) for name, reading in READINGS.items()}
    data = real.read_bytes()
    rng = random.Random(3)
    refused = 0
    for number in range(24):
        path = tmp_path / f"{number}.crystals"
        _flip(data, path, rng.randrange(8 * len(data)))
        try:
            with ProjectReader(path) as reader:
                for name, reading in READINGS.items():
                    assert reading(reader) == right[name], name
        except FileError as error:
            refused += 1
            assert "\n" not in str(error)
    assert 1 < refused < 23


def test_a_project_that_was_not_closed_names_the_damaged_candidate(real: Path, tmp_path: Path) -> None:
    """Without the seal of a closed project every row still has its checksum."""
    for table, column, says in (
        ("candidates", "density = density + 0.5", "Candidate 5 of .* is damaged .its row in the list"),
        ("candidates", "formula = 'LiMn2O3'", "Candidate 5 of .* is damaged .its row in the list"),
        ("verdicts", "notes = '{'", "Candidate 5 of .* is damaged .a verdict"),
        ("verdicts", "status = 'rejected'", "Candidate 5 of .* is damaged .a verdict"),
        ("quantities", "value = value + 0.001", "Candidate 5 of .* is damaged .one of its values"),
        ("quantities", "uncertainty = 'x'", "Candidate 5 of .* is damaged .one of its values"),
        ("parts", "data = zeroblob(100)", "Candidate 5 of .* is damaged .its structure"),
        ("campaigns", "provenance = '{'", "Campaign 1 of .* is damaged"),
        ("methods", "name = 'chgnot'", "names of methods in .* are damaged"),
    ):
        path = tmp_path / f"{table}.crystals"
        shutil.copy(real, path)
        key = {"candidates": "id = 5", "parts": "candidate_id = 5", "verdicts": "candidate_id = 5",
               "quantities": "candidate = 5", "campaigns": "id = 1", "methods": "name = 'chgnet'"}[table]  # fmt: skip
        with sqlite3.connect(path) as raw:
            raw.execute(f"UPDATE {table} SET {column} WHERE {key}")
        raw.close()
        with ProjectReader(path) as reader, pytest.raises(FileError, match=says) as caught:
            reader.candidates()
            reader.verdicts(5)
            reader.campaigns()
            reader.structures([4, 5, 6])
        assert f"crystal-studio doctor {path}" in str(caught.value)
        with ProjectReader(path) as reader:
            if table not in ("campaigns", "methods"):
                assert reader.by_ids([4])[0].id == 4 and len(reader.batch([4, 6])) == 2
        assert not examine(path).sound


def test_text_that_is_no_text_any_more(real: Path, tmp_path: Path) -> None:
    path = tmp_path / "bytes.crystals"
    shutil.copy(real, path)
    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE verdicts SET notes = CAST(x'7b22ff22' AS TEXT) WHERE candidate_id = 5")
    raw.close()
    with ProjectReader(path) as reader, pytest.raises(FileError, match="is damaged"):
        reader.verdicts(5)
    assert examine(path).damaged == {5: ["a verdict"]}


def test_any_table_may_be_unreadable_without_a_traceback(real: Path, tmp_path: Path) -> None:
    data = real.read_bytes()[: -seal.LENGTH]
    rng = random.Random(5)
    errors = 0
    for number in range(8):
        path = tmp_path / f"{number}.crystals"
        _flip(data, path, rng.randrange(8 * len(data)))
        for reading in READINGS.values():
            try:
                with ProjectReader(path) as reader:
                    reading(reader)
            except KnownError:
                errors += 1
    assert errors


def test_what_is_sound_is_saved(real: Path, tmp_path: Path) -> None:
    path, saved = tmp_path / "hurt.crystals", tmp_path / "saved.crystals"
    shutil.copy(real, path)
    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE candidates SET number = number + 50 WHERE id = 3")
        raw.execute("UPDATE parts SET data = zeroblob(100) WHERE candidate_id = 4 AND method = 'generated'")
        raw.execute("UPDATE parts SET data = zeroblob(100) WHERE candidate_id = 5 AND method = 'chgnet'")
        raw.execute("DELETE FROM parts WHERE candidate_id = 6 AND kind = 'unit'")
        raw.execute("UPDATE quantities SET value = 1.25 WHERE candidate = 7 AND quantity = 1")
        raw.execute("UPDATE verdicts SET seconds = -1 WHERE candidate_id = 8 AND stage = 'novelty'")
        raw.execute("UPDATE campaigns SET name = 'x' WHERE id = 4")
    raw.close()
    report = rescue(path, saved)
    assert sorted(report.damaged) == [3, 4, 5, 6, 7, 8] and report.lost == {3, 4}
    assert any(line.startswith("Can be saved: 28 candidates whole, 4 in part; 2 cannot") for line in report.lines())
    assert examine(saved).sound
    with ProjectReader(saved) as reader, ProjectReader(real) as before:
        kept = [i for i in IDS if i not in (3, 4)]
        assert reader.ids().tolist() == kept
        whole = [i for i in kept if i > 8 or i < 3]
        assert reader.by_ids(whole) == before.by_ids(whole)
        assert [reader.verdicts(i) for i in whole] == [before.verdicts(i) for i in whole]
        assert np.array_equal(reader.structures(whole).positions, before.structures(whole).positions)
        fallen = reader.candidate(5)
        assert fallen.geometry == "generated" and reader.geometries(5) == []
        assert fallen.volume == pytest.approx(before.structures([5], "generated").volume[0])
        assert reader.candidate(6).n_orbits is None and not reader.units([6]).space_group[0]
        assert len(reader.quantities(7)) == len(before.quantities(7)) - 1
        assert [v.stage for v in before.verdicts(8) if v not in reader.verdicts(8)] == ["novelty"]
        assert [c.name for c in reader.campaigns()][:3] == [c.name for c in before.campaigns()][:3]
        assert reader.campaign(4).name == "Saved" and reader.candidate(34).campaign_id == 4


def test_the_seal_is_taken_off_by_whoever_writes(project: Path) -> None:
    length = project.stat().st_size
    assert length % 512 == seal.LENGTH
    writer = ProjectWriter.open(project)
    assert project.stat().st_size == length - seal.LENGTH
    writer.add_campaign("more", {}, {}, 1)
    with ProjectReader(project) as reader:
        assert len(reader.campaigns()) == 2
        writer.close()
        assert project.stat().st_size % 512 == seal.LENGTH
        assert len(reader.campaigns()) == 2
    with sqlite3.connect(project) as another_program:
        another_program.execute("CREATE TABLE other (a)")
    another_program.close()
    assert project.stat().st_size % 512 == 0
    with ProjectReader(project) as reader:
        copy = reader.copy_to(project.with_name("copy.crystals"))
    assert copy.stat().st_size % 512 == seal.LENGTH
    assert examine(copy).lines()[1].startswith("Pages, rows and structures are as they were written")
