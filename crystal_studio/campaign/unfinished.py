"""Which candidates of a campaign still wait for a verdict, and what they have been through."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.rows import CampaignRow


@dataclass(frozen=True)
class Unfinished:
    """Candidates that wait: ids (P,) ascending, the last stage each has passed ("" for none), whether the next one
    failed on it before."""

    ids: NDArray[np.int64]
    passed: tuple[str, ...]
    failed: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.ids)


NONE = Unfinished(np.zeros(0, np.int64), (), np.zeros(0, bool))


def unfinished(reader: ProjectReader, row: CampaignRow) -> Unfinished:
    """Those of one campaign; of a finished one only what ended in an error."""
    ids, passed = reader.pending(row.id)
    failed = np.isin(ids, reader.errors(row.id))
    keep = failed if row.state == "finished" else np.ones(len(ids), bool)
    keep = np.flatnonzero(keep)[np.argsort(ids[keep])]
    return Unfinished(np.asarray(ids, np.int64)[keep], tuple(str(passed[i]) for i in keep), failed[keep])


def to_resume(reader: ProjectReader) -> list[int]:
    """Campaigns that have something to carry on: paused, killed or failed ones, and finished ones with errors."""
    chosen = []
    for row in reader.campaigns():
        if row.kind == "import" or row.state == "cancelled":
            continue
        if row.state != "finished" or len(reader.errors(row.id)):
            chosen.append(row.id)
    return chosen
