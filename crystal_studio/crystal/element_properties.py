"""Tabulated properties of the elements: Magpie's (Ward et al. 2016), see ``resources/magpie/magpie.card.json``."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from crystal_studio import paths

PROPERTIES: tuple[str, ...] = (
    "Number",
    "MendeleevNumber",
    "AtomicWeight",
    "MeltingT",
    "Column",
    "Row",
    "CovalentRadius",
    "Electronegativity",
    "NsValence",
    "NpValence",
    "NdValence",
    "NfValence",
    "NValence",
    "NsUnfilled",
    "NpUnfilled",
    "NdUnfilled",
    "NfUnfilled",
    "NUnfilled",
    "GSvolume_pa",
    "GSbandgap",
    "GSmagmom",
    "SpaceGroupNumber",
)
"""Columns of the elemental table, named as Magpie's files."""


@cache
def element_properties() -> NDArray[np.float64]:
    """(119, 22) by atomic number and column of ``PROPERTIES``, NaN where unknown."""
    with np.load(paths.resources() / "magpie" / "magpie.npz") as stored:
        table: NDArray[np.float64] = stored["table"]
    return table
