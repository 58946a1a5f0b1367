"""Candidates handed in for DFT: a folder each with all inputs, and the status "waiting"."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from crystal_studio.campaign.devices import resolve
from crystal_studio.campaign.dft_request import BUNDLE, LOCAL, STAGE, DftRequest
from crystal_studio.campaign.judging import KIND
from crystal_studio.campaign.provenance import machine
from crystal_studio.candidates.verdicts import WAITING, Verdicts
from crystal_studio.crystal.soundness import COMPUTABLE, is_sound
from crystal_studio.dft import bundle
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

    A candidate that the code cannot compute is left out and told. Raises ``KnownError`` where none is left, where one
    does not exist or is still on its way through a funnel, or where the code is not here.
    """
    code = CODES.get(request.code)
    if request.submit == LOCAL:
        if not isinstance(code, RunsHere):
            raise RequestError(f"{code.title} is not run from here: hand it in as a bundle.", "submit")
        code.program()  # says what is missing, before anything is written
    root = _root(project, request)
    with ProjectReader(project) as reader:
        rows = reader.by_ids(request.ids)
        _check(project, request, rows)
        jobs, problems = _jobs(reader, request, rows)
        reasons = {row.id: withdrawing.waiting(row, _answer(request, code, root)) for row in rows}
    made: dict[str, Manifest] = {}
    try:
        problems += _write(root, code, jobs, made)
        if not made:
            raise KnownError(f"None of the candidates can be computed by {code.title}. {problems[0][1]}")
        if request.submit == BUNDLE:
            bundle.equip(root, made, Path(project).name)
        folders = {job.candidate: root / name for name, job in made.items()}
        request = replace(request, ids=tuple(folders), folder=str(root))
        with ProjectWriter.open(project) as writer:
            campaign = writer.add_campaign(
                name or title(request, code), request.to_dict(), machine(resolve("cpu")), len(folders), kind=KIND
            )
            waiting = Verdicts((WAITING,) * len(folders), tuple(reasons[i] for i in folders))
            writer.record(campaign, STAGE, list(folders), waiting)
            writer.set_campaign(campaign, "paused" if request.submit == LOCAL else "finished")
    except BaseException:
        for folder in made:
            shutil.rmtree(root / folder, ignore_errors=True)
        with suppress(OSError):  # it holds something else
            root.rmdir()
        raise
    return Started(campaign, root, folders, tuple(problems))


def _root(project: Path | str, request: DftRequest) -> Path:
    """The folder that the jobs come into; a bundle has one of its own."""
    if request.folder:
        root = Path(request.folder).expanduser().absolute()
        if request.submit == BUNDLE:
            bundle.require_none(root)
        return root
    root = beside(project).absolute()
    return root if request.submit == LOCAL else make_folder(root, f"{request.code}-bundle")


def _answer(request: DftRequest, code: Code, root: Path) -> str:
    """What the candidates wait for, in words."""
    if request.submit == LOCAL:
        return f"{code.title}, which computes it on this machine"
    return f"results of {code.title}, to be collected from {root}"


def beside(project: Path | str) -> Path:
    """Where the jobs of a project lie unless asked otherwise: in "battery-dft" for battery.crystals."""
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


def _jobs(
    reader: ProjectReader, request: DftRequest, rows: Sequence[CandidateRow]
) -> tuple[list[Manifest], list[tuple[int, str]]]:
    """A job a candidate, and (id, sentence) of those that are no crystal."""
    cells = reader.structures([row.id for row in rows])
    sound = is_sound(cells, COMPUTABLE)
    jobs = [
        Manifest.of(
            request.run, row.id, row.formula, row.geometry, request.code, request.settings, cells.take(np.array([k]))
        )
        for k, row in enumerate(rows)
        if sound[k]
    ]
    bad = [row for row, ok in zip(rows, sound, strict=True) if not ok]
    return jobs, [(row.id, f"{row.formula}: the cell is no crystal that could be computed.") for row in bad]


def _write(root: Path, code: Code, jobs: Sequence[Manifest], made: dict[str, Manifest]) -> list[tuple[int, str]]:
    """Fills ``made``, jobs by the name of their folder; gives (id, sentence) of those that the code cannot compute."""
    problems = []
    for job in jobs:
        folder = make_folder(root, f"{job.candidate}_{job.formula}")
        made[folder.name] = job
        try:
            code.write(folder, job.structure, job.settings, f"{job.formula}, candidate {job.candidate}")
            job.write(folder)
        except FileError:
            raise
        except KnownError as error:
            del made[folder.name]
            shutil.rmtree(folder, ignore_errors=True)
            problems.append((job.candidate, str(error)))
    return problems
