"""How many candidates are stable, unique and novel, counted by the database.

Stable: energy above hull at most the cutoff, by one potential or by the agreement of all that were asked. Unique:
passed the uniqueness stage without a mark. Novel: found so by the novelty stage. Shares are of everything that was
generated; crystals of one element are in none of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, and_, func, select

from crystal_studio.candidates.share import Share
from crystal_studio.project.filters import parse
from crystal_studio.project.schema import candidates, verdicts
from crystal_studio.project.statistics import Where, condition

if TYPE_CHECKING:
    from crystal_studio.project.queries import ProjectReader

CUTOFF = 0.1
"""eV/atom above the hull, the usual bound of what may be metastable."""

CONSENSUS = "consensus"
"""Instead of a potential's name: stable where all potentials that were asked agree."""


@dataclass(frozen=True)
class Accounting:
    """Shares of all candidates: stable, stable and novel, stable and unique and novel (S.U.N.)."""

    stable: Share
    stable_novel: Share
    sun: Share


def account(reader: ProjectReader, where: Where = "", cutoff: float = CUTOFF, potential: str = "") -> Accounting:
    """Count among the candidates that match; ``potential`` names whose energy above hull decides, "" the headline."""
    among = condition(where)
    total = _count(reader, among)
    stable = and_(among, candidates.c.chemsys.contains("-"), _stable(cutoff, potential))
    novel = and_(stable, parse("novel"))
    passed = select(verdicts.c.candidate_id).where(
        verdicts.c.stage == "uniqueness", verdicts.c.status == "passed", verdicts.c.reason == ""
    )
    unique = and_(novel, candidates.c.id.in_(passed))
    return Accounting(*(Share(_count(reader, those), total) for those in (stable, novel, unique)))


def _stable(cutoff: float, potential: str) -> ColumnElement[bool]:
    if potential == CONSENSUS:
        return parse(f"e_hull <= {cutoff!r} and verdicts_agree")
    return parse(f"e_hull@{potential!r} <= {cutoff!r}" if potential else f"e_hull <= {cutoff!r}")


def _count(reader: ProjectReader, among: ColumnElement[bool]) -> int:
    return int(reader.select(select(func.count()).select_from(candidates).where(among))[0][0])
