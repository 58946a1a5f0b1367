"""Structures from files as candidates of a campaign of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crystal_studio.candidates.batch import Candidates
from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.neighbours import minimum_distances
from crystal_studio.crystal.standardise import to_asymmetric_units
from crystal_studio.errors import FileError
from crystal_studio.exchange.readers import read_files
from crystal_studio.funnel.cells import sound
from crystal_studio.project.store import ProjectWriter

KIND = "import"
"""Kind of the campaign that an import is stored as: nothing carries it on, and nobody has judged its candidates."""

COINCIDENT = 0.1
"""Angstrom, below which two atoms of a file are one that was written twice."""


@dataclass(frozen=True)
class Imported:
    """What came of an import: the campaign, the ids of its candidates, and (name, reason) of what was skipped."""

    campaign_id: int
    ids: tuple[int, ...]
    problems: tuple[tuple[str, str], ...]


def import_files(project: Path | str, files: Sequence[Path | str], symprec: float = 0.01, name: str = "") -> Imported:
    """Read CIF, POSCAR, extxyz and ASE db files into a project, made if it is not there.

    A crystal is stored in its standard setting with its asymmetric unit where its symmetry is found at
    ``symprec`` Angstrom, else as it is written, and is not judged. What cannot be read is reported and
    skipped. Raises ``FileError`` where nothing at all could be read or the project not be written.
    """
    structures, names, unreadable = read_files([Path(f) for f in files])
    problems = [(problem.name, problem.text) for problem in unreadable]
    units, ok, reasons = to_asymmetric_units(structures, symprec)
    symmetric = np.asarray(ok, bool)
    whole = _apart(structures) & ~symmetric
    good = np.flatnonzero(symmetric | whole)
    problems += [(names[i], reasons[i]) for i in np.flatnonzero(~symmetric & ~whole)]
    if not len(good):
        first = f" {problems[0][0]}: {problems[0][1]}" if problems else ""
        raise FileError(f"None of the files holds a crystal that could be read.{first}")
    kinds = [Candidates.of_units(units.take(symmetric)), Candidates.of_structures(structures.take(whole))]
    order = np.argsort(np.concatenate([np.flatnonzero(symmetric), np.flatnonzero(whole)]))
    candidates = Candidates.concatenate(kinds).take(order)
    opened = ProjectWriter.open(project) if Path(project).exists() else ProjectWriter.create(project)
    with opened as writer:
        provenance = {"files": [str(f) for f in files], "symprec": symprec}
        campaign = writer.add_campaign(name or _title(files), {}, provenance, len(good), kind=KIND)
        ids = writer.add_candidates(campaign, np.arange(len(good)), candidates, [names[i] for i in good], unjudged=True)
        writer.set_campaign(campaign, "finished")
    return Imported(campaign, tuple(int(i) for i in ids), tuple(problems))


def _apart(structures: Structures) -> NDArray[np.bool_]:
    """(B,) whether the atoms of a sound cell are apart."""
    apart = sound(structures)
    apart[apart] = minimum_distances(structures.take(apart)) > COINCIDENT
    return apart


def _title(files: Sequence[Path | str]) -> str:
    more = f" and {len(files) - 1} more" if len(files) > 1 else ""
    return f"Imported {Path(files[0]).name}{more}"
