"""What handing candidates in to DFT needs to know of them, and the writing of a bundle; off the GUI thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from crystal_studio.app.background import TaskState
from crystal_studio.campaign.dft_request import DftRequest
from crystal_studio.crystal.primitive import primitive_cell
from crystal_studio.errors import RequestError

if TYPE_CHECKING:
    from crystal_studio.project.queries import ProjectReader


@dataclass(frozen=True)
class Looked:
    """Of some candidates: atoms and formula of the largest primitive cell, how many wait for an answer already."""

    atoms: int
    formula: str
    waiting: int


@dataclass(frozen=True)
class Bundle:
    """A bundle that was written: where, how many jobs, and (id, sentence) of the candidates left out."""

    place: Path
    jobs: int
    problems: tuple[tuple[int, str], ...]


def look(reader: ProjectReader, ids: Sequence[int], state: TaskState) -> Looked:
    """Primitive cells are looked for from the largest cell down, as long as they could be larger."""
    rows = sorted(reader.by_ids(ids), key=lambda row: -row.n_atoms)
    atoms, formula = 0, ""
    for row in rows:
        if row.n_atoms <= atoms or state.cancelled:
            break
        found = len(primitive_cell(*reader.structures([row.id]).cell(0)).numbers)
        if found > atoms:
            atoms, formula = found, row.formula
    return Looked(atoms, formula, sum(row.status == "waiting" for row in rows))


def write_bundle(project: Path, request: DftRequest, packed: bool) -> Bundle:
    """Write the inputs into the folder of the request, and as one .zip beside it where ``packed``.

    Raises ``KnownError``; of a field of the dialog where the place is taken.
    """
    from crystal_studio.campaign import dft_start
    from crystal_studio.dft import bundle

    root = Path(request.folder)
    file = root.with_name(f"{root.name}.zip")
    try:
        taken = root if root.exists() and (not root.is_dir() or any(root.iterdir())) else None
    except OSError as error:
        raise RequestError(f"{root} cannot be read ({error.strerror}): choose another place.", "folder") from error
    taken = file if packed and file.exists() else taken
    if taken is not None:
        raise RequestError(f"{taken} is there already: choose another name.", "folder")
    started = dft_start.start(project, request)
    place = bundle.pack(started.root) if packed else started.root
    return Bundle(place, len(started.folders), started.problems)
