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

from crystal_studio.errors import FileError
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


@pytest.mark.parametrize("closed", [True, False])
def test_one_flipped_bit_anywhere(real: Path, tmp_path: Path, closed: bool) -> None:
    """Also where a killed run has left a project without its seal."""
    with ProjectReader(real) as reader:
        right = {name: reading(reader) for name, reading in READINGS.items()}
    data = real.read_bytes() if closed else real.read_bytes()[: -seal.LENGTH]
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


_WOUNDS = (
    ("candidates", "density = density + 0.5", "Candidate 5 of .* is damaged .its row in the list"),
    ("candidates", "formula = 'LiMn2O3'", "Candidate 5 of .* is damaged .its row in the list"),
    ("verdicts", "notes = '{'", "Candidate 5 of .* is damaged .a verdict"),
    ("verdicts", "status = 'rejected'", "Candidate 5 of .* is damaged .a verdict"),
    ("verdicts", "notes = CAST(x'7b22ff22' AS TEXT)", "is damaged"),
    ("quantities", "value = value + 0.001", "Candidate 5 of .* is damaged .one of its values"),
    ("quantities", "uncertainty = 'x'", "Candidate 5 of .* is damaged .one of its values"),
    ("parts", "data = zeroblob(100)", "Candidate 5 of .* is damaged .its structure"),
    ("campaigns", "provenance = '{'", "Campaign 1 of .* is damaged"),
    ("methods", "name = 'chgnot'", "names of methods in .* are damaged"),
)
_KEYS = {"candidates": "id = 5", "parts": "candidate_id = 5", "verdicts": "candidate_id = 5",
         "quantities": "candidate = 5", "campaigns": "id = 1", "methods": "name = 'chgnet'"}  # fmt: skip


@pytest.mark.parametrize(("table", "change", "says"), _WOUNDS)
def test_every_row_tells_for_itself_whether_it_is_what_was_written(
    real: Path, tmp_path: Path, table: str, change: str, says: str
) -> None:
    """To a reader that has a project open already, as while somebody writes; a new one is refused."""
    path = tmp_path / "open.crystals"
    shutil.copy(real, path)
    with ProjectReader(path) as reader:
        with sqlite3.connect(path) as raw:
            raw.execute(f"UPDATE {table} SET {change} WHERE {_KEYS[table]}")
        raw.close()
        with pytest.raises(FileError, match=says) as caught:
            reader.candidates()
            reader.verdicts(5)
            reader.campaigns()
            reader.structures([4, 5, 6])
        assert f"crystal-studio doctor {path}" in str(caught.value)
        if table not in ("campaigns", "methods"):
            assert reader.by_ids([4])[0].id == 4 and len(reader.batch([4, 6])) == 2
    assert not examine(path).sound
    for opening in (ProjectReader, ProjectWriter.open):
        with pytest.raises(FileError, match=r"is damaged .*crystal-studio doctor"):
            opening(path)


@pytest.mark.parametrize(
    "loss",
    [
        "DELETE FROM quantities WHERE candidate = 5 AND quantity = 1",
        "DELETE FROM verdicts WHERE candidate_id = 5 AND stage = 'geometry'",
        "DELETE FROM candidates WHERE id = 5",
    ],
)
def test_a_table_that_has_lost_a_row_is_noticed(real: Path, tmp_path: Path, loss: str) -> None:
    """The row goes out of its table as by a flipped bit: its place in the indexes is still there."""
    path = tmp_path / "lost.crystals"
    shutil.copy(real, path)
    table = loss.split()[2]
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA writable_schema = ON")
        raw.execute("CREATE TABLE kept AS SELECT * FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
        raw.execute(f"DELETE FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name = '{table}'")
    raw.close()
    with sqlite3.connect(path) as raw:
        raw.execute(loss)
        raw.execute("PRAGMA writable_schema = ON")
        raw.execute(f"INSERT INTO sqlite_master SELECT * FROM kept WHERE tbl_name = '{table}'")
        raw.execute("DROP TABLE kept")
    raw.close()
    with pytest.raises(FileError, match="is damaged"):
        ProjectReader(path)


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
