"""What a stage has found: values of quantities, and which of them stands for its quantity."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from crystal_studio.candidates.quantities import LABEL
from crystal_studio.candidates.registry import quantities
from crystal_studio.candidates.verdicts import Finding
from crystal_studio.project import checksums, names, reading
from crystal_studio.project.names import LEARNED, Names
from crystal_studio.project.schema import HEADLINE, PREDICTED
from crystal_studio.project.values import finite

_INSERT = "INSERT INTO quantities VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_REPLACE = "INSERT OR REPLACE INTO quantities VALUES (?, ?, ?, ?, ?, ?, ?, ?)"


def put(
    connection: sqlite3.Connection, known: Names, ids: Sequence[int], findings: Sequence[Finding], again: set[int]
) -> None:
    """Store what a stage found of a batch; ``again`` are those that it has judged before, whose values it replaces."""
    stored = [f for f in findings if not _is_column(f.quantity)]
    if not stored:
        return
    numbers = {f.quantity: names.add_quantity(connection, known, f.quantity, *names.kind_of(f)) for f in stored}
    ways = {f.method.name: names.add_method(connection, known, f.method) for f in stored}
    marked = {mark(known, m) for m in ways.values()}
    present = _present(connection, ids, set(numbers.values()), {m for m in known.methods if mark(known, m) in marked})
    changed: dict[tuple[int, int, int], tuple[float | None, str | None, float | None]] = {}
    gone: set[tuple[int, int, int]] = set()
    for finding in stored:
        quantity, method = numbers[finding.quantity], ways[finding.method.name]
        spread = _finite(len(ids), finding.uncertainty)
        if known.quantities[quantity].kind == LABEL:
            figures = _finite(len(ids), None)
            texts = [None if value is None else str(value) for value in finding.values]
        else:
            figures, texts = _finite(len(ids), finding.values), [None] * len(ids)
        for i, figure, text, deviation in zip(ids, figures, texts, spread, strict=True):
            if figure is not None or text is not None:
                changed[i, quantity, method] = (figure, text, deviation)
            elif i in again and (i, quantity, method) in present:
                gone.add((i, quantity, method))
    _write_quantities(connection, known, present, changed, gone)


def _is_column(quantity: str) -> bool:
    """Whether a quantity is part of the candidate's own row, which follows its geometry."""
    known = quantities().get(quantity)
    return known is not None and known.stored == "column"


def _finite(length: int, column: Any) -> list[float | None]:
    """A column of numbers as the file holds them; ``finite`` of each, at once where they are an array of numbers."""
    if column is None:
        return [None] * length
    if isinstance(column, np.ndarray) and column.dtype.kind in "fiub":
        numbers = column.astype(np.float64) + 0.0
        return [v if good else None for v, good in zip(numbers.tolist(), np.isfinite(numbers).tolist(), strict=True)]
    return [finite(value) for value in column]


def _present(
    connection: sqlite3.Connection, ids: Sequence[int], numbers: Iterable[int], ways: Iterable[int]
) -> dict[tuple, tuple]:
    """What is stored already of these quantities by these methods: by (candidate, quantity, method) the columns."""
    found = connection.execute(
        f"SELECT candidate, quantity, method, value, label, uncertainty, headline FROM quantities "
        f"WHERE candidate {reading.AMONG} AND +quantity {reading.AMONG} AND +method {reading.AMONG}",
        (json.dumps(ids), json.dumps(sorted(numbers)), json.dumps(sorted(ways))),
    )
    return {row[:3]: row[3:] for row in found}


def _write_quantities(
    connection: sqlite3.Connection,
    known: Names,
    present: Mapping[tuple, tuple],
    changed: Mapping[tuple[int, int, int], tuple[float | None, str | None, float | None]],
    gone: set[tuple[int, int, int]],
) -> None:
    """Write values and move the headline of each quantity to where it now belongs."""
    if not present and _one_a_mark(known, {key[1:] for key in changed}):
        marks = {m: mark(known, m) for m in known.methods}
        fresh = [(*key, *value, marks[key[2]]) for key, value in changed.items()]
        connection.executemany(_INSERT, checksums.quantities(fresh))
        return
    slots: dict[tuple[int, int, int], list[tuple[int, int, int]]] = {}
    for key in (*(k for k in present if k not in gone), *(k for k in changed if k not in present)):
        slots.setdefault((key[0], key[1], mark(known, key[2])), []).append(key)
    lines = []
    for (_, _, slot), keys in slots.items():
        best = min(known.rank(key[2]) for key in keys)
        holders = [k for k in keys if known.rank(k[2]) == best]
        # Of equals the one that holds it already, else the first: keys stand in the order of their recording.
        holder = next((k for k in holders if k in present and present[k][3]), holders[0])
        for key in keys:
            headline = slot if key == holder else None
            value = changed.get(key) or (present[key][:3] if key in present else None)
            if value is not None and (key in changed or present[key][3] != headline):
                line = (*key, *value, headline)
                lines.append((*line, checksums.quantity(*line)))
    if gone:
        connection.executemany("DELETE FROM quantities WHERE candidate=? AND quantity=? AND method=?", sorted(gone))
    connection.executemany(_REPLACE, lines)


def _one_a_mark(known: Names, found: Collection[tuple[int, int]]) -> bool:
    """Whether of no quantity two methods contend for the same mark; ``found`` are pairs of quantity and method."""
    return len({(quantity, mark(known, method)) for quantity, method in found}) == len(found)


def mark(known: Names, method: int) -> int:
    """Which of the two marks the best value of a method's kind gets: a learned one never is the headline."""
    return PREDICTED if known.methods[method].kind == LEARNED else HEADLINE
