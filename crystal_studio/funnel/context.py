"""What the stages of one campaign share: the potential, the limits, and the candidates seen before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import Structures
from crystal_studio.data.fingerprints import fingerprints


@dataclass(frozen=True)
class Seen:
    """One earlier candidate: its id, fingerprint, and its atoms as a batch of one."""

    id: int
    fingerprint: NDArray[np.float32]
    structure: Structures


class SeenBefore:
    """The candidates of a project that passed the uniqueness stage, by formula and space group."""

    def __init__(self) -> None:
        self._by_key: dict[tuple[str, int], list[Seen]] = defaultdict(list)

    def add(self, formula: str, group: int, seen: Seen) -> None:
        """Remember one candidate."""
        self._by_key[formula, group].append(seen)

    def like(self, formula: str, group: int) -> Sequence[Seen]:
        """Earlier candidates of that formula and space group, in the order in which they came."""
        return self._by_key.get((formula, group), ())

    def __len__(self) -> int:
        return sum(map(len, self._by_key.values()))


@dataclass
class FunnelContext:
    """Handed to every stage call; picklable, so that worker processes get their own.

    ``potential`` and ``device`` name what relaxes; ``seen`` grows as the
    uniqueness stage lets candidates pass. Before a campaign goes on, fill it
    with ``remember``.
    """

    potential: str = "chgnet"
    device: str = "cpu"
    seen: SeenBefore = field(default_factory=SeenBefore)

    def remember(self, ids: NDArray, space_groups: NDArray, structures: Structures) -> None:
        """Tell the uniqueness stage of candidates that passed it before: ids (B,), requested groups (B,)."""
        from crystal_studio.crystal.composition import formulas

        vectors = fingerprints(structures)
        for i, formula in enumerate(formulas(structures)):
            seen = Seen(int(ids[i]), vectors[i], structures.take(np.array([i])))
            self.seen.add(formula, int(space_groups[i]), seen)

    def for_worker(self) -> FunnelContext:
        """The same without the memory of earlier candidates, light enough to send to a worker process."""
        return FunnelContext(self.potential, self.device)
