"""Which candidates are worth the next, costly step: those that are good and surely so; and what that choice costs.

Judged on candidates whose final answer is known: how many of the stable ones a rule keeps and loses, and how many
costly steps it saves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from crystal_studio.analysis.protocol import Analysis, Column
from crystal_studio.candidates.share import Share


@dataclass(frozen=True)
class Rule:
    """Keeps what is good and surely so; what nothing is known of is kept as well, since nothing speaks against it.

    limit : eV/atom above the hull, the most that is kept
    spread : eV/atom, the largest uncertainty that is kept; None: any
    sigmas : so many uncertainties are added to the energy before it is compared; negative ones give the benefit of
        the doubt
    """

    limit: float
    spread: float | None = None
    sigmas: float = 0.0

    def keeps(self, value: NDArray, spread: NDArray) -> NDArray[np.bool_]:
        """(n,) of energies above hull and their uncertainties (n,) eV/atom, NaN where there is none."""
        doubt = np.where(np.isfinite(spread), spread, 0.0)
        good = value + self.sigmas * doubt <= self.limit
        sure = np.ones(len(value), bool) if self.spread is None else ~(spread > self.spread)
        return np.asarray(~np.isfinite(value) | (good & sure))


@dataclass(frozen=True)
class Evidence:
    """What was known before and what came out of n candidates: ``value`` and ``spread`` of the energy above hull
    (eV/atom, NaN where there was none), and ``final`` (eV/atom), which is always known."""

    value: NDArray[np.float64]
    spread: NDArray[np.float64]
    final: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.final)


@dataclass(frozen=True)
class Outcome:
    """What a rule does.

    kept : stable candidates that it keeps, of all stable ones
    saved : candidates that it does not keep, of all: so many costly steps are not taken
    among_kept : stable candidates among those that it keeps; to be compared with ``before``, among all
    """

    rule: Rule
    kept: Share
    saved: Share
    among_kept: Share
    before: Share

    @property
    def lost(self) -> Share:
        """Stable candidates that it does not keep, of all stable ones."""
        return Share(self.kept.total - self.kept.count, self.kept.total)


def outcome(rule: Rule, evidence: Evidence, cutoff: float) -> Outcome:
    """Stable: at most ``cutoff`` eV/atom above the hull in the end."""
    keep, stable = rule.keeps(evidence.value, evidence.spread), evidence.final <= cutoff
    both, n = int((keep & stable).sum()), len(evidence)
    kept = int(keep.sum())
    return Outcome(
        rule, Share(both, int(stable.sum())), Share(n - kept, n), Share(both, kept), Share(int(stable.sum()), n)
    )


def curve(rule: Rule, evidence: Evidence, cutoff: float, limits: Sequence[float]) -> list[Outcome]:
    """The same rule at several limits."""
    return [outcome(replace(rule, limit=float(limit)), evidence, cutoff) for limit in limits]


def table(outcomes: Sequence[Outcome]) -> Analysis:
    """A row a limit, shares with their 95% intervals as fractions."""
    columns = {"limit": Column("Limit", "eV/atom", ".3f")}
    values: dict[str, list[float]] = {"limit": [one.rule.limit for one in outcomes]}
    titles = {"kept": "Stable ones kept", "saved": "Saved", "among_kept": "Stable among kept"}
    for name, title in titles.items():
        shares = [getattr(one, name) for one in outcomes]
        parts = {
            "": [share.value for share in shares],
            "_low": [share.interval[0] for share in shares],
            "_high": [share.interval[1] for share in shares],
        }
        for part, column in parts.items():
            columns[name + part] = Column(f"{title}{part.replace('_', ', ')}", "", ".4f")
            values[name + part] = column
    return Analysis("Triage", columns, values)
