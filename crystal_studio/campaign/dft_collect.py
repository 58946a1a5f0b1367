"""Results of DFT jobs that ran elsewhere, read out of their folders into the project."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from crystal_studio.campaign import dft_results
from crystal_studio.campaign.dft_request import STAGE, is_dft
from crystal_studio.crystal.composition import counts
from crystal_studio.dft import bundle, manifest
from crystal_studio.dft.manifest import Manifest
from crystal_studio.dft.returned import returned
from crystal_studio.errors import FileError, KnownError
from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.store import ProjectWriter


@dataclass(frozen=True)
class Collected:
    """Candidates whose results were read, and (folder, sentence) of every folder that was skipped."""

    ids: tuple[int, ...]
    problems: tuple[tuple[str, str], ...]


def collect(project: Path | str, folders: Iterable[Path | str]) -> Collected:
    """Read every job below some folders (or in .zip files of them), of whatever code, each for itself: what is not
    finished, damaged, or of another project is told and skipped. Reading one again changes nothing.

    Raises ``FileError`` where no job lies there at all.
    """
    with ExitStack() as stack:
        places = [stack.enter_context(bundle.opened(Path(folder).expanduser())) for folder in folders]
        jobs = [found for place in places for found in jobs_below(place)]
        if not jobs:
            raise FileError(
                f"There is no DFT job below {', '.join(map(str, folders))}: name the folder that the bundle was written"
                " to."
            )
        return _collect(project, jobs)


def _collect(project: Path | str, jobs: Sequence[Path]) -> Collected:
    ids: list[int] = []
    problems: list[tuple[str, str]] = []
    with ProjectReader(project) as reader, ProjectWriter.open(project) as writer:
        runs = runs_of(reader)
        for folder in jobs:
            try:
                job = manifest.read(folder)
                if job.run not in runs:
                    raise KnownError(f"The job in {folder} was handed in from another project.")
                _require_same(reader, job, folder)
                dft_results.record(reader, writer, runs[job.run], *returned(folder))
                ids.append(job.candidate)
            except KnownError as error:
                problems.append((str(folder), str(error)))
            except Exception as error:  # whatever the reader of a code makes of a damaged file
                problems.append((str(folder), f"The result cannot be read ({type(error).__name__}: {error})."))
    return Collected(tuple(ids), tuple(problems))


def jobs_below(folder: Path) -> list[Path]:
    """The folders of jobs in a folder, itself included, in order; none where it does not exist."""
    return sorted(path.parent for path in folder.rglob(manifest.NAME))


def runs_of(reader: ProjectReader) -> dict[str, int]:
    """Runs of DFT of a project: their campaign by their key."""
    return {str(row.request[STAGE]["run"]): row.id for row in reader.campaigns() if is_dft(row.request)}


def _require_same(reader: ProjectReader, job: Manifest, folder: Path) -> None:
    """Raises ``KnownError`` where the candidate is missing, or is another crystal than the job's."""
    if (counts(reader.structures([job.candidate])) != counts(job.given)).any():
        raise KnownError(f"The job in {folder} is about {job.formula}, which candidate {job.candidate} is not.")
