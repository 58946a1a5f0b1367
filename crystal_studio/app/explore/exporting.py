"""Candidates to files in the background: what would be written, what is there already, the writing itself."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from crystal_studio.app.background import TaskState
from crystal_studio.project.rows import CandidateRow

if TYPE_CHECKING:
    from crystal_studio.project.queries import ProjectReader

CHUNK = 10
TITLE = "candidates"
"""Name of the file of the formats that write just one."""


@dataclass(frozen=True)
class Written:
    """The files, and what could not be written as asked."""

    paths: tuple[Path, ...]
    problems: tuple[str, ...]


def taken(reader: ProjectReader, ids: Sequence[int], key: str, folder: Path) -> list[Path]:
    """The files that an export would overwrite."""
    from crystal_studio.exchange.export import targets

    return [path for path in targets(_names(reader.by_ids(ids)), key, folder) if path.exists()]


def write(
    reader: ProjectReader, ids: Sequence[int], key: str, folder: Path, state: TaskState, keep: bool = False
) -> Written:
    """Write candidates in their current geometry to files; tells ``state`` how many are done, stops when it says so.

    ``keep`` leaves files that are there already as they are and gives the new ones other names.
    """
    from crystal_studio.campaign import candidate_columns
    from crystal_studio.exchange.export import as_they_stand, export
    from crystal_studio.exchange.exporters import exporter
    from crystal_studio.exchange.problems import Problem

    rows = reader.by_ids(ids)
    names, title, single = _names(rows), TITLE, exporter(key).single
    if keep:
        names = names if single else [_free(name, key, folder) for name in names]
        title = _free_title(key, folder) if single else title
    problems: list[str] = []
    paths: list[Path] = []

    def report(problem: Problem) -> None:
        problems.append(f"{problem.name}: {problem.text}")

    size = len(rows) if single else CHUNK
    for start in range(0, len(rows), max(size, 1)):
        if state.cancelled:
            break
        part, titles = rows[start : start + size], names[start : start + size]
        crystals = as_they_stand(reader.batch([r.id for r in part]))
        columns = candidate_columns.columns(part)
        paths += export(crystals, titles, key, folder, columns=columns, title=title, report=report)
        state.progress(min(start + size, len(rows)))
    return Written(tuple(paths), tuple(problems))


def _names(rows: Sequence[CandidateRow]) -> list[str]:
    from crystal_studio.exchange.export import file_names

    return file_names([r.id for r in rows], [r.formula for r in rows], [r.space_group or 0 for r in rows])


def _free(name: str, key: str, folder: Path) -> str:
    """The name, or with the first number behind it that no file has yet: "12_LiMnO2_62-2"."""
    from crystal_studio.exchange.export import targets

    numbered = (name if k == 1 else f"{name}-{k}" for k in itertools.count(1))
    return next(n for n in numbered if not targets([n], key, folder)[0].exists())


def _free_title(key: str, folder: Path) -> str:
    from crystal_studio.exchange.export import targets

    numbered = (TITLE if k == 1 else f"{TITLE}-{k}" for k in itertools.count(1))
    return next(n for n in numbered if not targets([], key, folder, n)[0].exists())
