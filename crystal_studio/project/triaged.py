"""What a triage leaves to be known: rates of the model by the share that a lot took, and the yield of those that were
chosen. Of candidates that it turned away nobody knows what they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, and_

from crystal_studio.candidates.quantities import Method
from crystal_studio.candidates.share import Share
from crystal_studio.project.accounting import CUTOFF, Accounting, accounts
from crystal_studio.project.filters import parse
from crystal_studio.project.statistics import Where, condition

if TYPE_CHECKING:
    from crystal_studio.project.queries import ProjectReader


@dataclass(frozen=True)
class Estimate:
    """A share of all: of those that came as far as the lot, ``reached``, it is known of a ``sample``."""

    sample: Share
    reached: Share

    @property
    def value(self) -> float:
        """0 to 1, of everything that was generated."""
        return self.sample.value * self.reached.value

    @property
    def interval(self) -> tuple[float, float]:
        """With 95% confidence; how many reached the lot is known exactly."""
        low, high = self.sample.interval
        return low * self.reached.value, high * self.reached.value

    @property
    def text(self) -> str:
        """Such as "12.1% (8.4 to 17.2%), by 189 taken at random"."""
        low, high = (100 * bound for bound in self.interval)
        return f"{100 * self.value:.1f}% ({low:.1f} to {high:.1f}%), by {self.sample.total:,} taken at random"


@dataclass(frozen=True)
class Triaged:
    """What one voice says: ``drawn`` of the random share, ``best`` of those that were chosen for their rank;
    ``reached`` are those of all candidates that came to the triage."""

    drawn: Accounting
    best: Accounting
    reached: Share

    @property
    def model(self) -> Estimate:
        """S.U.N. rate of the model: of everything that it generates."""
        return Estimate(self.drawn.sun, self.reached)

    @property
    def text(self) -> str:
        """Both rates in a sentence, the second only where someone was chosen."""
        chosen = f"; of those chosen {self.best.sun.text}" if self.best.sun.total else ""
        return f"S.U.N. of the model {self.model.text}{chosen}"


def triaged(reader: ProjectReader, asked: Sequence[Method], where: Where = "", cutoff: float = CUTOFF) -> list[Triaged]:
    """By each of ``asked`` (see ``accounting.voices``) among the candidates that match; none where no lot was drawn."""
    among = condition(where)

    def those(flag: str) -> ColumnElement[bool]:
        return and_(among, parse(flag))

    reached = Share(reader.count(those("random_share is not None")), reader.count(among))
    if not reached.count or not reader.count(those("random_share == True")):
        return []
    drawn = accounts(reader, asked, those("random_share == True"), cutoff)
    best = accounts(reader, asked, those("among_best == True"), cutoff)
    return [Triaged(d, b, reached) for d, b in zip(drawn, best, strict=True)]
