"""Which earlier candidates a stage that remembers has to be told of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from crystal_studio.funnel.protocol import RememberingStage, Stage


def remembered(stage: RememberingStage, stages: Sequence[Stage]) -> str:
    """A filter expression for the candidates of a project that ``stage`` must know before ``stages`` run.

    Every candidate but those that the stage itself rejected or marked (duplicates) and those rejected before it
    (unsound, of another group): imported ones, those of other campaigns with or without a funnel, those rejected
    later. Take out those that this run has yet to judge with ``without``: they are told as they pass.
    """
    names = [s.name for s in stages]
    before = names[: names.index(stage.name)] if stage.name in names else []
    ended = tuple(dict.fromkeys([*stage.forgets, *before, stage.name]))
    return f"(status != 'rejected' or stage not in {ended!r}) and {stage.name!r} not in marks"


def without(
    ids: NDArray[np.int64], pending: NDArray[np.int64], reached: Sequence[str], stage: str, stages: Sequence[Stage]
) -> NDArray[np.int64]:
    """``ids`` less the ``pending`` ones of this run that ``stage`` has yet to judge, ascending.

    ``reached`` names the last stage that each pending one has been through, "" where none.
    """
    names = [s.name for s in stages]
    here = names.index(stage)
    through = {"": -1} | {name: i for i, name in enumerate(names)}
    open_ones = [int(i) for i, last in zip(pending, reached, strict=True) if through.get(last, -1) < here]
    return np.setdiff1d(np.asarray(ids, np.int64), np.array(open_ones, np.int64))
