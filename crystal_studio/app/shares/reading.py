"""What the table of shares shows, counted by the database off the GUI thread; no Qt here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crystal_studio.project.accounting import Accounting
    from crystal_studio.project.queries import ProjectReader
    from crystal_studio.project.statistics import Where
    from crystal_studio.project.triaged import Triaged

KINDS = {
    "stable": ("Stable", "Energy above hull at most the cutoff; crystals of one element are left out"),
    "stable_novel": ("Stable, novel", "Stable, and missing among the known structures"),
    "sun": ("S.U.N.", "Stable, unique (no earlier candidate is the same crystal) and novel"),
}
"""Fields of ``Accounting``: heading, and what it means."""

SCALES = (0.05, 0.1, 0.25, 0.5, 1.0)
"""Shares at which the bars of a table may end."""


@dataclass(frozen=True)
class Line:
    """Shares by one voice: its ``title`` for narrow places and its ``name`` in full; ``triage`` where one has chosen
    whom to relax."""

    title: str
    name: str
    shares: Accounting
    triage: Triaged | None = None


@dataclass(frozen=True)
class Found:
    """``total`` candidates were looked at; ``lines`` is empty where nobody knows an energy above hull."""

    lines: tuple[Line, ...]
    total: int
    cutoff: float

    @property
    def rates(self) -> str:
        """Where a triage has chosen: the rate of the model and that of the chosen, by the first voice; else ""."""
        triage = self.lines[0].triage if self.lines else None
        return f"{triage.text}." if triage else ""

    @property
    def scale(self) -> float:
        """The share at which bars end: the least of ``SCALES`` that holds every interval."""
        highest = [getattr(line.shares, kind).interval[1] for line in self.lines for kind in KINDS]
        return next((scale for scale in SCALES if scale >= max(highest, default=0.0)), 1.0)


def in_campaign(campaign: int) -> Callable[[ProjectReader], Where]:
    """What a campaign has made, or of a judging what it judges."""

    def where(reader: ProjectReader) -> Where:
        from crystal_studio.project.statistics import of_campaign

        return of_campaign(reader.campaign(campaign))

    return where


def read(reader: ProjectReader, where: Callable[[ProjectReader], Where], cutoff: float) -> Found:
    """Count among the candidates that ``where(reader)`` says."""
    from crystal_studio.project import accounting
    from crystal_studio.project.triaged import triaged

    among = where(reader)
    asked = accounting.voices(reader, among)
    after: Sequence[Triaged | None] = triaged(reader, asked, among, cutoff) or [None] * len(asked)
    lines = tuple(
        Line(_short(m.name, m.title), m.title or m.name, shares, triage)
        for m, shares, triage in zip(asked, accounting.accounts(reader, asked, among, cutoff), after, strict=True)
    )
    return Found(lines, reader.count(among), cutoff)


def _short(name: str, title: str) -> str:
    """What stands in brackets behind a potential's name, and what the consensus is of, is too long for a cell."""
    from crystal_studio.project.accounting import CONSENSUS

    return "Consensus" if name == CONSENSUS else (title or name).split(" (")[0]
