"""What the stages of one campaign share: the potential, where it computes, and what each of them remembers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.funnel.protocol import Memory, RememberingStage

if TYPE_CHECKING:
    from crystal_studio.candidates.batch import Candidates
    from crystal_studio.data.hull import ReferenceHull


@dataclass
class FunnelContext:
    """Handed to every stage call; picklable, so that worker processes get their own.

    potential : name of the potential that relaxes and whose hull is asked
    device : where it computes, as torch writes it ("cpu", "cuda:1", "mps")
    references : files of the user's reference sets, named as ``data.reference_sets.checksums`` does
    memories : what each stage that remembers knows of earlier candidates, by the stage's name

    Before a campaign goes on, every stage that remembers is told of earlier candidates; of which ones,
    ``remembering.remembered`` says. Where workers compare, the memory is told of formulas (``Memory.tell``); where the
    stage is called as a function, of structures, with ``remember``.
    """

    potential: str = "chgnet"
    device: str = "cpu"
    references: tuple[str, ...] = ()
    memories: dict[str, Memory] = field(default_factory=dict)

    def memory(self, stage: RememberingStage) -> Any:
        """The memory of a stage, a new one at first."""
        if stage.name not in self.memories:
            self.memories[stage.name] = stage.memory()
        return self.memories[stage.name]

    def remember(self, stage: RememberingStage, ids: NDArray[np.int64], candidates: Candidates) -> None:
        """Tell a stage of earlier candidates: ids (B,), their structures in the geometry in which it judges."""
        self.memory(stage).add(np.asarray(ids, np.int64), candidates)

    def for_worker(self) -> FunnelContext:
        """The same without any memory, light enough to send to a worker process."""
        return FunnelContext(self.potential, self.device, self.references)


def hull_of(key: str, context: FunnelContext) -> ReferenceHull:
    """The reference hull by the potential with that key, with the phases of the user's sets by the same potential.

    Raises ``KnownError`` with the remedy where there is none.
    """
    # Stages are imported for their titles and reasons too, which are read without any reference.
    from crystal_studio.data import reference_sets
    from crystal_studio.data.hull import ReferenceHull

    return ReferenceHull.joined(key, reference_sets.hull_files(context.references, key))
