"""The convex hull of a chemical system as a plot needs it: binary line, ternary triangle, quaternary tetrahedron."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crystal_studio.analysis.protocol import Analysis, Column
from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.data.hull import ReferenceHull

ON_HULL = 1e-6
"""eV/atom above the hull up to which a phase lies on it."""


def phase_diagram(
    hull: ReferenceHull, counts: NDArray, energy_per_atom: NDArray | None = None, above: float = 0.2
) -> Analysis:
    """Known phases of the system that candidates span, and the candidates among them.

    counts (B, 119) atoms of each element (column = atomic number) and energy_per_atom (B,) eV/atom of the candidates by
    the hull's potential, NaN or None where there is none. Phases more than ``above`` eV/atom over the hull are left
    out. Columns: formula, id ("" for candidates), one fraction x_El an element, formation energy, energy above hull.
    """
    elements = np.flatnonzero(counts.sum(0))
    rows = hull.within(elements)
    known = hull.distances(hull.counts[rows], hull.energy[rows])
    keep = known.e_above_hull <= above
    energy = np.full(len(counts), np.nan) if energy_per_atom is None else np.asarray(energy_per_atom, float)
    asked = hull.distances(counts, energy)
    composition = np.concatenate([hull.composition[rows][keep], counts / counts.sum(1, keepdims=True)])
    formation = np.concatenate([known.formation_energy[keep], asked.formation_energy])
    e_hull = np.concatenate([np.maximum(known.e_above_hull[keep], 0.0), asked.e_above_hull])
    ids = [*hull.ids[rows][keep].tolist(), *[""] * len(counts)]
    kept = [hull.formula(int(row)) for row in rows[keep]]
    columns = {"formula": Column("Formula"), "id": Column("Known as")}
    columns |= {f"x_{SYMBOLS[z]}": Column(f"x({SYMBOLS[z]})", "", ".3f") for z in elements}
    columns |= {
        "formation_energy": Column("Formation energy", "eV/atom", ".3f"),
        "e_hull": Column("Energy above hull", "eV/atom", ".3f"),
    }
    values = {"formula": [*kept, *map(_formula, counts)], "id": ids}
    values |= {f"x_{SYMBOLS[z]}": composition[:, z].tolist() for z in elements}
    values |= {"formation_energy": _plain(formation), "e_hull": _plain(e_hull)}
    stable = int((e_hull[: len(kept)] <= ON_HULL).sum())
    figures = (("Phases on the hull", stable, ""), ("Further phases", len(kept) - stable, ""))
    system = "-".join(SYMBOLS[z] for z in elements)
    note = f"Energies by {hull.potential}; phases found since the reference was made are missing."
    return Analysis(f"Convex hull of {system}", columns, values, figures, (note,))


def _formula(counts: NDArray) -> str:
    from pymatgen.core import Composition

    return Composition({SYMBOLS[z]: int(counts[z]) for z in np.flatnonzero(counts)}).reduced_formula


def _plain(values: NDArray) -> list[float | None]:
    return [None if np.isnan(v) else float(v) for v in values]
