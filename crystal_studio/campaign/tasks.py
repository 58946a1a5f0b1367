"""What a worker process is asked to do: one stage's verdicts on one batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from crystal_studio.candidates.verdicts import Verdicts
from crystal_studio.execution.worker_state import once
from crystal_studio.funnel import run_stage
from crystal_studio.funnel.protocol import Batch, Stage


def judge_batch(stage: Stage, batch: Batch, make_context: Callable[[], Any]) -> Verdicts:
    """The stage's verdicts; ``make_context`` (hashable) is called once in each worker process."""
    return run_stage.run(stage, batch, once(make_context, make_context))
