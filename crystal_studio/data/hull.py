"""The reference hull: known phases with energies computed by a potential, and distances from their convex hull.

A candidate's energy and those of its competitors come from the same potential,
relaxed in the same way, so that errors common to both cancel. The known phases
are those of the Materials Project of 2018-2021; what has been found since is
missing, so an energy above this hull is a lower bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from crystal_studio import paths
from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.errors import FileError

VERSION = 1
WIDTH = 119
SHIPPED = "chgnet"
"""The potential whose hull comes with the program."""

RELAXED, DFT_GEOMETRY, CALIBRATED, GIVEN = 0, 1, 2, 3
"""How an energy came about: relaxed by the potential; by the potential at the published geometry; published
formation energy moved to the potential's scale; given in a table by the user."""


@dataclass(frozen=True)
class HullDistances:
    """Where B candidates stand.

    e_above_hull, formation_energy : (B,) eV/atom, NaN where the reference lacks an element
    decomposition : B strings such as "0.50 Li2O + 0.50 MnO2" (atomic fractions), empty where unknown
    reasons : B sentences, empty where there is an answer
    """

    e_above_hull: NDArray[np.float64]
    formation_energy: NDArray[np.float64]
    decomposition: tuple[str, ...]
    reasons: tuple[str, ...]


class ReferenceHull:
    """Known phases as columns.

    counts : (E, 119) atoms of each element in a formula unit, column = atomic number
    composition : (E, 119) the same as atomic fractions
    energy : (E,) eV/atom; ids : (E,) strings; potential : the name of what computed the energies
    kind : (E,) RELAXED, DFT_GEOMETRY, CALIBRATED or GIVEN
    elemental : (119,) eV/atom of the most stable form of each element, NaN where none is known
    """

    def __init__(
        self, counts: NDArray, energy: NDArray, ids: NDArray, potential: str = "", kind: NDArray | None = None
    ) -> None:
        self.counts = counts
        self.composition = counts / counts.sum(1, keepdims=True)
        self.energy = energy
        self.ids = ids
        self.potential = potential
        self.kind = np.zeros(len(energy), np.uint8) if kind is None else kind
        self._masks = _masks(counts > 0)
        self._answers: dict[tuple[tuple[int, float], ...], tuple[float, str]] = {}
        present = counts > 0
        pure = np.flatnonzero(present.sum(1) == 1)
        self.elemental = np.full(counts.shape[1], np.nan)
        for row in pure[np.argsort(-energy[pure], kind="stable")]:  # the lowest comes last and stays
            self.elemental[np.flatnonzero(present[row])[0]] = energy[row]

    def __len__(self) -> int:
        return len(self.energy)

    def extended(self, counts: NDArray, energy: NDArray, ids: NDArray, kind: int | NDArray) -> ReferenceHull:
        """A hull with further phases, of one kind or (n,) of several."""
        return ReferenceHull(
            np.concatenate([self.counts, counts]),
            np.concatenate([self.energy, energy]),
            np.concatenate([self.ids, ids]),
            self.potential,
            np.concatenate([self.kind, np.full(len(energy), kind)]),
        )

    @staticmethod
    def load(potential: str = SHIPPED) -> ReferenceHull:
        """The hull computed by a potential, read once; raises ``FileError`` with the remedy where there is none or it
        is damaged."""
        hull = _read(hull_path(potential))
        if hull.potential != potential:
            raise FileError(
                f"The reference hull {hull_path(potential)} was computed by {hull.potential}, not by {potential}:"
                f" {_remedy(potential)}."
            )
        return hull

    @staticmethod
    def read(path: Path) -> ReferenceHull:
        """A hull from a file, read once; raises ``FileError`` likewise."""
        return _read(path)

    @staticmethod
    def forget() -> None:
        """Read files anew from now on."""
        _read.cache_clear()
        _joined.cache_clear()

    @staticmethod
    def joined(potential: str, further: tuple[Path, ...]) -> ReferenceHull:
        """The hull computed by a potential with the phases of further files by the same one, read once; raises
        ``FileError`` likewise."""
        return _joined(potential, further) if further else ReferenceHull.load(potential)

    def within(self, elements: NDArray) -> NDArray[np.int64]:
        """Rows of the phases that hold no other than these elements (atomic numbers)."""
        wanted = _masks(np.isin(np.arange(WIDTH), elements)[None])
        return np.flatnonzero(((self._masks & ~wanted) == 0).all(1))

    def distances(self, counts: NDArray, energy: NDArray) -> HullDistances:
        """Energy above hull and formation energy of candidates.

        ``counts`` (B, 119) atoms of each element (column = atomic number), in any multiple; ``energy`` (B,) eV/atom.
        """
        size = len(counts)
        above, formation = np.full(size, np.nan), np.full(size, np.nan)
        products, reasons = [""] * size, [""] * size
        for i in range(size):
            total = counts[i].sum()
            if not total or not np.isfinite(energy[i]):
                reasons[i] = "There is no energy to compare with the hull."
                continue
            fraction = counts[i] / total
            elements = np.flatnonzero(fraction)
            missing = [SYMBOLS[z] for z in elements if np.isnan(self.elemental[z])]
            if missing:
                reasons[i] = f"The reference hull knows no phase of {', '.join(missing)}."
                continue
            formation[i] = energy[i] - fraction[elements] @ self.elemental[elements]
            hull, products[i] = self._hull(elements, fraction[elements])
            above[i] = energy[i] - hull
        return HullDistances(above, formation, tuple(products), tuple(reasons))

    def _hull(self, elements: NDArray, fraction: NDArray) -> tuple[float, str]:
        """Energy (eV/atom) of the hull at one composition, and the phases that span it there; remembered."""
        key = tuple((int(z), round(float(x), 9)) for z, x in zip(elements, fraction, strict=True))
        if key not in self._answers:
            self._answers[key] = self._solve(elements, fraction)
        return self._answers[key]

    def _solve(self, elements: NDArray, fraction: NDArray) -> tuple[float, str]:
        """Linear programme: the cheapest mixture of known phases with this composition."""
        from scipy.optimize import linprog

        rows = self.within(elements)
        # Formation energies instead of totals: better scaled for the solver.
        cost = self.energy[rows] - self.composition[np.ix_(rows, elements)] @ self.elemental[elements]
        answer = linprog(cost, A_eq=self.composition[np.ix_(rows, elements)].T, b_eq=fraction, method="highs")
        if answer.status != 0:  # the elements alone are always a solution, so this is a failure of the solver
            raise RuntimeError(f"The hull could not be solved: {answer.message}")
        share = [(x, row) for x, row in zip(answer.x, rows, strict=True) if x > 1e-6]
        share.sort(key=lambda pair: -pair[0])
        text = " + ".join(f"{x:.2f} {self.formula(int(row))}" for x, row in share)
        return float(answer.fun + fraction @ self.elemental[elements]), text

    def formula(self, row: int) -> str:
        """Reduced formula of one known phase."""
        from pymatgen.core import Composition

        return Composition(
            {SYMBOLS[z]: int(self.counts[row, z]) for z in np.flatnonzero(self.counts[row])}
        ).reduced_formula


def _masks(present: NDArray) -> NDArray[np.uint64]:
    """(n, 2) the elements (n, WIDTH) of each phase as bits, so that those of a system are found by words."""
    padded = np.zeros((len(present), 128), bool)
    padded[:, :WIDTH] = present
    return np.packbits(padded, 1).view(np.uint64)


def hull_path(potential: str = SHIPPED) -> Path:
    """Where the hull of a potential lies: one file a potential."""
    return paths.resources() / "reference" / f"hull.{potential}.npz"


def _remedy(potential: str) -> str:
    build = f"build it with 'python -m crystal_studio.funnel.build_hull --potential {potential} --data DIR'"
    return f"reinstall Crystal Studio, or {build}" if potential == SHIPPED else build


@lru_cache(maxsize=4)
def _read(path: Path) -> ReferenceHull:
    potential = path.name.removeprefix("hull.").removesuffix(".npz")
    remedy = _remedy(potential)
    if not path.exists():
        raise FileError(f"There is no reference hull of the potential {potential} at {path}: {remedy}.")
    try:
        with np.load(path, allow_pickle=False) as stored:
            if int(stored["version"]) != VERSION:
                raise FileError(f"The reference hull {path} was made for another version: {remedy}.")
            counts = np.zeros((len(stored["energy"]), WIDTH), np.int16)
            counts[stored["entry"], stored["element"]] = stored["count"]
            ids = np.array(stored["ids"].tobytes().decode().split("\n"))
            if not len(ids) == len(counts) == len(stored["kind"]):
                raise ValueError("columns of different lengths")
            return ReferenceHull(counts, stored["energy"].astype(float), ids, str(stored["potential"]), stored["kind"])
    except (OSError, ValueError, KeyError, IndexError, EOFError, BadZipFile) as error:
        raise FileError(f"The reference hull {path} is damaged: {remedy}.") from error


@lru_cache(maxsize=4)
def _joined(potential: str, further: tuple[Path, ...]) -> ReferenceHull:
    parts = [ReferenceHull.load(potential), *(ReferenceHull.read(path) for path in further)]
    for path, part in zip(further, parts[1:], strict=True):
        if part.potential != potential:
            raise FileError(f"{path} was computed by {part.potential}, not by {potential}: remove the set.")
    return ReferenceHull(
        np.concatenate([part.counts for part in parts]),
        np.concatenate([part.energy for part in parts]),
        np.concatenate([part.ids for part in parts]),
        potential,
        np.concatenate([part.kind for part in parts]),
    )


def hulls() -> tuple[str, ...]:
    """Keys of the potentials that have a reference hull."""
    folder = hull_path().parent
    return tuple(sorted(f.name.removeprefix("hull.").removesuffix(".npz") for f in folder.glob("hull.*.npz")))


def save_hull(path: Path, hull: ReferenceHull) -> None:
    """Write a hull: whole-number compositions as sparse triples, energies as float32."""
    entry, element = np.nonzero(hull.counts)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        path,
        version=VERSION,
        potential=hull.potential,
        entry=entry.astype(np.int32),
        element=element.astype(np.uint8),
        count=hull.counts[entry, element].astype(np.int16),
        energy=hull.energy.astype(np.float32),
        kind=hull.kind.astype(np.uint8),
        ids=np.frombuffer("\n".join(hull.ids.tolist()).encode(), np.uint8),
    )
