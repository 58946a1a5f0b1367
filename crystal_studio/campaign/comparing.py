"""The stages of one run that compare candidates with earlier ones: workers compare, the keys stay here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.campaign.backlog import Work
from crystal_studio.campaign.comparisons import Comparisons
from crystal_studio.campaign.outcomes import answer
from crystal_studio.candidates.verdicts import Verdicts
from crystal_studio.crystal.composition import formulas
from crystal_studio.execution.protocol import Done, Outcome
from crystal_studio.funnel.protocol import RememberingStage, Stage
from crystal_studio.project.queries import ProjectReader


class Comparing:
    """``judged(work, verdicts, seconds)`` takes what is decided, ``died`` whether a task has lost its worker;
    ``geometry`` is that in which candidates are compared."""

    def __init__(
        self,
        stages: Sequence[Stage],
        context: Any,
        reader: ProjectReader,
        geometry: str,
        judged: Callable[[Work, Verdicts, float], None],
        died: Callable[[bool], None],
    ) -> None:
        self._stages, self._reader, self._judged, self._died = stages, reader, judged, died
        self._by_stage = {
            index: Comparisons(index, stage, context.memory(stage), partial(reader.batch, geometry=geometry))
            for index, stage in enumerate(stages)
            if stage.remembers and isinstance(stage, RememberingStage)
        }

    def __contains__(self, index: int) -> bool:
        """Whether the stage of that index compares."""
        return index in self._by_stage

    @property
    def sizes(self) -> list[tuple[int, int]]:
        """By stage how many are compared or wait for it."""
        return [(index, len(own)) for index, own in self._by_stage.items()]

    def arrive(self, index: int, ids: NDArray[np.int64]) -> None:
        """Candidates that come to a stage."""
        self._by_stage[index].arrive(ids, formulas(self._reader.structures(ids)))

    def next(self, flying: Sequence[Work], smallest: Callable[[int], float]) -> tuple[Comparisons, Work] | None:
        """A task to send; ``flying`` are with workers, ``smallest(index)``: the least id that waits before a stage."""
        for index, comparisons in self._by_stage.items():
            if len(comparisons):
                before = min([work.ids.min() for work in flying if work.index < index], default=np.inf)
                work = comparisons.next(min(before, smallest(index)))
                self._decide(comparisons, index)
                if work is not None:
                    return comparisons, work
        return None

    def landed(self, work: Work, outcome: Outcome) -> None:
        """A task of comparisons has ended."""
        comparisons = self._by_stage[work.index]
        if isinstance(outcome, Done):
            comparisons.done(work, outcome.value, outcome.seconds)
        else:
            found = answer(self._stages[work.index], work, outcome)
            comparisons.retry(found.again)
            if found.verdicts:
                if comparisons.give_up(int(work.ids[0])):
                    self._judged(work, found.verdicts, found.seconds)
                self._died(found.died)
        self._decide(comparisons, work.index)

    def _decide(self, comparisons: Comparisons, index: int) -> None:
        found = comparisons.decided()
        if found is not None:
            ids, verdicts, seconds = found
            self._judged(Work(index, ids), verdicts, seconds)
