"""One set of known crystals with their structures: which of them is a candidate?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import Structures
from crystal_studio.data.same_crystal import may_match, reduced, same

KEPT = 2048
"""Reduced cells of known crystals that are kept for the next candidate."""


@dataclass(frozen=True)
class Found:
    """Of B candidates the known crystal that is the same, or else the nearest of its formula.

    row : (B,) -1 where the set has none of the formula; distance : (B,) between fingerprints, in mean atomic
    spacings, NaN where there is none; same : (B,) bool, whether it is the same crystal
    """

    row: NDArray[np.int64]
    distance: NDArray[np.float64]
    same: NDArray[np.bool_]


class ReferenceSet:
    """Known crystals by reduced formula, judged as ``same_crystal`` says, with the answer of comparing each pair.

    ids, formulas : (E,) strings; structures : their cells; vectors : (E, W) fingerprints
    """

    def __init__(self, name: str, ids: NDArray, formulas: NDArray, structures: Structures, vectors: NDArray) -> None:
        self.name, self.ids, self.formulas = name, ids, formulas
        self.structures, self.vectors = structures, vectors
        self._of_formula: dict[str, list[int]] = defaultdict(list)
        for row, formula in enumerate(formulas.tolist()):
            self._of_formula[formula].append(row)
        self._reduced = lru_cache(KEPT)(self._reduce)

    def __len__(self) -> int:
        return len(self.ids)

    def find(self, structures: Structures, names: Sequence[str], vectors: NDArray) -> Found:
        """Candidates by their reduced formulas and fingerprints (B, W)."""
        size = len(structures)
        row, apart, is_same = np.full(size, -1), np.full(size, np.nan), np.zeros(size, bool)
        for i, name in enumerate(names):
            rows = np.array(self._of_formula.get(name, ()), np.int64)
            if not len(rows):
                continue
            far = np.abs(self.vectors[rows] - vectors[i]).max(1)
            near = may_match(vectors[i], self.vectors[rows])
            atoms = structures.atoms(i)
            cell = (
                reduced(structures.lattice[i], structures.numbers[atoms], structures.positions[atoms])
                if len(near)
                else None
            )
            match = next((k for k in near.tolist() if same(self._reduced(int(rows[k])), cell)), None)
            is_same[i] = match is not None
            best = match if match is not None else int(np.argmin(np.nan_to_num(far, nan=np.inf)))
            row[i], apart[i] = rows[best], far[best]
        return Found(row, apart, is_same)

    def _reduce(self, row: int) -> Any:
        cells, atoms = self.structures, self.structures.atoms(row)
        return reduced(cells.lattice[row], cells.numbers[atoms], cells.positions[atoms])
