"""The convex hull of a chemical system as a plot needs it: binary line, ternary triangle, quaternary tetrahedron."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.analysis.hull_geometry import tie_lines
from crystal_studio.analysis.protocol import Analysis, Column
from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.data.hull import ReferenceHull
from crystal_studio.data.hull_card import model_error

ON_HULL = 1e-6
"""eV/atom above the hull up to which a phase lies on it."""

ABOVE = 0.2
"""eV/atom above the hull beyond which known phases are left out."""


@dataclass(frozen=True)
class Phases:
    """Known phases of a chemical system (K of them) and behind them candidates (C); n = K + C.

    elements : (k,) atomic numbers, in the order asked for
    composition : (n, k) atomic fractions
    formation_energy, e_hull : (n,) eV/atom, NaN where unknown
    formulas, ids : n texts; the id of a known phase, "" for candidates
    known : how many of them are known phases
    ties : (T, 2) which known phases coexist: rows of the edges of the hull's lower facets
    """

    elements: NDArray[np.int64]
    composition: NDArray[np.float64]
    formation_energy: NDArray[np.float64]
    e_hull: NDArray[np.float64]
    formulas: tuple[str, ...]
    ids: tuple[str, ...]
    known: int
    ties: NDArray[np.int64]
    potential: str

    @property
    def symbols(self) -> tuple[str, ...]:
        """Of the elements."""
        return tuple(SYMBOLS[z] for z in self.elements)


def phases(
    hull: ReferenceHull,
    elements: NDArray,
    counts: NDArray,
    energy_per_atom: NDArray,
    above: float = ABOVE,
) -> Phases:
    """Known phases of the system of ``elements`` (atomic numbers, each once), and candidates in it.

    counts (C, 119) atoms of each element (column = atomic number) and energy_per_atom (C,) eV/atom of the candidates by
    the hull's potential, NaN where there is none. Known phases more than ``above`` eV/atom over the hull are left out.
    """
    elements = np.asarray(elements, np.int64)
    rows = hull.within(elements)
    found = hull.distances(hull.counts[rows], hull.energy[rows])
    keep = found.e_above_hull <= above
    asked = hull.distances(counts, np.asarray(energy_per_atom, float))
    atoms = np.maximum(counts.sum(1, keepdims=True), 1)
    composition = np.concatenate([hull.composition[rows][keep], counts / atoms])[:, elements]
    e_hull = np.maximum(found.e_above_hull[keep], 0.0)
    formation = found.formation_energy[keep]
    number = int(keep.sum())
    return Phases(
        elements,
        composition,
        np.concatenate([formation, asked.formation_energy]),
        np.concatenate([e_hull, asked.e_above_hull]),
        (*(hull.formula(int(row)) for row in rows[keep]), *map(_formula, counts)),
        (*(str(i) for i in hull.ids[rows][keep]), *[""] * len(counts)),
        number,
        tie_lines(composition[:number], formation, e_hull <= ON_HULL),
        hull.potential,
    )


def phase_diagram(
    hull: ReferenceHull, counts: NDArray, energy_per_atom: NDArray | None = None, above: float = ABOVE
) -> Analysis:
    """Known phases of the system that candidates span, and the candidates among them, as a table; see ``phases``.

    Columns: formula, id ("" for candidates), one fraction x_El an element, formation energy, energy above hull.
    """
    energy = np.full(len(counts), np.nan) if energy_per_atom is None else np.asarray(energy_per_atom, float)
    return table(phases(hull, np.flatnonzero(counts.sum(0)), counts, energy, above))


def table(found: Phases) -> Analysis:
    """Phases and candidates as rows."""
    columns = {"formula": Column("Formula"), "id": Column("Known as")}
    columns |= {f"x_{symbol}": Column(f"x({symbol})", "", ".3f") for symbol in found.symbols}
    columns |= {
        "formation_energy": Column("Formation energy", "eV/atom", ".3f"),
        "e_hull": Column("Energy above hull", "eV/atom", ".3f"),
    }
    values: dict[str, Sequence[Any]] = {"formula": list(found.formulas), "id": list(found.ids)}
    values |= {f"x_{symbol}": found.composition[:, k].tolist() for k, symbol in enumerate(found.symbols)}
    values |= {"formation_energy": _plain(found.formation_energy), "e_hull": _plain(found.e_hull)}
    stable = int((found.e_hull[: found.known] <= ON_HULL).sum())
    figures: tuple[tuple[str, Any, str], ...] = (
        ("Phases on the hull", stable, ""),
        ("Further phases", found.known - stable, ""),
    )
    error = model_error(found.potential)
    if error is not None:
        figures += (("Mean error of energies above hull", error.below, "eV/atom"),)
    note = f"Energies by {found.potential}; phases found since the reference was made are missing."
    return Analysis(f"Convex hull of {'-'.join(found.symbols)}", columns, values, figures, (note,))


def _formula(counts: NDArray) -> str:
    from pymatgen.core import Composition

    return Composition({SYMBOLS[z]: int(counts[z]) for z in np.flatnonzero(counts)}).reduced_formula


def _plain(values: NDArray) -> list[float | None]:
    return [None if np.isnan(v) else float(v) for v in values]
