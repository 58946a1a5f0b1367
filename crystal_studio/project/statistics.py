"""Numbers about many candidates, counted by the database: no column is read as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Float, Integer, and_, case, cast, func, or_, select

from crystal_studio.project import filters
from crystal_studio.project.filters import parse
from crystal_studio.project.schema import candidates

if TYPE_CHECKING:
    from crystal_studio.project.queries import ProjectReader


def histogram(
    reader: ProjectReader, name: str, low: float, high: float, bins: int, where: str = ""
) -> tuple[NDArray[np.int64], int]:
    """Candidates in ``bins`` equal bins of a column from ``low`` to ``high`` (both included), and how many lie beyond.

    Candidates without a value are not counted.
    """
    value = filters.column(name)
    place = case(
        (or_(value < low, value > high), -1),
        else_=func.min(cast((cast(value, Float) - low) * (bins / (high - low)), Integer), bins - 1),
    )
    statement = select(place, func.count()).where(parse(where), value.is_not(None)).group_by(place)
    counts, beyond = np.zeros(bins, np.int64), 0
    for at, number in reader.select(statement):
        if at < 0:
            beyond = number
        else:
            counts[at] = number
    return counts, beyond


def counts(reader: ProjectReader, name: str, where: str = "") -> dict[Any, int]:
    """How many candidates have each value of a column, the most frequent first."""
    value, number = filters.column(name), func.count()
    statement = select(value, number).where(parse(where), value.is_not(None)).group_by(value).order_by(number.desc())
    return {row[0]: row[1] for row in reader.select(statement)}


def newest(reader: ProjectReader, number: int, where: str = "") -> list[int]:
    """Ids of the candidates that came last, the latest first."""
    statement = select(candidates.c.id).where(parse(where)).order_by(candidates.c.id.desc()).limit(number)
    return [row[0] for row in reader.select(statement)]


def points(
    reader: ProjectReader, x: str, y: str, limit: int, where: str = ""
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64], list[str], int]:
    """Two columns against each other where both are known: x, y (n,), ids (n,), formulas, and how many there are.

    More than ``limit`` are thinned evenly by id, the same at every call.
    """
    across, up = filters.column(x), filters.column(y)
    known = and_(parse(where), across.is_not(None), up.is_not(None))
    total = int(reader.select(select(func.count()).select_from(candidates).where(known))[0][0])
    step = -(-total // limit) if total else 1
    numbered = (
        select(
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
