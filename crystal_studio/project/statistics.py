"""Numbers about many candidates, counted by the database: no column is read as a whole."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Float, Integer, Select, and_, case, cast, func, or_, select
from sqlalchemy.sql.elements import True_

from crystal_studio.project import terms
from crystal_studio.project.filters import Where, parse
from crystal_studio.project.schema import candidates, quantities
from crystal_studio.project.terms import Term

if TYPE_CHECKING:
    from crystal_studio.project.queries import ProjectReader
    from crystal_studio.project.rows import CampaignRow


def of_campaign(campaign: CampaignRow) -> ColumnElement[bool]:
    """The candidates of a campaign; of a judging those that it judges, whatever campaign made them."""
    if campaign.kind != "judge":
        return candidates.c.campaign_id == campaign.id
    return with_ids(campaign.request["ids"])


def with_ids(ids: Iterable[int]) -> ColumnElement[bool]:
    """The candidates named, however many."""
    listed = func.json_each(json.dumps([int(i) for i in ids])).table_valued("value")
    return candidates.c.id.in_(select(listed.c.value))


def in_system(reader: ProjectReader, symbols: Collection[str]) -> ColumnElement[bool]:
    """The candidates that hold no other than these elements."""
    allowed = set(symbols)
    found = [system for system in counts(reader, "chemsys") if set(system.split("-")) <= allowed]
    listed = func.json_each(json.dumps(found)).table_valued("value")
    return candidates.c.chemsys.in_(select(listed.c.value))


def histogram(
    reader: ProjectReader, name: str, low: float, high: float, bins: int, where: Where = ""
) -> tuple[NDArray[np.int64], int]:
    """Candidates in ``bins`` equal bins of a column from ``low`` to ``high`` (both included), and how many lie beyond.

    Candidates without a value are not counted.
    """
    value = _value(name)
    place = case(
        (or_(value < low, value > high), -1),
        else_=func.min(cast((cast(value, Float) - low) * (bins / (high - low)), Integer), bins - 1),
    )
    statement = _among(name, where, place, func.count()).where(value.is_not(None)).group_by(place)
    counts, beyond = np.zeros(bins, np.int64), 0
    for at, number in reader.select(statement):
        if at < 0:
            beyond = number
        else:
            counts[at] = number
    return counts, beyond


def counts(reader: ProjectReader, name: str, where: Where = "") -> dict[Any, int]:
    """How many candidates have each value of a column, the most frequent first."""
    value, number = _value(name), func.count()
    statement = _among(name, where, value, number).where(value.is_not(None)).group_by(value)
    statement = statement.order_by(number.desc())
    return {row[0]: row[1] for row in reader.select(statement)}


def newest(reader: ProjectReader, number: int, where: Where = "") -> list[int]:
    """Ids of the candidates that came last, the latest first."""
    statement = select(candidates.c.id).where(condition(where)).order_by(candidates.c.id.desc()).limit(number)
    return [row[0] for row in reader.select(statement)]


def points(
    reader: ProjectReader, x: str, y: str, limit: int, where: Where = ""
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64], list[str], int]:
    """Two columns against each other where both are known: x, y (n,), ids (n,), formulas, and how many there are.

    More than ``limit`` are thinned evenly by id, the same at every call.
    """
    across, up = _value(x), terms.expression(y)
    known = and_(condition(where), across.is_not(None), up.is_not(None))
    total = int(reader.select(_having(x, func.count()).where(known))[0][0])
    step = -(-total // limit) if total else 1
    numbered = (
        _having(
            x,
            candidates.c.id,
            across.label("across"),
            up.label("up"),
            candidates.c.formula,
            func.row_number().over(order_by=candidates.c.id).label("place"),
        )
        .where(known)
        .subquery()
    )
    statement = select(numbered.c.id, numbered.c.across, numbered.c.up, numbered.c.formula)
    if step > 1:
        statement = statement.where((numbered.c.place - 1) % step == 0)
    rows = reader.select(statement.order_by(numbered.c.id))
    return (
        np.array([row[1] for row in rows], np.float64),
        np.array([row[2] for row in rows], np.float64),
        np.array([row[0] for row in rows], np.int64),
        [row[3] for row in rows],
        total,
    )


def condition(where: Where) -> ColumnElement[bool]:
    """What a filter says, as SQL."""
    return parse(where) if isinstance(where, str) else where


def _value(name: str) -> ColumnElement[Any]:
    """The column that holds a name's values, in the statement that ``_having`` begins for it."""
    found = terms.find(name)
    return found.column if isinstance(found, Term) else found


def _among(name: str, where: Where, *columns: ColumnElement[Any]) -> Select:
    """A statement over the values of a name of the candidates that match, which reads no more of them than it must."""
    among, found = condition(where), terms.find(name)
    if not isinstance(found, Term):
        return select(*columns).where(among)
    statement = found.rows(*columns)
    if isinstance(among, True_):
        return statement
    return statement.where(quantities.c.candidate.in_(select(candidates.c.id).where(among)))


def _having(name: str, *columns: ColumnElement[Any]) -> Select:
    """A statement over the candidates that have a value of a name: the values of a quantity lead to its candidates."""
    found = terms.find(name)
    if isinstance(found, Term):
        return found.rows(*columns).join(candidates, candidates.c.id == quantities.c.candidate)
    return select(*columns).select_from(candidates)
