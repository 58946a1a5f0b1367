"""Files into a reference set: read, described once by their fingerprints, kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import Structures
from crystal_studio.data import datasets, hull_table, optimade, reference_sets
from crystal_studio.data.fingerprints import WIDTH, fingerprints
from crystal_studio.data.optimade import Cancel, Stopped
from crystal_studio.data.reference_sets import Card
from crystal_studio.errors import FileError, KnownError
from crystal_studio.exchange.problems import Problem
from crystal_studio.exchange.readers import read_files
from crystal_studio.execution.engines import open_engine
from crystal_studio.execution.machine import cores
from crystal_studio.execution.mapping import outcomes
from crystal_studio.execution.protocol import Done, Task

BLOCK = 500
TABLES = (".parquet", ".csv")

Progress = Callable[[str, int, int], None]
"""Called with what is being done, items done and in all."""


def add_files(
    name: str,
    files: Sequence[str | Path],
    table: Path | None = None,
    method: str = "",
    cancel: Cancel | None = None,
    progress: Progress | None = None,
) -> tuple[Card, list[Problem]]:
    """Make a set of the structures in files and folders (CIF, POSCAR, extxyz, ASE db, parquet and CSV with structures)
    and of a table of energies; the problems name what could not be read.

    Raises ``KnownError`` where nothing is left, the name is taken, or an energy cannot stand on the hull, ``Stopped``
    where ``cancel`` is set.
    """
    reference_sets.check_name(name)
    energies = hull_table.read(table, method) if table else None
    sets = [Path(f) for f in files if Path(f).suffix.lower() in TABLES]
    parts: list[Structures] = []
    ids: list[str] = []
    problems: list[Problem] = []
    for path in sets:
        dataset = datasets.read(path)
        parts.append(dataset.structures)
        ids += dataset.ids.tolist()
        problems += [Problem(f"{path.name}, {entry}", why) for entry, why in dataset.skipped]
    others = [f for f in files if Path(f) not in sets]
    if others:
        cells, names, skipped = read_files(others, progress=_titled(progress, "Reading files", cancel))
        parts.append(cells)
        ids += names
        problems += skipped
    if energies:
        parts.append(energies.structures)
        ids += energies.ids
    cells = Structures.concatenate(parts) if parts else Structures.from_lists([], [], [])
    if not len(cells) and not (energies and energies.phases):
        why = f" ({problems[0].name}: {problems[0].text})" if problems else ""
        raise FileError(
            f"There is no crystal among the files{why}: give CIF, POSCAR, extxyz, db, parquet or CSV files."
        )
    sources = [str(Path(f)) for f in files] + ([str(table)] if table else [])
    return add_structures(name, cells, ids, sources, energies, cancel, progress), problems


def fetch(
    name: str,
    provider: str,
    elements: Sequence[str],
    mode: str = "subset",
    timeout: float = 60.0,
    cancel: Cancel | None = None,
    progress: Progress | None = None,
) -> tuple[Card, list[Problem]]:
    """Make a set of what an OPTIMADE database knows of a chemical system; see ``optimade.structures``.

    Raises ``KnownError`` where the database cannot be asked or knows nothing, or the name is taken.
    """
    reference_sets.check_name(name)
    asked = optimade.elements_filter(elements, mode)
    first = optimade.address(provider, asked)
    found, problems = optimade.structures(
        first, timeout=timeout, cancel=cancel, progress=_titled(progress, "Structures fetched", cancel)
    )
    if not found:
        why = f": of {problems[0].name}, {problems[0].text}" if problems else ": ask for other elements."
        raise KnownError(f"{provider} has no structure that could be used{why}")
    cells = Structures.from_lists(*([crystal[k] for _, crystal in found] for k in range(3)))
    sources = [first.partition("?")[0], asked]
    return add_structures(name, cells, [i for i, _ in found], sources, None, cancel, progress), problems


def add_structures(
    name: str,
    structures: Structures,
    ids: Sequence[str],
    sources: Sequence[str],
    table: hull_table.Table | None = None,
    cancel: Cancel | None = None,
    progress: Progress | None = None,
) -> Card:
    """Make a set of structures; their fingerprints are computed by one process a core."""
    vectors = described(structures, _titled(progress, "Fingerprints", cancel))
    _check(cancel)
    return reference_sets.add(name, structures, ids, vectors, sources, table.phases if table else None)


def described(structures: Structures, progress: Callable[[int, int], None] | None = None) -> NDArray[np.float32]:
    """(B, W) fingerprints; NaN where there is none."""
    if len(structures) <= BLOCK:
        return fingerprints(structures)
    found = np.full((len(structures), WIDTH), np.nan, np.float32)
    blocks = [np.arange(k, min(k + BLOCK, len(structures))) for k in range(0, len(structures), BLOCK)]
    with closing(open_engine("local", min(cores(), len(blocks)))) as engine:
        tasks = (Task(fingerprints, (structures.take(rows),)) for rows in blocks)
        for done, (k, outcome) in enumerate(outcomes(engine, tasks), 1):
            if isinstance(outcome, Done):
                found[blocks[k]] = outcome.value
            if progress:
                progress(min(done * BLOCK, len(structures)), len(structures))
    return found


def _titled(progress: Progress | None, title: str, cancel: Cancel | None) -> Callable[[int, int], None]:
    def tell(done: int, total: int) -> None:
        _check(cancel)
        if progress:
            progress(title, done, total)

    return tell


def _check(cancel: Cancel | None) -> None:
    if cancel is not None and cancel.is_set():
        raise Stopped("Stopped: nothing was kept.")
