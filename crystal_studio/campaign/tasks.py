"""What a worker process is asked to do: one stage's verdicts on one batch, or its comparisons."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.candidates.verdicts import Verdicts
from crystal_studio.crystal.batches import Structures
from crystal_studio.execution.worker_state import once
from crystal_studio.funnel import run_stage
from crystal_studio.funnel.protocol import Batch, RememberingStage, Stage


def judge_batch(stage: Stage, batch: Batch, make_context: Callable[[], Any]) -> Verdicts:
    """The stage's verdicts; ``make_context`` (hashable) is called once in each worker process."""
    return run_stage.run(stage, batch, once(make_context, make_context))


def keys(stage: RememberingStage, structures: Structures) -> NDArray:
    """What the stage keeps of candidates, a row each."""
    return stage.keys(structures)


def matches(
    stage: RememberingStage, questions: Sequence[Any], ids: NDArray[np.int64], structures: Structures
) -> Sequence[Sequence[int]]:
    """The stage's answers to its questions."""
    return stage.matches(questions, ids, structures)
