"""Verdicts into the project file, before their candidates move on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from crystal_studio.campaign.tally import Tally
from crystal_studio.candidates.verdicts import Verdicts
from crystal_studio.funnel.protocol import Stage
from crystal_studio.project.store import ProjectWriter


class Recorder:
    """Commits what stages say in one campaign and counts it."""

    def __init__(self, writer: ProjectWriter, campaign_id: int, stages: Sequence[Stage], tally: Tally) -> None:
        self._writer, self._campaign_id, self._stages, self._tally = writer, campaign_id, stages, tally

    def record(self, index: int, ids: NDArray[np.int64], verdicts: Verdicts, seconds: float) -> NDArray[np.int64]:
        """Store one stage's verdicts in one transaction; the ids that go on to the next stage."""
        last = index + 1 == len(self._stages)
        self._writer.record(self._campaign_id, self._stages[index].name, ids, verdicts, seconds=seconds, last=last)
        self._tally.judged(index, verdicts, seconds)
        passed = verdicts.passed
        self._tally.finish((ids if last else ids[~passed]).tolist())
        return ids[:0] if last else ids[passed]
