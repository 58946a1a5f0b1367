"""Statistics of the training set that ship with the program: for pickers, sliders and comparison.

Built by ``python -m crystal_studio.data.build_marginals --data FILE``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio import paths
from crystal_studio.errors import FileError

HISTOGRAMS = ("formation_energy", "e_hull", "band_gap", "density", "volume_per_atom", "n_atoms", "n_elements")


@dataclass(frozen=True)
class Marginals:
    """Counts over the training set.

    space_group_counts : (230,) crystals of each group, index number - 1
    orbit_counts : (230, M_max + 1) crystals of each group with 0..M_max orbits
    element_counts : (119,) crystals that hold each element, index = atomic number
    orbit_element_counts : (119,) orbits of each element
    site_class_counts : (230, 15, 13) orbits of each group by site-symmetry class on each axis
    templates : Wyckoff templates "225:a b" with counts, commonest first
    histograms : name -> (counts, edges); formation_energy and e_hull in eV/atom, band_gap in eV,
        density in g/cm3, volume_per_atom in cubic Angstrom
    source : origin, size and licence of the data
    """

    space_group_counts: NDArray[np.int64]
    orbit_counts: NDArray[np.int64]
    element_counts: NDArray[np.int64]
    orbit_element_counts: NDArray[np.int64]
    site_class_counts: NDArray[np.int64]
    templates: dict[str, int]
    histograms: dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]
    source: dict[str, Any]


@cache
def marginals() -> Marginals:
    """The shipped statistics; raises ``FileError`` if they are missing or damaged."""
    path = paths.resources() / "marginals" / "mp20_like.npz"
    try:
        with np.load(path, allow_pickle=False) as file:
            raw = {name: file[name] for name in file.files}
        text = json.loads(str(raw["text"]))
        return Marginals(
            space_group_counts=raw["space_group"].astype(np.int64),
            orbit_counts=raw["orbits"].astype(np.int64),
            element_counts=raw["elements"].astype(np.int64),
            orbit_element_counts=raw["orbit_elements"].astype(np.int64),
            site_class_counts=raw["site_class"].astype(np.int64),
            templates=text["templates"],
            histograms={name: (raw[f"{name}.counts"], raw[f"{name}.edges"]) for name in HISTOGRAMS},
            source=text["source"],
        )
    except (OSError, KeyError, ValueError) as error:
        raise FileError(f"The training statistics {path} cannot be read: install Crystal Studio again.") from error
