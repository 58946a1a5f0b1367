"""Structures from files as candidates of a campaign of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from crystal_studio.campaign.standardising import standardised
from crystal_studio.candidates.batch import Candidates
from crystal_studio.errors import FileError
from crystal_studio.exchange.readers import read_candidates
from crystal_studio.project.store import ProjectWriter

KIND = "import"
"""Kind of the campaign that an import is stored as: nothing carries it on, and nobody has judged its candidates."""


@dataclass(frozen=True)
class Imported:
    """What came of an import: the campaign, the ids of its candidates, and (name, reason) of what was skipped."""

    campaign_id: int
    ids: tuple[int, ...]
    problems: tuple[tuple[str, str], ...]


def import_files(project: Path | str, files: Sequence[Path | str], symprec: float = 0.01, name: str = "") -> Imported:
    """Read CIF, POSCAR, extxyz and ASE db files into a project, made if it is not there.

    Every crystal is stored in its standard setting with its asymmetric unit, its symmetry found at
    ``symprec`` Angstrom, and is not judged; one whose bonds its file states keeps the file's cell, to which
    they belong. What cannot be read is reported and skipped. Raises
    ``FileError`` where nothing at all could be read or the project not be written.
    """
    read, names, unreadable = read_candidates([Path(f) for f in files])
    problems = [(problem.name, problem.text) for problem in unreadable]
    bonded = np.zeros(len(read), bool) if read.bonds is None else read.bonds.known
    loose = np.flatnonzero(~bonded)
    units, ok, reasons = standardised(read.structures.take(loose), symprec)
    problems += [(names[loose[k]], reasons[k]) for k in np.flatnonzero(~ok)]
    good = np.concatenate([loose[ok], np.flatnonzero(bonded)])
    candidates = Candidates.concatenate([Candidates.of_units(units.take(np.flatnonzero(ok))), read.take(bonded)])
    candidates, good = candidates.take(np.argsort(good)), np.sort(good)
    if not len(good):
        first = f" {problems[0][0]}: {problems[0][1]}" if problems else ""
        raise FileError(f"None of the files holds a crystal that could be read.{first}")
    opened = ProjectWriter.open(project) if Path(project).exists() else ProjectWriter.create(project)
    with opened as writer:
        provenance = {"files": [str(f) for f in files], "symprec": symprec}
        campaign = writer.add_campaign(name or _title(files), {}, provenance, len(good), kind=KIND)
        sources = [names[i] for i in good]
        ids = writer.add_candidates(campaign, np.arange(len(good)), candidates, sources, unjudged=True)
        writer.set_campaign(campaign, "finished")
    return Imported(campaign, tuple(int(i) for i in ids), tuple(problems))


def _title(files: Sequence[Path | str]) -> str:
    more = f" and {len(files) - 1} more" if len(files) > 1 else ""
    return f"Imported {Path(files[0]).name}{more}"
