"""A share of a sample, with the interval that tells how much to trust it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Share:
    """``count`` out of ``total``."""

    count: int
    total: int

    @property
    def value(self) -> float:
        """0 to 1; 0 of nothing."""
        return self.count / self.total if self.total else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """With 95% confidence."""
        return wilson(self.count, self.total)

    @property
    def text(self) -> str:
        """Such as "12 of 256, 4.7% (2.7 to 8.0%)"."""
        low, high = (100 * bound for bound in self.interval)
        return f"{self.count} of {self.total}, {100 * self.value:.1f}% ({low:.1f} to {high:.1f}%)"


def wilson(count: int, total: int, z: float = 1.959964) -> tuple[float, float]:
    """95% interval of a share (Wilson, J. Am. Stat. Assoc. 22, 209 (1927))."""
    if not total:
        return 0.0, 1.0
    share = count / total
    scale = 1 + z * z / total
    middle = (share + z * z / (2 * total)) / scale
    half = z / scale * (share * (1 - share) / total + z * z / (4 * total**2)) ** 0.5
    return max(0.0, middle - half), min(1.0, middle + half)
