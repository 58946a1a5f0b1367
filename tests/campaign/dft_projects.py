"""A project of three crystals for the toy DFT code: aluminium, arsenic and their compound."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from crystal_studio.campaign import dft_start
from crystal_studio.campaign.dft_request import DftRequest
from crystal_studio.campaign.dft_start import Started
from crystal_studio.candidates.batch import Candidates
from crystal_studio.candidates.verdicts import PASSED, REJECTED, Reason, Verdicts
from crystal_studio.crystal.batches import Structures
from crystal_studio.dft.protocol import Settings
from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.store import ProjectWriter

FACES = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
AL, AS, ALAS = 1, 2, 3
QUICK = Settings(fmax=0.01, spin=False)


def three_crystals(path: Path) -> Path:
    """Aluminium has passed, arsenic is not judged, the compound was rejected."""
    cells = Structures.from_lists(
        [4.2 * np.eye(3), 3.0 * np.eye(3), 5.4 * np.eye(3)],
        [[13] * 4, [33], [13] * 4 + [33] * 4],
        [FACES, [[0, 0, 0]], np.concatenate([FACES, FACES + 0.25])],
    )
    with ProjectWriter.create(path) as writer:
        campaign = writer.add_campaign("three", {}, {}, 3, kind="import")
        ids = writer.add_candidates(campaign, range(3), Candidates.of_structures(cells), "by hand", unjudged=True)
        judged = Verdicts((PASSED, REJECTED), (None, Reason("duplicate", {"of": 1})))
        writer.record(campaign, "uniqueness", ids[[0, 2]], judged, last=True)
        writer.set_campaign(campaign, "finished")
    return path


def hand_in(project: Path, *ids: int, **more) -> Started:
    more = {"code": "toy", "settings": QUICK} | more
    return dft_start.start(project, DftRequest.of(ids or (AL, AS, ALAS), **more))


def statuses(project: Path) -> dict[int, str]:
    with ProjectReader(project) as reader:
        return {row.id: row.status for row in reader.candidates()}


def until(true: Callable[[], object]) -> None:
    """Wait for something that will come."""
    end = time.monotonic() + 120
    while not true():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)
