"""What a worker process is asked to do: make one chunk, give one stage's verdicts on one batch, or compare for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.candidates.batch import Candidates
from crystal_studio.candidates.verdicts import Verdicts
from crystal_studio.crystal.batches import Structures
from crystal_studio.design.request import DesignRequest
from crystal_studio.errors import ModelError
from crystal_studio.execution import worker_state
from crystal_studio.funnel import run_stage
from crystal_studio.funnel.protocol import Batch, RememberingStage, Stage
from crystal_studio.generators.protocol import Generator


@dataclass(frozen=True)
class GeneratorMaker:
    """Loads the generator of a campaign in a worker process; raises ``ModelError`` where its weights are others.

    load : by the model's name and the device
    """

    model: str
    device: str
    sha256: str
    load: Callable[[str, str], Generator] = field(compare=False)

    def __call__(self) -> Generator:
        generator = self.load(self.model, self.device)
        if generator.card.sha256 != self.sha256:
            raise ModelError(
                f"The weights of {self.model} in a worker are not those of the campaign: install the same model "
                "wherever workers run."
            )
        return generator


@dataclass(frozen=True)
class Order:
    """What is to be sampled: chunks of ``size`` candidates of a request by a generator."""

    maker: GeneratorMaker
    request: DesignRequest
    size: int


def make_chunk(order: Order, chunk: int) -> Candidates:
    """One chunk; the generator is loaded once in each worker process."""
    generator = worker_state.once(order.maker, order.maker)
    generator.chunk_size = order.size

    def progress(done: int, total: int) -> None:
        worker_state.tell(done / total if total else 0.0)

    made = generator.sample(order.request, chunk, progress=progress)
    wanted = min(order.size, order.request.count - chunk * order.size)
    if len(made) != wanted:
        raise RuntimeError(f"chunk {chunk} holds {len(made)} candidates instead of {wanted}")
    return made


def judge_batch(stage: Stage, batch: Batch, make_context: Callable[[], Any]) -> Verdicts:
    """The stage's verdicts; ``make_context`` (hashable) is called once in each worker process."""
    return run_stage.run(stage, batch, worker_state.once(make_context, make_context))


def keys(stage: RememberingStage, candidates: Candidates) -> NDArray:
    """What the stage keeps of candidates, a row each."""
    return stage.keys(candidates)


def matches(
    stage: RememberingStage, questions: Sequence[Any], ids: NDArray[np.int64], structures: Structures
) -> Sequence[int | None]:
    """The stage's answers to its questions."""
    return stage.matches(questions, ids, structures)
