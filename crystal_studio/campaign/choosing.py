"""Candidates at a stage that chooses: those that a run has to see all of are held until it has."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crystal_studio.campaign.backlog import Work
from crystal_studio.candidates.lots import lots
from crystal_studio.candidates.verdicts import Verdicts
from crystal_studio.funnel.batch_parts import join
from crystal_studio.funnel.protocol import PROMISE, ChoosingStage
from crystal_studio.funnel.triage import BEST
from crystal_studio.project.queries import ProjectReader

Chosen = tuple[NDArray[np.int64], Verdicts, float]
"""Ids, ascending, their verdicts, and the seconds that these took."""


class Choosing:
    """What one such stage holds. Nothing of it is in the project: a run that is killed asks the stage again.

    name : of the stage
    campaign, total : the run, and how many candidates it has
    """

    def __init__(self, stage: ChoosingStage, name: str, reader: ProjectReader, campaign: int, total: int) -> None:
        self._stage, self._name, self._reader = stage, name, reader
        self._campaign, self._total = campaign, total
        self._held: list[tuple[NDArray[np.int64], Verdicts, float]] = []
        self._seeds: dict[int, int] = {}

    def __len__(self) -> int:
        """Candidates that are held."""
        return sum(len(ids) for ids, _, _ in self._held)

    def judged(self, work: Work, verdicts: Verdicts, seconds: float) -> Chosen | None:
        """Verdicts that the stage gave each by itself; what is decided by them at once, None where they are held."""
        self._held.append((work.ids, verdicts, seconds))
        return None if self._stage.waits else self.decide()

    def decide(self) -> Chosen:
        """The choice among all that are held, who are held no longer."""
        held, self._held = self._held, []
        ids = np.concatenate([own for own, _, _ in held])
        order = np.argsort(ids, kind="stable")
        # Who judged when decides nothing: they are taken in the order of their ids.
        ids, whole = ids[order], join([], [verdicts for _, verdicts, _ in held]).take(order)
        earlier = self._earlier() if self._stage.waits else ()
        chosen = self._stage.choose(whole, self._lots(ids), self._reader.found(ids.tolist()), self._total, earlier)
        return ids, chosen, sum(seconds for _, _, seconds in held)

    def _earlier(self) -> list[float]:
        """The promise of those that an earlier part of the run has taken."""
        known = self._reader.columns(["id", PROMISE, BEST])
        told = self._reader.judged(self._campaign, self._name)
        mine = np.isin(known["id"], told) & (np.asarray(known[BEST], float) == 1)
        return np.asarray(known[PROMISE], float)[mine].tolist()

    def _lots(self, ids: NDArray[np.int64]) -> NDArray[np.float64]:
        """Of each candidate by the campaign that made it, so that a lot is drawn once and for all."""
        if not self._seeds:
            self._seeds = {row.id: int(row.request.get("seed") or 0) for row in self._reader.campaigns()}
        rows = self._reader.by_ids(ids.tolist())
        return lots(np.array([self._seeds[row.campaign_id] for row in rows]), np.array([row.number for row in rows]))
