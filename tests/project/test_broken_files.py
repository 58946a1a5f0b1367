"""Files that are no project, are damaged, locked, read-only or on a full disk: one sentence each, nothing lost."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from project_samples import batch

from crystal_studio.errors import FileError
from crystal_studio.project import connection, schema, seal
from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.store import ProjectWriter


def _refused(path: Path, says: str) -> None:
    """Reader and writer say the same, in one line, and leave the file as it was."""
    before = path.read_bytes() if path.is_file() else None
    for opening in (ProjectReader, ProjectWriter.open):
        with pytest.raises(FileError, match=says) as caught:
            opening(path)
        assert "\n" not in str(caught.value) and str(path) in str(caught.value)
    assert (path.read_bytes() if path.is_file() else None) == before
    assert not path.with_name(path.name + ".lock").exists()


def test_files_that_are_no_project(tmp_path: Path) -> None:
    path = tmp_path / "notes.crystals"
    _refused(path, "There is no file")
    path.write_text("")
    _refused(path, "is empty")
    path.write_text("These are my notes on spinels.")
    _refused(path, "not a Crystal Studio project")
    path.write_bytes(b"SQLite format 3\0" + bytes(20))
    _refused(path, "cut short")
    path.unlink()
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE candidates (id INTEGER)")
    other.close()
    _refused(path, "another program")
    _refused(tmp_path, "is a folder")


def test_a_truncated_project(project: Path) -> None:
    whole = project.read_bytes()
    for keep in (len(whole) // 2, 5000):
        project.write_bytes(whole[:keep])
        _refused(project, "cut short or damaged")


def test_damage_inside_is_named_when_met(project: Path) -> None:
    whole = bytearray(project.read_bytes())
    for page in range(1, len(whole) // connection.PAGE_SIZE):
        start = page * connection.PAGE_SIZE
        whole[start : start + 200] = b"\xff" * 200
    project.write_bytes(whole)
    for action in (ProjectReader, ProjectWriter.open):
        with pytest.raises(FileError, match=r"damaged .*restore the project from a copy"):
            action(project)
    project.write_bytes(whole[: -seal.LENGTH])
    for action in (ProjectReader, ProjectWriter.open):
        with pytest.raises(FileError, match=r"damaged .*see what can be saved"):
            action(project)


def test_damage_that_comes_while_a_project_is_open_is_named_when_met(project: Path) -> None:
    with ProjectReader(project) as reader:
        whole = bytearray(project.read_bytes())
        for page in range(1, len(whole) // connection.PAGE_SIZE):
            start = page * connection.PAGE_SIZE
            whole[start : start + 200] = b"\xff" * 200
        project.write_bytes(whole)
        for action in (reader.candidates, reader.check, lambda: reader.structures([1])):
            with pytest.raises(FileError, match="damaged: see what can be saved"):
                action()


def test_a_damaged_structure_is_named(project: Path) -> None:
    with ProjectReader(project) as reader:
        with sqlite3.connect(project) as raw:
            raw.execute(
                "UPDATE parts SET data = CAST(substr(data, 1, 60) || x'07' || substr(data, 62) AS BLOB) WHERE id = 1"
            )
        raw.close()
        with pytest.raises(FileError, match="damaged"):
            reader.structures([1])
        assert len(reader.structures([2])) == 1


def test_a_newer_file_can_be_read_but_not_changed(project: Path) -> None:
    with sqlite3.connect(project) as raw:
        raw.execute(f"PRAGMA user_version={schema.SCHEMA_VERSION + 1}")
        raw.execute("ALTER TABLE candidates ADD COLUMN colour TEXT")
    raw.close()
    before = project.read_bytes()
    with ProjectReader(project) as reader:
        assert reader.version == schema.SCHEMA_VERSION + 1
        assert reader.count() == 6 and reader.candidate(1).formula == "NaCl"
    with pytest.raises(FileError, match="newer Crystal Studio"):
        ProjectWriter.open(project)
    assert project.read_bytes() == before
    with sqlite3.connect(project) as raw:
        raw.execute("ALTER TABLE candidates RENAME COLUMN density TO mass_density")
    raw.close()
    with pytest.raises(FileError, match="newer Crystal Studio"):
        ProjectReader(project)


def test_a_second_writer_is_told_so(project: Path) -> None:
    with ProjectWriter.open(project) as writer:
        with pytest.raises(FileError, match="already open for writing"):
            ProjectWriter.open(project)
        code = (
            "import sys; from crystal_studio.errors import FileError\n"
            "from crystal_studio.project.store import ProjectWriter\n"
            "try: ProjectWriter.open(sys.argv[1])\nexcept FileError as e: print(e)"
        )
        said = subprocess.run(
            [sys.executable, "-c", code, str(project)], capture_output=True, text=True, check=True, timeout=60
        )
        assert "already open for writing" in said.stdout
        writer.add_campaign("still works", {}, {}, 1)
    ProjectWriter.open(project).close()


_WRITE = (
    "import sys; from crystal_studio.errors import FileError\n"
    "from crystal_studio.project.store import ProjectWriter\n"
    "try:\n  with ProjectWriter.open(sys.argv[1]) as w: w.add_campaign('second writer', {}, {}, 1)\n"
    "except FileError as e: print(e)"
)


def _other_process_says(path: Path) -> str:
    return subprocess.run(
        [sys.executable, "-c", _WRITE, str(path)], capture_output=True, text=True, check=True, timeout=60
    ).stdout


@pytest.mark.skipif(sys.platform == "win32", reason="symbolic links need a right of their own")
def test_a_second_writer_under_another_name_is_told_so(project: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    link, through_folder = elsewhere / "link.crystals", tmp_path / "folder" / project.name
    link.symlink_to(project)
    (tmp_path / "folder").symlink_to(project.parent)
    for first, second in ((project, link), (link, project), (project, through_folder)):
        with ProjectWriter.open(first) as writer:
            assert "already open for writing" in _other_process_says(second)
            with pytest.raises(FileError, match="already open for writing"):
                ProjectWriter.open(second)
            writer.add_campaign("still works", {}, {}, 1)
            with ProjectReader(second) as reader:
                assert reader.campaigns()[-1].name == "still works"
    hard = elsewhere / "hard.crystals"
    with ProjectWriter.open(project):
        os.link(project, hard)
        assert "another name" in _other_process_says(hard)
    assert "another name" in _other_process_says(project)
    hard.unlink()
    assert _other_process_says(link) == ""
    with ProjectReader(project) as reader:
        assert [c.name for c in reader.campaigns()] == ["six", *["still works"] * 3, "second writer"]


def test_a_lock_file_left_behind_does_not_lock(project: Path) -> None:
    project.with_name(project.name + ".lock").write_text("99999")
    with ProjectWriter.open(project) as writer:
        writer.add_campaign("written all the same", {}, {}, 1)
    with ProjectReader(project) as reader:
        assert reader.campaigns()[-1].name == "written all the same"


def test_creating_where_it_cannot_be(project: Path, tmp_path: Path) -> None:
    before = project.read_bytes()
    with pytest.raises(FileError, match="exists already"):
        ProjectWriter.create(project)
    assert project.read_bytes() == before
    with pytest.raises(FileError, match="does not exist"):
        ProjectWriter.create(tmp_path / "nowhere" / "new.crystals")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["six.crystals"]


_AS_SOMEONE_ELSE = """
import os, sys
from crystal_studio.errors import FileError
from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.store import ProjectWriter
from crystal_studio.crystal.composition import formulas
from crystal_studio.crystal.space_groups import tables
tables()
if os.getuid() == 0:
    os.setgid(65534); os.setuid(65534)
path = sys.argv[1]
with ProjectReader(path) as reader:
    print(reader.count(), reader.candidate(1).formula, len(reader.campaigns()))
for action in (lambda: ProjectWriter.open(path), lambda: ProjectWriter.create(path + '.new')):
    try:
        action()
        print('no error')
    except FileError as error:
        print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
@pytest.mark.parametrize("with_log", [False, True])
def test_a_read_only_folder(project: Path, with_log: bool) -> None:
    """Readable, rows in a log that was left there included; changing it is refused in one sentence."""
    folder = project.parent
    if with_log:
        writer = ProjectWriter.open(project)
        writer.add_campaign("in the log", {}, {}, 1)
        log = connection.wal_path(project).read_bytes()
        main = project.read_bytes()
        writer.close()
        project.write_bytes(main)
        connection.wal_path(project).write_bytes(log)
    for parent in folder.parents:
        if parent.stat().st_uid == os.getuid() and parent != Path("/") and parent.name != "tmp":
            parent.chmod(parent.stat().st_mode | 0o055)
    for file in folder.iterdir():
        file.chmod(0o444)
    folder.chmod(0o555)
    try:
        ran = subprocess.run(
            [sys.executable, "-c", _AS_SOMEONE_ELSE, str(project)], capture_output=True, text=True, timeout=60
        )
    finally:
        folder.chmod(0o755)
    assert ran.returncode == 0, ran.stderr
    lines = ran.stdout.splitlines()
    assert lines[0] == f"6 NaCl {2 if with_log else 1}"
    assert "read-only: copy it" in lines[1]
    assert "cannot be written to" in lines[2]


def test_a_full_disk_keeps_what_was_saved(project: Path) -> None:
    made = batch(300)
    with ProjectWriter.open(project) as writer:
        with writer._engine.connect() as raw:
            pages = raw.exec_driver_sql("PRAGMA page_count").scalar_one()
            driver = raw.connection.driver_connection
            driver.execute(f"PRAGMA max_page_count={pages + 4}").close()
        saved = 6
        with pytest.raises(FileError, match="no space left") as caught:
            for number in range(6, 300):
                one = [number]
                writer.add_candidates(1, one, made.take(np.array(one)))
                saved += 1
        assert "intact" in str(caught.value)
        # Room again: the same chunk goes in, once.
        with writer._engine.connect() as raw:
            raw.connection.driver_connection.execute("PRAGMA max_page_count=1000000").close()
        writer.add_candidates(1, range(300), made)
    with ProjectReader(project) as reader:
        assert 6 < saved < 300
        assert reader.count() == 300 and reader.numbers(1) == set(range(300))
        reader.check()
