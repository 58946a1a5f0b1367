"""What docs/architecture.md says of the project file is what the schema says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from crystal_studio.project.schema import SCHEMA_VERSION, metadata

TEXT = (Path(__file__).parents[2] / "docs/architecture.md").read_text(encoding="utf-8")


def documented(table: str) -> list[str]:
    """Columns named in the row of a table, without what stands in brackets behind them."""
    row = re.search(rf"^\| `{table}` \| (.*) \|$", TEXT, re.MULTILINE)
    assert row, f"docs/architecture.md has no table {table}"
    return re.sub(r" \([^()]*\)", "", row[1]).split(", ")


@pytest.mark.parametrize("table", sorted(metadata.tables))
def test_every_column_is_documented(table: str) -> None:
    assert documented(table) == [column.name for column in metadata.tables[table].columns]


def test_the_version_is_documented() -> None:
    assert f"schema version ({SCHEMA_VERSION})" in TEXT
