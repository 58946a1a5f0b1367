"""Numbers known of each element, scaled; the table is stored with the weights, so pymatgen is not needed to predict."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.element_data import COVALENT_RADII, MASSES
from crystal_studio.crystal.elements import SYMBOLS

COLUMNS = (
    "electronegativity",
    "period",
    "group",
    "covalent_radius",
    "atomic_radius",
    "log_mass",
    "ionisation_energy",
    "electron_affinity",
    "mendeleev_number",
    "log_molar_volume",
    "melting_point",
    "s_electrons",
    "p_electrons",
    "d_electrons",
    "f_electrons",
)


def table() -> NDArray[np.float32]:
    """(119, 15): ``COLUMNS`` of every element with mean 0 and variance 1; 0 where a value is not known.

    Values are pymatgen's (Pauling electronegativity, Slater radius, first ionisation energy ...); valence
    electrons are those of the ground state outside the noble-gas core.
    """
    from pymatgen.core import Element

    rows = np.full((len(SYMBOLS), len(COLUMNS)), np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for z in range(1, 104):  # pymatgen has no electrons beyond Lr
            element = Element.from_Z(z)
            outside = [part for part in element.electronic_structure.split(".") if part[0].isdigit()]
            shells = {s: sum(int(p[2:]) for p in outside if p[1] == s) for s in "spdf"}
            rows[z] = [
                _number(element, "X"),
                element.row,
                element.group,
                COVALENT_RADII[z],
                _number(element, "atomic_radius"),
                np.log(MASSES[z]),
                _number(element, "ionization_energy"),
                _number(element, "electron_affinity"),
                _number(element, "mendeleev_no"),
                np.log(_number(element, "molar_volume")),
                _number(element, "melting_point"),
                *shells.values(),
            ]
    rows[1:] -= np.nanmean(rows[1:95], 0)
    rows[1:] /= np.nanstd(rows[1:95], 0)
    return np.nan_to_num(rows).astype(np.float32)


def _number(element: Any, name: str) -> float:
    """NaN where pymatgen has no value; it says so in three ways."""
    try:
        return float(getattr(element, name))
    except (TypeError, ValueError, KeyError):
        return float("nan")
