"""Second order from the estimate of the step before (DPM-Solver++ 2M, Lu et al. 2022, algorithm 2)."""

from __future__ import annotations

from torch import Tensor


class Multistep:
    """Remembers one estimate; for steps without noise."""

    def __init__(self) -> None:
        self._before: tuple[Tensor, float] | None = None

    def aim(self, clean: Tensor, log_step: float, last: bool) -> Tensor:
        """The estimate of the clean values to step towards; the last step goes to the estimate itself."""
        aim = clean
        if self._before is not None and not last:
            aim = clean + 0.5 * log_step / self._before[1] * (clean - self._before[0])
        self._before = (clean, log_step)
        return aim
