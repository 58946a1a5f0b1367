"""Results of bundles that came back, as lines for people, and the bundles that are still awaited; no Qt here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from crystal_studio.app.numbers_text import figure
from crystal_studio.campaign.dft_request import BUNDLE, STAGE, DftRequest, is_dft
from crystal_studio.candidates.verdicts import WAITING
from crystal_studio.errors import KnownError

if TYPE_CHECKING:
    from crystal_studio.project.queries import ProjectReader
    from crystal_studio.project.rows import CampaignRow


@dataclass(frozen=True)
class Line:
    """What became of one folder: ``candidate`` 0 where it was skipped."""

    candidate: int
    name: str
    text: str


def request_of(row: CampaignRow) -> DftRequest | None:
    """What a run of DFT was asked; None for another campaign, or one of another version."""
    try:
        return DftRequest.from_dict(row.request) if is_dft(row.request) else None
    except (KnownError, KeyError, TypeError, ValueError):
        return None


def waits(reader: ProjectReader, row: CampaignRow) -> bool:
    """Whether candidates of a bundle still wait for their results."""
    asked = request_of(row)
    if asked is None or asked.submit != BUNDLE:
        return False
    return any(found.status == WAITING and found.stage == STAGE for found in reader.by_ids(asked.ids))


def awaited(reader: ProjectReader) -> list[Path]:
    """The places of the bundles whose results are missing, where they are still there."""
    folders = [Path(str(row.request[STAGE]["folder"])) for row in reader.campaigns() if waits(reader, row)]
    return [folder for folder in dict.fromkeys(folders) if folder.is_dir()]


def collect(project: Path, places: Sequence[Path]) -> list[Line]:
    """Read what came back into a project: a line for each result taken, then one for each folder skipped.

    Raises ``KnownError`` where there is no job at all.
    """
    from crystal_studio.campaign.dft_collect import collect
    from crystal_studio.project.queries import ProjectReader

    found = collect(project, places)
    with ProjectReader(project) as reader:
        taken = [_taken(reader, candidate) for candidate in dict.fromkeys(found.ids)]
    return taken + [Line(0, Path(name).name, text) for name, text in found.problems]


def _taken(reader: ProjectReader, candidate: int) -> Line:
    row = reader.candidate(candidate)
    told = next(v for v in reader.verdicts(candidate) if v.stage == STAGE)
    by = [q for q in reader.quantities(candidate) if q.method.name == told.notes.get("method")]
    values = {q.quantity: q.value for q in by}
    words = [f"{figure(values.get('energy_per_atom'), 4)} eV/atom by {by[0].method.title}"] if by else []
    words += [] if values.get("converged", 1.0) else ["not converged"]
    words += [str(text) for name, text in told.notes.items() if name.startswith("warning_")]
    return Line(candidate, row.formula, "; ".join(words))
