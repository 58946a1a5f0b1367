"""Weights of neighbours and of coordination numbers (CrystalNN: Pan et al., Inorg. Chem. 60, 1590 (2021))."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.element_data import COVALENT_RADII
from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.evaluation.crystalnn.voronoi import Faces

_ELECTRONEGATIVITY_WEIGHT = 3.0
_LARGEST_DIFFERENCE = 3.3
"""Of Pauling electronegativities between two elements."""

_FULL, _NONE = 0.5, 1.0
"""Angstrom beyond the sum of the radii: up to where a neighbour counts fully, from where not at all."""

_DECIMALS = 3


@dataclass(frozen=True)
class Elements:
    """What CrystalNN knows of the elements, (119,) each: covalent radii in Angstrom and Pauling electronegativities."""

    radius: NDArray[np.float64]
    electronegativity: NDArray[np.float64]


@cache
def elements() -> Elements:
    """Cordero's radii with sp2 carbon and high-spin Mn, Fe, Co, NaN beyond Cm; NaN for unknown electronegativities."""
    import warnings

    from pymatgen.core import Element

    radius = COVALENT_RADII.copy()
    radius[[6, 25, 26, 27]] = 0.73, 1.50, 1.42, 1.38
    radius[0], radius[97:] = np.nan, np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        values = [np.nan, *(Element(symbol).X for symbol in SYMBOLS[1:])]
    return Elements(radius, np.array(values, float))


@dataclass(frozen=True)
class Neighbours:
    """Neighbours of S sites in the order of their weights, padded to F.

    weight : (S, F) between 0 and 1, rounded to three decimals; 0 where padded
    exact : (S, F) the same before rounding
    vector : (S, F, 3) Angstrom
    """

    weight: NDArray[np.float64]
    exact: NDArray[np.float64]
    vector: NDArray[np.float64]


def neighbours(faces: Faces, numbers: NDArray[np.int16], site_numbers: NDArray[np.int16], of: Elements) -> Neighbours:
    """Weigh the faces of Voronoi cells.

    A face counts by its solid angle, times solid angle over area (which corrects for pores), by the
    difference in electronegativity, and by the distance beyond the sum of the covalent radii.
    Sites without a cell, or with an element of unknown radius beside them, get NaN.
    numbers : (N,) of all atoms in the batch; site_numbers : (S,) of the sites
    """
    n_sites = len(faces.closed)
    own, other = site_numbers[faces.site], numbers[faces.atom]
    weight = faces.solid_angle / _largest(faces.site, faces.solid_angle, n_sites)[faces.site]
    with np.errstate(divide="ignore", invalid="ignore"):
        weight *= faces.solid_angle / faces.area
    difference = np.abs(of.electronegativity[own] - of.electronegativity[other]) / _LARGEST_DIFFERENCE
    weight *= 1 + _ELECTRONEGATIVITY_WEIGHT * np.sqrt(np.nan_to_num(difference))
    weight /= _largest(faces.site, weight, n_sites)[faces.site]
    beyond = np.linalg.norm(faces.vector, axis=1) - of.radius[own] - of.radius[other]
    weight *= 0.5 * (1 + np.cos(np.pi * np.clip((beyond - _FULL) / (_NONE - _FULL), 0, 1)))

    order = np.lexsort((-weight, faces.site))
    site, weight, vector = faces.site[order], weight[order], faces.vector[order]
    counts = np.bincount(site, minlength=n_sites)
    rank = np.arange(len(site)) - np.repeat(np.cumsum(counts) - counts, counts)
    shape = (n_sites, int(counts.max(initial=1)))
    exact, vectors = np.zeros(shape), np.zeros((*shape, 3))
    exact[site, rank], vectors[site, rank] = weight, vector
    exact[~faces.closed] = np.nan
    exact[np.isnan(exact).any(1)] = np.nan
    return Neighbours(np.round(exact, _DECIMALS), exact, vectors)


def _largest(site: NDArray, values: NDArray, n_sites: int) -> NDArray[np.float64]:
    result = np.full(n_sites, -np.inf)
    np.maximum.at(result, site, values)
    return result


def coordination_weights(weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """(S, F): likelihood of the coordination number column + 1.

    The neighbours up to some weight make a coordination number; its likelihood is the area of the quarter
    circle between that weight and the next lower one. Weights (S, F) must descend.
    """
    below = np.pad(weight, ((0, 0), (0, 1)))[:, 1:]
    return _quarter_circle(weight) - _quarter_circle(below)


def _quarter_circle(x: NDArray) -> NDArray:
    """Share of the area of a quarter circle left of x."""
    x = np.minimum(x, 1.0)
    return 2 / np.pi * (x * np.sqrt(1 - x * x) + np.arcsin(x))
