"""How many candidates are stable, unique and novel, counted by the database.

Stable: energy above hull at most the cutoff, by one potential or by the agreement of all that were asked. Unique:
passed the uniqueness stage without a mark. Novel: found so by the novelty stage. Shares are of everything that was
generated; crystals of one element are in none of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, and_, func, or_, select

from crystal_studio.candidates.quantities import METHOD_KINDS, Method
from crystal_studio.candidates.share import Share
from crystal_studio.project.filters import parse
from crystal_studio.project.schema import candidates, quantities, verdicts
from crystal_studio.project.statistics import Where, condition
from crystal_studio.project.terms import Term, expression, find

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


def voices(reader: ProjectReader, where: Where = "") -> list[Method]:
    """Who has said how far candidates that match lie above the hull, the most trusted kind first, the consensus of
    potentials last. Learned models have no voice, nor has a relaxation free of symmetry beside that which kept it: it
    tells of those crystals alone that it lowers."""
    told = [m for m in reader.methods() if m.kind != "learned" and not m.is_free]
    among = condition(where)
    found = [m for m in told if _has(reader, among, f"e_hull@{m.name!r}")]
    found.sort(key=lambda m: METHOD_KINDS.index(m.kind))
    return found + [m for m in told if m.name == CONSENSUS and _has(reader, among, f"verdicts_agree@{m.name!r}")]


def accounts(
    reader: ProjectReader, asked: Sequence[Method], where: Where = "", cutoff: float = CUTOFF
) -> list[Accounting]:
    """Count among the candidates that match, by each of ``asked`` (see ``voices``), all at the same moment.

    The consensus is that of the potentials in ``asked``.
    """
    among = condition(where)
    potentials = [m.name for m in asked if m.kind == "potential" and m.name != CONSENSUS]
    return _accounts(
        reader, among, [_agreed(potentials, cutoff) if m.name == CONSENSUS else _below(m.name, cutoff) for m in asked]
    )


def _accounts(
    reader: ProjectReader, among: ColumnElement[bool], stable: Sequence[ColumnElement[bool]]
) -> list[Accounting]:
    """One statement, so that no count is of a later moment than another."""
    if not stable:
        return []
    latest = select(func.max(verdicts.c.id)).where(verdicts.c.stage == "uniqueness").group_by(verdicts.c.candidate_id)
    passed = select(verdicts.c.candidate_id).where(
        verdicts.c.id.in_(latest), verdicts.c.status == "passed", verdicts.c.reason == ""
    )
    known = (
        select(
            parse("novel").label("novel"),
            candidates.c.id.in_(passed).label("single"),
            *(each.label(f"stable{i}") for i, each in enumerate(stable)),
        )
        .where(among, candidates.c.chemsys.contains("-"), parse("e_hull is not None"))
        .subquery()
    )
    counted = []
    for i in range(len(stable)):
        is_stable = known.c[f"stable{i}"]
        both = and_(is_stable, known.c.novel)
        counted += [_number(is_stable), _number(both), _number(and_(both, known.c.single))]
    total = select(func.count()).select_from(candidates).where(among).scalar_subquery()
    total, *numbers = reader.select(select(total, *counted).select_from(known))[0]
    shares = [Share(int(number or 0), int(total)) for number in numbers]
    return [Accounting(*shares[i : i + 3]) for i in range(0, len(shares), 3)]


def _number(which: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count().filter(which)


def _below(method: str, cutoff: float) -> ColumnElement[bool]:
    return expression(f"e_hull@{method!r}") <= cutoff


def _agreed(potentials: Sequence[str], cutoff: float) -> ColumnElement[bool]:
    """Asked by the consensus, and below the cutoff for every potential that has a word.

    One without a word counts as silent where the consensus found agreement, and as against the crystal (it fell apart)
    where it found none.
    """
    agree = expression("verdicts_agree")
    each = [expression(f"e_hull@{name!r}") for name in potentials]
    below = and_(*(or_(one.is_(None), one <= cutoff) for one in each))
    return and_(agree.is_not(None), below, or_(agree, and_(*(one.is_not(None) for one in each))))


def _has(reader: ProjectReader, among: ColumnElement[bool], name: str) -> bool:
    """Whether any of the candidates has such a value."""
    term = find(name)
    assert isinstance(term, Term)
    owners = select(candidates.c.id).where(among)
    statement = term.rows(quantities.c.candidate).where(term.column.is_not(None), quantities.c.candidate.in_(owners))
    return bool(reader.select(statement.limit(1)))
