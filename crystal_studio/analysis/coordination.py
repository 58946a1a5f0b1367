"""Neighbours, oxidation states and bond valences of every orbit of a crystal.

Neighbours are pymatgen's CrystalNN (Pan et al., Inorg. Chem. 60, 1590 (2021)), bond valences and the oxidation states
that fit them its BVAnalyzer (O'Keeffe and Brese, J. Am. Chem. Soc. 113, 3226 (1991)).
"""

from __future__ import annotations

import warnings
from collections import Counter
from typing import Any

from crystal_studio.analysis.protocol import Analysis, Column
from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.cell_orbits import cell_orbits
from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.crystal.primitive import primitive_cell

COLUMNS = {
    "element": Column("Element"),
    "atoms": Column("Atoms", "", "d"),
    "coordination": Column("Coordination", "", ".1f"),
    "neighbours": Column("Neighbours"),
    "mean_distance": Column("Mean distance", "Å", ".3f"),
    "oxidation_state": Column("Oxidation state", "", "+.2f"),
    "bond_valence": Column("Bond valence", "v.u.", ".2f"),
}


def coordination(crystal: Structures) -> Analysis:
    """One row an orbit of one crystal (B = 1); what cannot be found is None."""
    from pymatgen.analysis.bond_valence import BVAnalyzer, calculate_bv_sum
    from pymatgen.analysis.local_env import CrystalNN
    from pymatgen.core import Lattice, Structure

    cell = primitive_cell(crystal.lattice[0], crystal.numbers, crystal.positions)
    orbits = cell_orbits(cell.lattice, cell.numbers, cell.positions)
    structure = Structure(Lattice(cell.lattice), [SYMBOLS[z] for z in cell.numbers.tolist()], cell.positions)
    rows: list[dict[str, Any]] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            valences = BVAnalyzer().get_valences(structure)
        except ValueError:
            valences = [None] * len(structure)
        finder = CrystalNN()
        for atom, count in zip(orbits.representatives.tolist(), orbits.multiplicity.tolist(), strict=True):
            site = structure[atom]
            try:
                near = finder.get_nn_info(structure, atom)
            except (ValueError, RuntimeError):
                near = []
            kinds = Counter(neighbour["site"].specie.symbol for neighbour in near)
            lengths = [neighbour["site"].distance(site) for neighbour in near]
            rows.append(
                {
                    "element": site.specie.symbol,
                    "atoms": int(count),
                    "coordination": float(len(near)) if near else None,
                    "neighbours": ", ".join(f"{n} {symbol}" for symbol, n in sorted(kinds.items())) or None,
                    "mean_distance": sum(lengths) / len(lengths) if lengths else None,
                    "oxidation_state": None if valences[atom] is None else float(valences[atom]),
                    "bond_valence": _bond_valence(calculate_bv_sum, structure, site),
                }
            )
    notes = () if any(v is not None for v in valences) else ("No oxidation states fit the bond valences.",)
    return Analysis("Coordination", COLUMNS, {key: [row[key] for row in rows] for key in COLUMNS}, (), notes)


def _bond_valence(valence_sum: Any, structure: Any, site: Any) -> float | None:
    """Valence units, None where an element has no parameters."""
    try:
        return float(valence_sum(site, structure.get_neighbors(site, 4.0)))
    except (KeyError, ValueError, ZeroDivisionError):
        return None
