"""Measures by element how far a potential is off on its reference phases, and which volumes those have.

    python -m crystal_studio.funnel.build_weaknesses --potential sevennet --data DIR

Nothing is computed with the potential: its energies are those of the phases of its hull, compared with the published
formation energies. Writes ``errors.NAME.json``, and ``volumes.json``, which is the same for every potential.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.composition import counts
from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.data import datasets
from crystal_studio.data.build_reference import FILES, ORIGIN
from crystal_studio.data.hull import DFT_GEOMETRY, RELAXED, SHIPPED, ReferenceHull
from crystal_studio.data.hull_card import read_card
from crystal_studio.data.weakness_tables import errors_path, volumes_path

TAIL = 0.005
"""Share of the phases with an element that are left out at either end of its volumes."""


def errors(hull: ReferenceHull, ids: NDArray, formation_energy: NDArray[np.float64]) -> dict[str, Any]:
    """The table of a potential whose phases ``hull`` holds, of the ids (n,) with published formation energies (n,).

    Compared are the phases that the potential computed itself, not those that were moved to its scale by a fit.
    """
    known = dict(zip(ids.tolist(), formation_energy.tolist(), strict=True))
    computed = np.isin(hull.kind, (RELAXED, DFT_GEOMETRY)).tolist()
    rows = np.array([i for i, name in enumerate(hull.ids.tolist()) if computed[i] and name in known], np.int64)
    share = hull.composition[rows]
    said = hull.energy[rows] - share @ np.nan_to_num(hull.elemental)
    off = said - np.array([known[name] for name in hull.ids[rows].tolist()])
    present = share.any(0)
    linear, *_ = np.linalg.lstsq(share[:, present], off, rcond=None)
    left = np.abs(off - share[:, present] @ linear)
    off = np.abs(off)
    elements = {}
    for z in np.flatnonzero(present):
        has = share[:, z] > 0
        elements[SYMBOLS[z]] = {"phases": int(has.sum()), "error_mev": _mev(off[has]), "left_mev": _mev(left[has])}
    return {"phases": len(rows), "error_mev": _mev(off), "left_mev": _mev(left), "elements": elements}


def volumes(amounts: NDArray[np.int64], volume: NDArray[np.float64]) -> dict[str, Any]:
    """The table of phases with ``amounts`` (n, 119) of atoms in cells of ``volume`` (n,) cubic Angstrom.

    The volumes of the elements are those whose sums come nearest, in relative terms, and none is negative.
    """
    from scipy.optimize import nnls

    present = np.flatnonzero(amounts.any(0))
    table = amounts[:, present] / volume[:, None]
    # The normal equations: as many unknowns as elements, however many phases.
    atomic, _ = nnls(table.T @ table, table.sum(0))
    ratio = 1 / (table @ atomic)
    elements = {}
    for z, size in zip(present, atomic, strict=True):
        of_it = ratio[amounts[:, z] > 0]
        low, high = np.quantile(of_it, [TAIL, 1 - TAIL])
        elements[SYMBOLS[z]] = {"phases": len(of_it), "volume": round(float(size), 2), "low": round(float(low), 3),
                                "high": round(float(high), 3)}  # fmt: skip
    return {"phases": len(volume), "elements": elements}


def _mev(energies: NDArray[np.float64]) -> float:
    return round(1000 * float(energies.mean()), 1)


def main() -> None:
    """Entry point; see the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--potential", default=SHIPPED, help="key of the potential, as in the name of its hull")
    parser.add_argument("--data", type=Path, required=True, help="folder of the reference data")
    arguments = parser.parse_args()
    sets = [datasets.load(arguments.data / name) for name in FILES]
    hull = ReferenceHull.load(arguments.potential)
    ids = np.concatenate([np.asarray(s.ids, object) for s in sets])
    published = np.concatenate([s.columns["formation_energy_per_atom"].astype(float) for s in sets])
    found = errors(hull, ids, published)
    card = ORIGIN | {
        "title": "Errors of a potential by element",
        "potential": read_card(arguments.potential).get("potential", arguments.potential),
        "method": "formation energies of the phases of the reference hull that the potential computed, against the"
        " published ones; left: after subtraction of an error of each element, fitted to all of them; meV/atom",
    }
    errors_path(arguments.potential).write_text(_json(card | found))
    stable = sets[:2]  # the third holds what is far above the hull
    amounts = np.concatenate([counts(s.structures) for s in stable])
    measured = volumes(amounts, np.concatenate([s.structures.volume for s in stable]))
    card = ORIGIN | {
        "title": "Volumes of the reference phases by element",
        "method": "volume: cubic Angstrom an atom, fitted to the cells; low, high: between which 99% of the phases with"
        " the element lie, over the sum of the volumes of their atoms",
    }
    volumes_path().write_text(_json(card | measured))


def _json(table: dict[str, Any]) -> str:
    """Indented, but an element on one line."""
    elements = table.pop("elements")
    lines = ",\n".join(f"  {json.dumps(symbol)}: {json.dumps(entry)}" for symbol, entry in elements.items())
    return json.dumps(table, indent=1).removesuffix("\n}") + f',\n "elements": {{\n{lines}\n }}\n}}\n'


if __name__ == "__main__":
    main()
