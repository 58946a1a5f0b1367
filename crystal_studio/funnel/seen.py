"""The candidates of a project that a new one may be the same as."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.candidates.batch import Candidates
from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.composition import formulas
from crystal_studio.data.fingerprints import WIDTH, fingerprints
from crystal_studio.data.same_crystal import may_match, reduced, same


class SeenBefore:
    """Earlier candidates by reduced formula: the memory of the uniqueness stage.

    Only crystals of one formula are ever compared, and of those only the ones that may match. What comparing needs
    is made when it is first needed, so that telling of many candidates costs little.
    """

    def __init__(self) -> None:
        self._by_formula: dict[str, _Bucket] = defaultdict(_Bucket)
        self._ids: set[int] = set()

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, ids: NDArray[np.int64], candidates: Candidates) -> None:
        """Remember further candidates; one that is there already is kept once."""
        for i, name in enumerate(formulas(candidates.structures)):
            self._keep(name, int(ids[i]), candidates.structures.take(np.array([i])))

    def judge(self, ids: NDArray[np.int64], structures: Structures) -> list[int | None]:
        """For each candidate the id of an earlier one (a smaller id) that is the same crystal, None where there is
        none; those without are remembered once the whole batch is judged. Two of one batch are compared too."""
        vectors = fingerprints(structures)
        twins: list[int | None] = []
        fresh: dict[str, _Bucket] = defaultdict(_Bucket)
        for i, name in enumerate(formulas(structures)):
            mine = int(ids[i])
            own = _Bucket()
            own.add(mine, structures.take(np.array([i])), vectors[i])
            twin = None
            for bucket in (self._by_formula.get(name), fresh.get(name)):
                if twin is None and bucket is not None:
                    twin = bucket.twin(own)
            twins.append(twin)
            if twin is None:
                fresh[name].take_over(own)
        for name, bucket in fresh.items():
            for k, candidate in enumerate(bucket.ids):
                self._keep(name, candidate, bucket.cells[k], bucket.vectors[k])
        return twins

    def _keep(self, formula: str, candidate: int, cell: Structures, vector: NDArray | None = None) -> None:
        if candidate not in self._ids:
            self._ids.add(candidate)
            self._by_formula[formula].add(candidate, cell, vector)


class _Bucket:
    """Candidates of one formula, one row each; fingerprints of rows that came without one are made when asked for."""

    def __init__(self) -> None:
        self.ids: list[int] = []
        self.cells: list[Structures] = []
        self.vectors = np.zeros((1, WIDTH), np.float32)
        self._known: list[bool] = []
        self._reduced: dict[int, Any] = {}

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_reduced": {}}

    def add(self, candidate: int, cell: Structures, vector: NDArray | None = None) -> None:
        """One more row."""
        row = len(self.ids)
        if row == len(self.vectors):
            self.vectors = np.concatenate([self.vectors, np.zeros_like(self.vectors)])
        self.ids.append(candidate)
        self.cells.append(cell)
        self._known.append(vector is not None)
        if vector is not None:
            self.vectors[row] = vector

    def take_over(self, other: _Bucket) -> None:
        """The rows of another bucket, with what was made of them."""
        for row, candidate in enumerate(other.ids):
            if row in other._reduced:
                self._reduced[len(self.ids)] = other._reduced[row]
            self.add(candidate, other.cells[row], other.vectors[row])

    def twin(self, mine: _Bucket) -> int | None:
        """Id of a row with a smaller id that is the same crystal as the only row of ``mine``; the nearest one."""
        self._fill()
        for row in may_match(mine.vectors[0], self.vectors[: len(self.ids)]).tolist():
            if self.ids[row] < mine.ids[0] and same(self.reduced(row), mine.reduced(0)):
                return self.ids[row]
        return None

    def reduced(self, row: int) -> Any:
        """The cell as the judge compares it, None where it cannot."""
        if row not in self._reduced:
            cell = self.cells[row]
            self._reduced[row] = reduced(cell.lattice[0], cell.numbers, cell.positions)
        return self._reduced[row]

    def _fill(self) -> None:
        missing = [row for row, known in enumerate(self._known) if not known]
        if missing:
            self.vectors[missing] = fingerprints(Structures.concatenate(self.cells[row] for row in missing))
            self._known = [True] * len(self._known)
