"""Whole columns: ids in an order, values by name, what is known of a batch."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, Float, Select, Text, func, select
from sqlalchemy.sql.elements import True_

from crystal_studio.candidates.quantities import LABEL
from crystal_studio.project import names, reading
from crystal_studio.project.schema import HEADLINE, candidates, quantities
from crystal_studio.project.terms import Term

_COUNT = select(func.count()).select_from(candidates)


def ids(
    opened: Connection,
    condition: ColumnElement[bool],
    key: ColumnElement[Any] | Term,
    descending: bool,
    limit: int | None = None,
) -> NDArray[np.int64]:
    """Ids of the candidates that match, by a key; those that lack it last, equals by id."""
    if isinstance(key, Term) and not key.method and not key.spread and key.quantity.kind != LABEL:
        return _by_index(opened, condition, key, descending)[:limit]
    statement = _ordered(select(candidates.c.id).where(condition), key, descending).limit(limit)
    return _integers(opened, statement)


def _by_index(opened: Connection, condition: ColumnElement[bool], key: Term, descending: bool) -> NDArray[np.int64]:
    """The index of values alone is read, in the order of candidates, and sorted here; the rest comes behind it."""
    rows = _fetch(opened, key.rows(quantities.c.candidate, key.column))
    owners = np.fromiter((row[0] for row in rows), np.int64, len(rows))
    values = np.fromiter((row[1] for row in rows), np.float64, len(rows))
    ordered = owners[np.lexsort((owners, -values if descending else values))]
    if isinstance(condition, True_) and len(ordered) == opened.execute(_COUNT).scalar_one():
        return ordered
    matching = _integers(opened, select(candidates.c.id).where(condition).order_by(candidates.c.id))
    top = max(ordered.max(initial=0), matching.max(initial=0)) + 1
    wanted = np.zeros(top, bool)
    wanted[matching] = True
    front = ordered[wanted[ordered]]
    wanted[front] = False
    return np.concatenate([front, np.flatnonzero(wanted)]).astype(np.int64)


def _ordered(statement: Select, key: ColumnElement[Any] | Term, descending: bool) -> Select:
    column = key.value() if isinstance(key, Term) else key
    if column is candidates.c.id:
        return statement.order_by(column.desc() if descending else column)
    return statement.order_by((column.desc() if descending else column.asc()).nulls_last(), candidates.c.id)


def _integers(opened: Connection, statement: Select) -> NDArray[np.int64]:
    rows = _fetch(opened, statement)
    return np.fromiter(chain.from_iterable(rows), np.int64, len(rows))


def _fetch(opened: Connection, statement: Select) -> list[tuple[Any, ...]]:
    """Plain tuples from the driver: nothing here needs more, and they come in half the time."""
    result = opened.execute(statement)
    assert result.cursor is not None
    with result:
        return list(result.cursor.fetchall())


def read(
    opened: Connection, wanted: Mapping[str, ColumnElement[Any] | Term], condition: ColumnElement[bool]
) -> dict[str, NDArray]:
    """Columns by name of the candidates that match, rows by id."""
    own = {name: key for name, key in wanted.items() if not isinstance(key, Term)}
    statement = select(candidates.c.id, *own.values()).where(condition).order_by(candidates.c.id)
    rows = _fetch(opened, statement)
    index = np.fromiter((row[0] for row in rows), np.int64, len(rows))
    found = {name: _array(key, [row[k] for row in rows]) for k, (name, key) in enumerate(own.items(), 1)}
    for name, key in wanted.items():
        if isinstance(key, Term):
            found[name] = _values(opened, key, index)
    return {name: found[name] for name in wanted}


def _values(opened: Connection, key: Term, index: NDArray[np.int64]) -> NDArray:
    """One quantity of the candidates ``index`` (sorted), as the index of values gives it."""
    statement = key.rows(quantities.c.candidate, key.column)
    rows = _fetch(opened, statement)
    text = isinstance(key.type, Text)
    out: NDArray = np.full(len(index), None, object) if text else np.full(len(index), np.nan)
    if not rows or not len(index):
        return out
    owners = np.fromiter((row[0] for row in rows), np.int64, len(rows))
    place = np.minimum(np.searchsorted(index, owners), len(index) - 1)
    here = index[place] == owners
    if text:
        values = np.empty(len(rows), object)
        values[:] = [row[1] for row in rows]
    else:
        values = np.array([row[1] for row in rows], np.float64)
    out[place[here]] = values[here]
    return out


def _array(column: ColumnElement[Any], values: Sequence[Any]) -> NDArray:
    if isinstance(column.type, Text):
        out = np.empty(len(values), object)
        out[:] = values
        return out
    if isinstance(column.type, Float) or candidates.c[str(column.key)].nullable:
        return np.array(values, np.float64)
    return np.array(values, np.int64)


def found(db: sqlite3.Connection, path: Path, wanted: Sequence[int]) -> dict[str, NDArray]:
    """Headline values, values by method and notes of candidates; see ``ProjectReader.found``."""
    known = names.read(db, path)
    place = {i: k for k, i in enumerate(wanted)}
    lists: dict[str, list[Any]] = {}
    labels: set[str] = set()

    def put(name: str, i: int, value: Any) -> None:
        lists.setdefault(name, [None] * len(wanted))[place[i]] = value

    for _, row in reading.raw_verdicts(db, path, wanted):
        for name, value in json.loads(row[6] or "{}").items():
            put(name, row[0], value)
    rest = f"WHERE candidate {reading.AMONG}"
    for i, quantity, method, value, label, _, headline, _ in reading.raw_quantities(
        db, path, known, rest, [json.dumps(list(wanted))]
    ):
        told = known.quantities[quantity]
        one = label if told.kind == LABEL else value
        for name in (f"{told.name}@{known.methods[method].name}", *([told.name] if headline == HEADLINE else ())):
            put(name, i, one)
            if told.kind == LABEL:
                labels.add(name)
    return {name: _mixed(column, name in labels) for name, column in sorted(lists.items())}


def _mixed(column: Sequence[Any], label: bool) -> NDArray:
    """Numbers become float64 with NaN where there is none, anything else stays an object."""
    if not label and all(v is None or (isinstance(v, int | float) and not isinstance(v, bool)) for v in column):
        return np.array([np.nan if v is None else v for v in column], np.float64)
    out = np.empty(len(column), object)
    out[:] = column
    return out
