"""Candidates to files: one file a candidate, or one for all; whole or not at all."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from crystal_studio.candidates.batch import Candidates
from crystal_studio.crystal.batches import AsymmetricUnits, Structures
from crystal_studio.errors import RequestError
from crystal_studio.exchange.exporter import Contents, Report
from crystal_studio.exchange.exporters import exporter
from crystal_studio.exchange.files import make_folder, replacing

PATTERN = "{id}_{formula}_{space_group}"


def file_names(
    ids: Sequence[int], formula: Sequence[str], space_group: Sequence[int], pattern: str = PATTERN
) -> list[str]:
    """Names without ending from a pattern of {id}, {formula} and {space_group}, made fit for any file system."""
    try:
        names = [
            pattern.format(id=int(i), formula=f, space_group=int(g))
            for i, f, g in zip(ids, formula, space_group, strict=True)
        ]
    except (KeyError, IndexError, AttributeError, TypeError) as error:
        raise RequestError(
            f"The naming pattern {pattern!r} cannot be used: it may hold {{id}}, {{formula}} and {{space_group}}.",
            "pattern",
        ) from error
    except ValueError as error:
        raise RequestError(f"The naming pattern {pattern!r} is malformed: {error}.", "pattern") from error
    return [re.sub(r"[^\w.+-]+", "_", name).strip(".") or "structure" for name in names]


def targets(names: Sequence[str], format: str, folder: str | Path, title: str = "candidates") -> list[Path]:
    """The files that ``export`` writes; raises ``RequestError`` for an unknown format."""
    chosen, folder = exporter(format), Path(folder).expanduser()
    if chosen.single:
        return [folder / (title + chosen.suffix)]
    return [folder / (name + chosen.suffix) for name in _distinct(names)]


def export(
    crystals: Candidates | Structures | AsymmetricUnits,
    names: Sequence[str],
    format: str,
    folder: str | Path,
    *,
    columns: Mapping[str, Sequence[Any]] | None = None,
    title: str = "candidates",
    report: Report | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Path]:
    """Write candidates into a folder (made if need be) by the exporter of a format; returns the files.

    names : B file names without ending; repeated ones get "-2" and so on
    columns : B values a column, for csv and parquet, and beside each structure
        in extxyz and ase-db; without any, csv and parquet state composition and cell
    title : name of the file of the formats that write just one
    report : told of every structure that could not be written as asked
    progress : ``progress(done, total)``; raising from it stops the export,
        keeping the files written so far

    "cif" writes the group that the column space_group tells, else the one found at ``standardise.SYMPREC``:
    asymmetric units of that group as they are, whole cells symmetrised (``exchange.cif_export``). Every CIF is
    read back before it is written: one that would not be the same structure for its reader (overlapping atoms)
    is written with all its atoms in P 1, and reported.

    Raises ``RequestError`` for an unknown format and ``FileError`` where the
    folder cannot be written.
    """
    chosen = exporter(format)
    if len(names) != len(crystals):
        raise ValueError("names and structures differ in length")
    folder = Path(folder).expanduser()
    make_folder(folder)
    tick = progress or (lambda done, total: None)
    told = report or (lambda problem: None)
    candidates, about = _candidates(crystals), dict(columns or {})
    if chosen.single:
        (path,) = targets(names, format, folder, title)
        with replacing(path) as draft:
            chosen.write(draft, Contents(candidates, tuple(names), about, told))
        tick(len(candidates), len(candidates))
        return [path]
    paths = []
    for i, (path, name) in enumerate(zip(targets(names, format, folder), _distinct(names), strict=True)):
        one = {key: [values[i]] for key, values in about.items()}
        with replacing(path) as draft:
            chosen.write(draft, Contents(candidates.take(np.array([i])), (name,), one, told))
        paths.append(path)
        tick(i + 1, len(candidates))
    return paths


def as_they_stand(candidates: Candidates) -> Candidates:
    """Cells with the bonds that they state; units are left to the export to find, but where bonds rest on them."""
    return candidates if candidates.bonds is not None else replace(candidates, units=None)


def _candidates(crystals: Candidates | Structures | AsymmetricUnits) -> Candidates:
    if isinstance(crystals, Candidates):
        return crystals
    return Candidates.of_structures(crystals) if isinstance(crystals, Structures) else Candidates.of_units(crystals)


def _distinct(names: Sequence[str]) -> list[str]:
    """Names that differ, also on file systems that do not tell capitals apart."""
    taken: set[str] = set()
    result = []
    for name in names:
        candidate, k = name, 1
        while candidate.lower() in taken:
            k += 1
            candidate = f"{name}-{k}"
        taken.add(candidate.lower())
        result.append(candidate)
    return result
