"""Orbits that have come onto a special position: what is two atoms closer than a distance becomes one between them."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from crystal_studio.crystal.batches import AsymmetricUnits
from crystal_studio.crystal.multigraph import Orbits, edges_within
from crystal_studio.crystal.projection import nearest_on, project
from crystal_studio.crystal.space_groups import tables


def crowded(units: AsymmetricUnits, reach: float) -> NDArray[np.bool_]:
    """(B, M) orbits of which two atoms are closer than ``reach`` Angstrom."""
    crystal, column = np.nonzero(units.mask)
    orbits = Orbits.of(units.space_group, crystal, units.wyckoff[crystal, column])
    x, lattice = (torch.as_tensor(a).float() for a in (units.positions[crystal, column], units.lattice))
    edges = edges_within(orbits, x, lattice, torch.full((len(units),), reach))
    own = edges.centre[orbits.orbit[edges.atom] == edges.centre].numpy()
    found = np.zeros(units.mask.shape, bool)
    found[crystal[own], column[own]] = True
    return found


def merged(units: AsymmetricUnits, reach: float = 0.4) -> AsymmetricUnits:
    """Asymmetric units in which each such orbit lies on the position of its group that has the fewest atoms of those
    within half of ``reach`` (the published 0.4 Angstrom), the nearest of equals.

    It then has fewer atoms: the composition changes. A position without free parameters takes one orbit only; an orbit
    for which none is left stays where it is.
    """
    table = tables()
    wyckoff, positions = units.wyckoff.copy(), units.positions.copy()
    for i, m in np.argwhere(crowded(units, reach)):
        group, row = int(units.space_group[i]), int(wyckoff[i, m])
        rows = np.asarray(table.wyckoff_rows(group))
        rows = rows[table.multiplicity[rows] < table.multiplicity[row]]
        taken = np.isin(rows, np.delete(wyckoff[i], m)) & (table.degrees_of_freedom[rows] == 0)
        rotations, translations = table.operations(group)
        images = rotations @ positions[i, m] + translations
        rows, image = (a.ravel() for a in np.meshgrid(rows[~taken], np.arange(len(images)), indexing="ij"))
        away, _ = nearest_on(rows, images[image] % 1.0, np.repeat(units.lattice[i][None], len(rows), 0))
        near = np.flatnonzero(away < reach / 2)
        if len(near):
            best = near[np.lexsort((away[near], table.multiplicity[rows[near]]))[0]]
            wyckoff[i, m], positions[i, m] = rows[best], images[image[best]]
    classes = table.site_class[np.maximum(wyckoff, 0)].astype(np.int64)
    return project(units.space_group, units.lattice, units.numbers, classes, positions, wyckoff)
