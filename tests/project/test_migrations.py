"""The migrations make the schema that the program uses; an older file is backed up, then migrated, or left alone."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect

from crystal_studio.errors import FileError
from crystal_studio.project import migrations, schema
from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.store import ProjectWriter, bring_up_to_date

_NEXT = """
import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade():
    op.add_column("candidates", sa.Column("colour", sa.Text))
    op.execute("UPDATE candidates SET colour = 'blue'")
    {more}
"""


def _shape(engine) -> dict:
    found = inspect(engine)
    return {
        table: (
            [(c["name"], str(c["type"]), c["nullable"]) for c in found.get_columns(table)],
            sorted((i["name"], tuple(i["column_names"])) for i in found.get_indexes(table)),
            sorted((u["name"], tuple(u["column_names"])) for u in found.get_unique_constraints(table)),
            sorted(tuple(f["constrained_columns"]) for f in found.get_foreign_keys(table)),
        )
        for table in found.get_table_names()
        if table != "alembic_version"
    }


def test_migrations_make_the_tables_of_the_schema(project: Path) -> None:
    wanted = create_engine("sqlite://")
    schema.metadata.create_all(wanted)
    made = create_engine(f"sqlite:///{project}")
    assert _shape(made) == _shape(wanted)
    made.dispose()
    with sqlite3.connect(project) as raw:
        assert raw.execute("PRAGMA user_version").fetchone() == (schema.SCHEMA_VERSION,)
        assert raw.execute("PRAGMA application_id").fetchone() == (0x43525953,)
    raw.close()


def _with_next(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, more: str = "") -> None:
    """As if the program were one schema version ahead."""
    folder = tmp_path / "migrations"
    shutil.copytree(migrations.FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / "v0006_next.py").write_text(_NEXT.format(more=more))
    monkeypatch.setattr(migrations, "FOLDER", folder)
    monkeypatch.setattr(schema, "SCHEMA_VERSION", 6)


def test_an_older_file_is_backed_up_and_migrated(project: Path, tmp_path: Path, monkeypatch) -> None:
    _with_next(monkeypatch, tmp_path)
    with pytest.raises(FileError, match="older Crystal Studio"):
        ProjectReader(project)
    assert bring_up_to_date(project) and not bring_up_to_date(project)
    with ProjectReader(project) as reader:
        assert reader.version == 6 and reader.count() == 6
    with sqlite3.connect(project) as raw:
        assert raw.execute("SELECT DISTINCT colour FROM candidates").fetchall() == [("blue",)]
    raw.close()
    backup = project.with_name("six.crystals.v5.bak")
    monkeypatch.undo()
    with ProjectReader(backup) as reader:
        assert reader.version == 5 and reader.count() == 6


def test_a_migration_that_fails_leaves_the_file_as_it_was(project: Path, tmp_path: Path, monkeypatch) -> None:
    _with_next(monkeypatch, tmp_path, "raise RuntimeError('half way')")
    with pytest.raises(RuntimeError, match="half way"):
        ProjectWriter.open(project)
    monkeypatch.undo()
    with ProjectWriter.open(project) as writer, ProjectReader(project) as reader:
        assert reader.version == 5 and reader.count() == 6
        writer.add_campaign("goes on", {}, {}, 1)
        with sqlite3.connect(project) as raw:
            columns = [row[1] for row in raw.execute("PRAGMA table_info(candidates)")]
        raw.close()
        assert "colour" not in columns
