"""The known structures: which one lies nearest to a candidate, and whether the candidate is new.

The index holds, for every structure of the reference data, its id, formula,
space group, Wyckoff template and fingerprint, and no coordinates. It knows the
Materials Project of 2018-2021: "novel" means not among these.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from crystal_studio import paths
from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.composition import counts, formulas
from crystal_studio.crystal.formula import parse_formula
from crystal_studio.crystal.space_groups import tables
from crystal_studio.data.fingerprints import WIDTH, distance, fingerprints, type_distance
from crystal_studio.errors import FileError

VERSION = 1

SEVERAL = 5
"""Nearest known structures that are named."""

SAME_STRUCTURE = 0.1
"""Fingerprints of one formula closer than this (in mean atomic spacings) count as the same structure."""


@dataclass(frozen=True)
class Nearest:
    """The nearest known structure of B candidates.

    ids, formulas : (B,) strings, empty where none could be compared
    space_group : (B,) int16
    distance : (B,) largest difference of the fingerprints, in mean atomic spacings; NaN where none
    same_formula : (B,) bool, whether the nearest has the candidate's reduced formula; otherwise it is the
        nearest of the same stoichiometry (or of all), that is by structure type
    novel : (B,) bool, no known structure of the same formula lies within ``SAME_STRUCTURE``
    further : B lists of such as "mp-1234 (LiMn2O4, Fd-3m) 0.12": the nearest ``SEVERAL``, the first included
    """

    ids: NDArray
    formulas: NDArray
    space_group: NDArray[np.int16]
    distance: NDArray[np.float64]
    same_formula: NDArray[np.bool_]
    novel: NDArray[np.bool_]
    further: tuple[tuple[str, ...], ...]

    def label(self, i: int) -> str:
        """Such as "mp-1234 (LiMn2O4, Fd-3m)"."""
        return _label(self.ids[i], self.formulas[i], self.space_group[i]) if self.ids[i] else ""


class ReferenceIndex:
    """The known structures as columns; see ``save`` for their meaning."""

    def __init__(
        self, ids: NDArray, formulas: NDArray, space_group: NDArray, template: NDArray, vectors: NDArray
    ) -> None:
        self.ids = ids
        self.formulas = formulas
        self.space_group = space_group
        self.template = template
        self.vectors = vectors.astype(np.float32)
        self._of_formula: dict[str, list[int]] = defaultdict(list)
        for row, formula in enumerate(formulas.tolist()):
            self._of_formula[formula].append(row)

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def by_type(self) -> dict[tuple[int, ...], list[int]]:
        """Rows of each stoichiometry."""
        rows: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for formula, members in self._of_formula.items():
            rows[_stoichiometry_of(formula)] += members
        return rows

    def without(self, ids: NDArray) -> ReferenceIndex:
        """The same less the entries with these ids."""
        keep = ~np.isin(self.ids, ids)
        return ReferenceIndex(
            self.ids[keep], self.formulas[keep], self.space_group[keep], self.template[keep], self.vectors[keep]
        )

    @staticmethod
    def load(path: Path | None = None) -> ReferenceIndex:
        """The shipped index, read once; raises ``FileError`` with the remedy if it is missing or damaged."""
        return _load(path or index_path())

    def nearest(self, structures: Structures, vectors: NDArray | None = None) -> Nearest:
        """The nearest known structure of each candidate, of the same formula where there is one.

        ``vectors`` (B, W) are the candidates' fingerprints where they are at hand.
        """
        size = len(structures)
        vectors = fingerprints(structures) if vectors is None else vectors
        names = formulas(structures)
        atoms = counts(structures)
        row = np.full(size, -1)
        apart = np.full(size, np.nan)
        same = np.zeros(size, bool)
        further: list[tuple[str, ...]] = [()] * size
        for i in range(size):
            rows = self._of_formula.get(names[i])
            same[i] = bool(rows)
            if np.isnan(vectors[i]).any():
                row[i] = rows[0] if rows else -1
                continue
            chosen = np.array(rows or self.by_type.get(stoichiometry(atoms[i])) or range(len(self)), int)
            far = (distance if rows else type_distance)(self.vectors[chosen], vectors[i])
            if np.isnan(far).all():
                continue
            best = int(np.nanargmin(far))
            row[i], apart[i] = chosen[best], far[best]
            near = np.argsort(far, kind="stable")[:SEVERAL]
            further[i] = tuple(f"{self._named(chosen[k])} {far[k]:.2f}" for k in near if np.isfinite(far[k]))
        known = [int(r) if r >= 0 else None for r in row]
        novel = ~(same & (np.isnan(apart) | (apart < SAME_STRUCTURE)))
        return Nearest(
            np.array(["" if r is None else self.ids[r] for r in known], str),
            np.array(["" if r is None else self.formulas[r] for r in known], str),
            np.array([1 if r is None else self.space_group[r] for r in known], np.int16),
            apart,
            same & (row >= 0),
            novel,
            tuple(further),
        )

    def known(self, structures: Structures) -> NDArray[np.bool_]:
        """(B,) whether a known structure of the same formula lies within ``SAME_STRUCTURE``: what ``nearest`` does not
        call novel, without looking further than that."""
        rows = [self._of_formula.get(name) for name in formulas(structures)]
        found = np.zeros(len(rows), bool)
        some = np.flatnonzero([bool(r) for r in rows])
        for i, vector in zip(some.tolist(), fingerprints(structures.take(some)), strict=True):
            far = distance(self.vectors[np.array(rows[i], int)], vector)
            nearest = np.nanmin(far) if np.isfinite(far).any() else np.nan
            found[i] = not nearest >= SAME_STRUCTURE
        return found

    def _named(self, row: int) -> str:
        return _label(self.ids[row], self.formulas[row], max(self.space_group[row], 1))


def _label(name: str, formula: str, space_group: int) -> str:
    return f"{name} ({formula}, {tables().symbol[space_group - 1]})"


def stoichiometry(atoms: NDArray) -> tuple[int, ...]:
    """Sorted reduced atom counts of a composition (119,): (1, 2, 4) for LiMn2O4."""
    present = atoms[atoms > 0]
    return tuple(sorted((present // np.gcd.reduce(present)).tolist())) if len(present) else ()


def _stoichiometry_of(formula: str) -> tuple[int, ...]:
    return stoichiometry(np.array(list(parse_formula(formula).values()), int))


def index_path() -> Path:
    """Where the shipped index lies."""
    return paths.resources() / "reference" / "known_structures.npz"


@lru_cache(maxsize=1)
def _load(path: Path) -> ReferenceIndex:
    remedy = "reinstall Crystal Studio, or build it with 'python -m crystal_studio.data.build_reference --data DIR'"
    if not path.exists():
        raise FileError(f"The index of known structures {path} is missing: {remedy}.")
    try:
        with np.load(path, allow_pickle=False) as stored:
            if int(stored["version"]) != VERSION:
                raise FileError(f"The index of known structures {path} was made for another version: {remedy}.")
            index = ReferenceIndex(
                np.array([f"mp-{n}" if n >= 0 else f"mvc-{-n}" for n in stored["id"]]),
                _words(stored["formulas"])[stored["formula"]],
                stored["space_group"].astype(np.int16),
                _words(stored["templates"])[stored["template"]],
                stored["vectors"].reshape(-1, WIDTH),
            )
            if not len(index.ids) == len(index.formulas) == len(index.vectors) == len(index.space_group):
                raise ValueError("columns of different lengths")
            return index
    except (OSError, ValueError, KeyError, IndexError, EOFError, BadZipFile) as error:
        raise FileError(f"The index of known structures {path} is damaged: {remedy}.") from error


def save(
    path: Path,
    ids: Sequence[str],
    formulas: Sequence[str],
    space_group: NDArray,
    template: Sequence[str],
    vectors: NDArray,
) -> None:
    """Write an index.

    ids : such as "mp-1"; formulas : reduced; space_group : 1..230 (0 = not found); template : Wyckoff letters
    with counts ("1a 1b 3c"), empty if not found; vectors : (B, WIDTH) fingerprints
    """
    formula_words, formula = np.unique(np.asarray(formulas, str), return_inverse=True)
    template_words, template_row = np.unique(np.asarray(template, str), return_inverse=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        path,
        version=VERSION,
        id=np.array([int(n.split("-")[1]) * (-1 if n.startswith("mvc") else 1) for n in ids], np.int32),
        formulas=_packed(formula_words),
        formula=formula.astype(np.int32),
        templates=_packed(template_words),
        template=template_row.astype(np.int32),
        space_group=np.asarray(space_group, np.uint8),
        # Neighbouring entries of one column are alike: transposed they compress better.
        vectors=np.asarray(vectors, np.float16),
    )


def _packed(words: NDArray) -> NDArray[np.uint8]:
    return np.frombuffer("\n".join(words.tolist()).encode(), np.uint8)


def _words(packed: NDArray[np.uint8]) -> NDArray:
    return np.array(packed.tobytes().decode().split("\n"))
