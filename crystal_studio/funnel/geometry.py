"""Are the atoms far enough apart, and is the cell of a believable size and shape?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.elements import COVALENT_RADII, SYMBOLS
from crystal_studio.crystal.lattice import cell_parameters
from crystal_studio.crystal.neighbours import closest_contacts
from crystal_studio.funnel.protocol import Batch, Verdicts
from crystal_studio.funnel.verdict import rejecting

PUBLISHED_LIMIT = 0.5
"""Angstrom: the least distance of the published structural validity (CDVAE)."""

MOST_ATOMS = 4000
"""Atoms in a cell beyond which a candidate is not judged."""


@dataclass(frozen=True)
class Geometry:
    """Rejects overlaps over all periodic images (own images included) and absurd cells.

    radius_fraction : least distance in sums of covalent radii
    volume_per_atom : Angstrom^3, the 0.1 and 99.9 percentile of the training data (7.3 and 84.8), widened by a
        quarter so that diamond (5.7) passes
    edges : Angstrom, conventional cell; angles : degrees
    """

    radius_fraction: float = 0.6
    volume_per_atom: tuple[float, float] = (5.5, 106.0)
    edges: tuple[float, float] = (1.5, 100.0)
    angles: tuple[float, float] = (20.0, 160.0)

    name = "geometry"
    title = "Distances and cell"
    in_order = False
    costly = False

    def __call__(self, batch: Batch, context: Any) -> Verdicts:
        """Verdicts; values: min_distance (Angstrom), min_radius_ratio, valid_published (0 or 1)."""
        structures = batch.structures
        reasons = [self._cell_reason(structures, i) for i in range(len(structures))]
        distance = np.full(len(structures), np.nan)
        ratio = np.full(len(structures), np.nan)
        sound = np.flatnonzero([not r for r in reasons])
        if len(sound):
            good = structures.take(sound)
            contacts = closest_contacts(good, by_radii=True)
            distance[sound] = closest_contacts(good).distance
            ratio[sound] = contacts.ratio
            for k, i in enumerate(sound):
                if contacts.ratio[k] < self.radius_fraction:
                    reasons[i] = self._overlap(good, contacts.first[k], contacts.second[k], contacts.distance[k])
        published = np.where(np.isnan(distance), np.nan, distance >= PUBLISHED_LIMIT)
        return rejecting(
            reasons, {"min_distance": distance, "min_radius_ratio": ratio, "valid_published": published.astype(float)}
        )

    def _overlap(self, structures: Structures, first: int, second: int, distance: float) -> str:
        one, other = int(structures.numbers[first]), int(structures.numbers[second])
        limit = self.radius_fraction * (COVALENT_RADII[one] + COVALENT_RADII[other])
        apart = f"{distance:.2f} A apart (limit {limit:.2f} A)"
        if first == second:
            return f"{SYMBOLS[one]} and its own periodic image are {apart}."
        if one == other:
            return f"Two {SYMBOLS[one]} atoms are {apart}."
        low, high = sorted((SYMBOLS[one], SYMBOLS[other]))
        return f"{low} and {high} are {apart}."

    def _cell_reason(self, structures: Structures, i: int) -> str:
        n = int(structures.n_atoms[i])
        lattice = structures.lattice[i]
        if n == 0:
            return "The cell holds no atom."
        if n > MOST_ATOMS:
            return f"The cell holds {n} atoms (limit {MOST_ATOMS})."
        if not np.isfinite(lattice).all() or not np.isfinite(structures.positions[structures.atoms(i)]).all():
            return "The cell or a position is not a finite number."
        volume = abs(float(np.linalg.det(lattice))) / n
        low, high = self.volume_per_atom
        if not low <= volume <= high:
            return f"The volume is {volume:.3g} A^3 per atom (known crystals: {low:.1f} to {high:.1f} A^3)."
        parameters = cell_parameters(lattice[None])[0]
        short, long = self.edges
        for label, edge in zip("abc", parameters[:3], strict=True):
            if not short <= edge <= long:
                return f"The cell edge {label} is {edge:.3g} A (limits {short:.1f} and {long:.0f} A)."
        sharp, blunt = self.angles
        for label, angle in zip(("alpha", "beta", "gamma"), parameters[3:], strict=True):
            if not sharp <= angle <= blunt:
                return f"The cell angle {label} is {angle:.0f} degrees (limits {sharp:.0f} and {blunt:.0f} degrees)."
        return ""
