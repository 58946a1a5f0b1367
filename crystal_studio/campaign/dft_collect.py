"""Results of DFT jobs that ran elsewhere, read out of their folders into the project."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from crystal_studio.campaign import dft_results
from crystal_studio.campaign.dft_request import STAGE, is_dft
from crystal_studio.crystal.composition import counts
from crystal_studio.dft import bundle, manifest
from crystal_studio.dft.manifest import Manifest
from crystal_studio.dft.returned import returned
from crystal_studio.errors import FileError, KnownError, RoomError
from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.store import ProjectWriter


@dataclass(frozen=True)
class Collected:
    """Candidates whose results were read, and (folder, sentence) of every folder that was skipped."""

    ids: tuple[int, ...]
    problems: tuple[tuple[str, str], ...]


def collect(project: Path | str, folders: Iterable[Path | str]) -> Collected:
    """Read every job below some folders, or in .zip files of them, of whatever code, each for itself: what is not
    finished, damaged, or of another project is told and skipped. Reading one again changes nothing.

    Raises ``FileError`` where no job lies there at all.
    """
    ids: list[int] = []
    problems: list[tuple[str, str]] = []
    with ExitStack() as stack:
        places = [(Path(place), stack.enter_context(bundle.opened(Path(place).expanduser()))) for place in folders]
        jobs = [(place, top, folder) for place, top in places for folder in jobs_below(top)]
        if not jobs:
            asked = ", ".join(str(place) for place, _ in places)
            raise FileError(f"There is no DFT job below {asked}: name the folder that the bundle was written to.")
        reader, writer = stack.enter_context(ProjectReader(project)), stack.enter_context(ProjectWriter.open(project))
        runs = runs_of(reader)
        for place, top, folder in jobs:
            name = str(place / folder.relative_to(top))
            try:
                ids.append(_take(reader, writer, runs, folder))
            except RoomError:
                raise
            except KnownError as error:
                problems.append((name, str(error).replace(str(folder), name)))
            except Exception as error:  # whatever the reader of a code makes of a damaged file
                problems.append((name, f"The result cannot be read ({type(error).__name__}: {error})."))
    return Collected(tuple(ids), tuple(problems))


def _take(reader: ProjectReader, writer: ProjectWriter, runs: Mapping[str, int], folder: Path) -> int:
    """One job into the project; gives the candidate. Raises ``KnownError``."""
    run = manifest.read(folder).run
    if run not in runs:
        raise KnownError(f"The job in {folder} was handed in from another project.")
    job, result = returned(folder)
    _require_same(reader, job, folder)
    dft_results.record(reader, writer, runs[run], job, result)
    return job.candidate


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
