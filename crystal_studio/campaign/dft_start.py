"""Candidates handed in for DFT: a folder each with all inputs, and the status "waiting"."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from crystal_studio.campaign.devices import resolve
from crystal_studio.campaign.dft_request import BUNDLE, LOCAL, STAGE, DftRequest
from crystal_studio.campaign.judging import KIND
from crystal_studio.campaign.provenance import machine
from crystal_studio.candidates.verdicts import WAITING, Verdicts
from crystal_studio.crystal.soundness import COMPUTABLE, is_sound
from crystal_studio.dft import bundle, manifest
from crystal_studio.dft.local import make_folder
from crystal_studio.dft.manifest import Manifest
from crystal_studio.dft.protocol import Code
from crystal_studio.dft.registry import CODES
from crystal_studio.dft.script_code import RunsHere
from crystal_studio.errors import FileError, KnownError, RequestError
from crystal_studio.project import withdrawing
from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.rows import CandidateRow
from crystal_studio.project.store import ProjectWriter


@dataclass(frozen=True)
class Started:
    """What was handed in: the run's id as a campaign, the folders of the jobs by candidate, and (id, sentence) of the
    candidates that could not be."""

    campaign_id: int
    root: Path
    folders: dict[int, Path]
    problems: tuple[tuple[int, str], ...]


def start(project: Path | str, request: DftRequest, name: str = "") -> Started:
    """Write the inputs of every candidate's current geometry, as its primitive cell, and note in the project that the
    candidates wait; nothing is computed yet.

    The folder of a bundle gets what another machine needs to run it. A candidate that the code cannot compute is left
    out and told. Raises ``KnownError`` where none is left, where one does not exist or is still on its way through a
    funnel, or where the code is not here.
    """
    code = CODES.get(request.code)
    if request.submit == LOCAL:
        if not isinstance(code, RunsHere):
            raise RequestError(f"{code.title} is not run from here: hand it in as a bundle.", "submit")
        code.program()  # says what is missing, before anything is written
    root = Path(request.folder).expanduser() if request.folder else beside(project)
    if request.submit == BUNDLE:
        root = root if request.folder else make_folder(root.parent, root.name)
        bundle.require_none(root)
    with ProjectReader(project) as reader:
        rows = reader.by_ids(request.ids)
        _check(project, request, rows)
        folders, problems = _write_all(reader, code, request, rows, root.absolute())
        reasons = [withdrawing.waiting(row) for row in rows if row.id in folders]
    if not folders:
        raise KnownError(f"None of the candidates can be computed by {code.title}. {problems[0][1]}")
    if request.submit == BUNDLE:
        bundle.equip(root, {f.name: manifest.read(f) for f in folders.values()}, Path(project).name)
    request = replace(request, ids=tuple(folders), folder=str(root.absolute()))
    with ProjectWriter.open(project) as writer:
        campaign = writer.add_campaign(
            name or title(request, code), request.to_dict(), machine(resolve("cpu")), len(folders), kind=KIND
        )
        waiting = Verdicts((WAITING,) * len(folders), tuple(reasons))
        writer.record(campaign, STAGE, list(folders), waiting)
        writer.set_campaign(campaign, "paused" if request.submit == LOCAL else "finished")
    return Started(campaign, root.absolute(), folders, tuple(problems))


def beside(project: Path | str) -> Path:
    """Where the jobs of a project lie unless asked otherwise: in "battery-dft" for battery.crystals; a bundle has a
    folder of its own, "battery-dft-2" where that is there."""
    path = Path(project)
    return path.with_name(f"{path.stem}-{STAGE}")


def title(request: DftRequest, code: Code) -> str:
    """A short name such as "3 candidates · GPAW"."""
    count = len(request.ids)
    return f"{count} {'candidate' if count == 1 else 'candidates'} · {code.title}"


def _check(project: Path | str, request: DftRequest, rows: Sequence[CandidateRow]) -> None:
    if not request.ids:
        raise RequestError("No candidate was named: give the ids of those to compute.", "ids")
    missing = sorted(set(request.ids) - {row.id for row in rows})
    if missing:
        raise RequestError(f"{project} has no candidate {missing[0]}.", "ids")
    for row in rows:
        if row.status == "pending":
            raise RequestError(
                f"Candidate {row.id} is still on its way through campaign {row.campaign_id}: resume that first.", "ids"
            )


def _write_all(
    reader: ProjectReader, code: Code, request: DftRequest, rows: Sequence[CandidateRow], root: Path
) -> tuple[dict[int, Path], list[tuple[int, str]]]:
    folders: dict[int, Path] = {}
    problems: list[tuple[int, str]] = []
    cells = reader.structures([row.id for row in rows])
    sound = is_sound(cells, COMPUTABLE)
    for k, row in enumerate(rows):
        if not sound[k]:
            problems.append((row.id, f"{row.formula}: the cell is no crystal that could be computed."))
            continue
        given = cells.take(np.array([k]))
        job = Manifest.of(request.run, row.id, row.formula, row.geometry, request.code, request.settings, given)
        folder = make_folder(root, f"{row.id}_{row.formula}")
        try:
            code.write(folder, job.structure, request.settings, f"{row.formula}, candidate {row.id}")
            job.write(folder)
            folders[row.id] = folder
        except FileError:
            raise
        except KnownError as error:
            shutil.rmtree(folder, ignore_errors=True)
            problems.append((row.id, str(error)))
    return folders, problems
