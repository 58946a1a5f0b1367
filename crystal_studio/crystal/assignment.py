"""Least-cost assignment of rows to columns, many small problems at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def assign(costs: NDArray[np.float64]) -> NDArray[np.int64]:
    """(C, n) the column of each row, every column used at most once, so that each problem's total is least.

    costs : (C, n, m) with n <= m, infinite where a row must not have a column. Raises
    ``ValueError`` if a problem has no solution of finite cost.

    The Hungarian method by shortest augmenting paths (Jonker and Volgenant, Computing 38, 325, 1987), with
    the problems as the leading axis: rows whose cheapest column nobody else wants are done at once, and each
    of the others costs as many array operations as the longest of the problems' paths has columns.
    """
    c, n, m = costs.shape
    if n > m:
        raise ValueError("an assignment needs at least as many columns as rows")
    column = np.full((c, n), -1)
    if not c or not n:
        return column
    cheapest = costs.argmin(2)
    # Potentials: costs - u - v >= 0 everywhere, and = 0 at what is assigned.
    u, v = costs.min(2), np.zeros((c, m))
    if not np.isfinite(u).all():
        raise ValueError("a row may have no column")
    holder = np.full((c, m), -1)
    problem, row = np.indices((c, n)).reshape(2, -1)[:, ::-1]
    holder[problem, cheapest[problem, row]] = row  # the first of several rows, as it is written last
    problem, taken = np.nonzero(holder >= 0)
    column[problem, holder[problem, taken]] = taken
    while True:
        waiting = column < 0
        open_ = np.flatnonzero(waiting.any(1))
        if not len(open_):
            return column
        _augment(costs, u, v, holder, column, open_, waiting[open_].argmax(1))


def _augment(
    costs: NDArray[np.float64],
    u: NDArray[np.float64],
    v: NDArray[np.float64],
    holder: NDArray[np.int64],
    column: NDArray[np.int64],
    problems: NDArray[np.int64],
    rows: NDArray[np.int64],
) -> None:
    """Assign one more row in each of the problems named, in place, by the shortest path to a free column.

    u : (C, n), v : (C, m) potentials; holder : (C, m) row of each column, -1 if free; problems, rows : (k,)
    """
    k, m = len(problems), costs.shape[2]
    every = np.arange(k)
    length = np.full((k, m), np.inf)
    before = np.full((k, m), -1)  # column before this one on the path, -1 at its start
    scanned = np.zeros((k, m), bool)
    total = np.zeros(k)
    end = np.full(k, -1)
    row, at = rows.copy(), np.full(k, -1)
    seeking = every
    while len(seeking):
        p, r = problems[seeking], row[seeking]
        reach = total[seeking, None] + (costs[p, r] - u[p, r][:, None] - v[p])
        shorter = (reach < length[seeking]) & ~scanned[seeking]
        length[seeking] = np.where(shorter, reach, length[seeking])
        before[seeking] = np.where(shorter, at[seeking, None], before[seeking])
        left = np.where(scanned[seeking], np.inf, length[seeking])
        nearest = left.argmin(1)
        total[seeking] = left[np.arange(len(seeking)), nearest]
        if not np.isfinite(total[seeking]).all():
            raise ValueError("no assignment of finite cost exists")
        scanned[seeking, nearest] = True
        at[seeking] = nearest
        row[seeking] = holder[p, nearest]
        found = row[seeking] < 0
        end[seeking[found]] = nearest[found]
        seeking = seeking[~found]

    # New potentials keep every reduced cost at least 0 and those on the path at 0.
    slack = np.where(scanned, total[:, None] - np.where(scanned, length, 0.0), 0.0)
    v[problems] -= slack
    i, j = np.nonzero(scanned & (holder[problems] >= 0))
    u[problems[i], holder[problems[i], j]] += slack[i, j]
    u[problems, rows] += total

    walking, at = every, end
    while len(walking):
        p, previous = problems[walking], before[walking, at]
        start = previous < 0
        mover = np.where(start, rows[walking], holder[p, previous])
        holder[p, at], column[p, mover] = mover, at
        walking, at = walking[~start], previous[~start]
