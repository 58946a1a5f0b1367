"""Time that a training may take, counted over all its runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass
class Budget:
    """``minutes`` to spend, of which ``seconds`` are spent, as ``clock`` (in seconds) tells them."""

    minutes: float
    seconds: float = 0.0
    clock: Callable[[], float] = time.monotonic

    @contextmanager
    def spending(self) -> Iterator[None]:
        """What happens inside the block is counted."""
        before = self.clock()
        try:
            yield
        finally:
            self.seconds += self.clock() - before

    @property
    def share(self) -> float:
        """What part is spent; more than 1 once all is."""
        return self.seconds / max(self.minutes * 60, 1e-9)

    @property
    def over(self) -> bool:
        """Whether all is spent."""
        return self.seconds > self.minutes * 60
