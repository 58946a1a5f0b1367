"""What another package brings to the funnel: a potential, a stage, a quantity and a property model of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from crystal_studio.candidates.quantities import Method, Quantity
from crystal_studio.candidates.verdicts import Finding, Reason, ReasonKind, rejecting
from crystal_studio.crystal.asymmetric_unit import expand
from crystal_studio.crystal.batches import AsymmetricUnits
from crystal_studio.crystal.element_data import COVALENT_RADII
from crystal_studio.crystal.lattice import densities
from crystal_studio.crystal.neighbours import neighbours_within
from crystal_studio.crystal.soundness import COMPUTABLE, is_sound
from crystal_studio.funnel.stage_options import option
from crystal_studio.potentials.one_by_one import Energies, OneByOne
from crystal_studio.properties.protocol import Predictions

LONGEST_BOND = Quantity(
    "longest_bond", "Longest bond", "d<sub>bond</sub>", "Å", ".2f", description="Longest of the bonds that are stated"
)


def morse(lattice, numbers, positions, stretch=1.0):
    """Every pair in a Morse well at the sum of its covalent radii, stretched, cut off smoothly at 6 Angstrom; eV."""
    i, j, image, r = neighbours_within(lattice, positions, 6.0)
    vector = (positions[j] + image - positions[i]) @ lattice
    radius = stretch * COVALENT_RADII[numbers]
    x = np.exp(-1.4 * (r - radius[i] - radius[j]))
    window, slope = (1 - (r / 6) ** 2) ** 2, -4 * r / 36 * (1 - (r / 6) ** 2)
    energy = 0.5 * (x * x - 2 * x)
    derivative = -1.4 * (x * x - x) * window + energy * slope
    pull = (derivative / r)[:, None] * vector
    forces = np.zeros((len(numbers), 3))
    np.add.at(forces, i, pull)
    stress = 0.5 * np.einsum("na,nb->ab", pull, vector) / abs(np.linalg.det(lattice))
    return Energies(0.5 * float((energy * window).sum()), forces, stress)


class Springs(OneByOne):
    name = "springs"
    title = "Springs between atoms"
    functional = "Morse pairs"
    package = ""
    stretch = 1.0

    def __init__(self, device="cpu"):
        self.device = device

    def evaluation_of(self, lattice, numbers, positions):
        return morse(lattice, numbers, positions, self.stretch)


class Rubber(Springs):
    name = "rubber"
    title = "Rubber between atoms"
    stretch = 1.05


@dataclass(frozen=True)
class BondStage:
    longest: float = option(2.0, "Longest bond", "longest bond that is believed", unit="Å", low=0, high=10)
    rejects: bool = True

    name = "bonds"
    version = 3
    title = "Bonds"
    in_order = costly = remembers = False
    requires = ()
    gives = ("longest_bond",)
    reasons = (ReasonKind("stretched", "A bond is stretched", "A bond is {length:.2f} Å long (limit {limit:.2f} Å)."),)
    seconds = 0.0

    def __call__(self, batch, context):
        cells, bonds = batch.structures, batch.candidates.bonds
        longest = np.full(len(batch), np.nan)
        for i in np.flatnonzero(bonds.known & (bonds.count > 0)) if bonds is not None else ():
            points, rows = cells.positions[cells.atoms(i)], slice(bonds.offsets[i], bonds.offsets[i + 1])
            first, second = bonds.atoms[rows].T
            apart = (points[second] + bonds.image[rows] - points[first]) @ cells.lattice[i]
            longest[i] = np.linalg.norm(apart, axis=1).max()
        reasons = [
            Reason("stretched", {"length": float(x), "limit": self.longest}) if x > self.longest else None
            for x in longest
        ]
        method = Method("bonds", "geometry", "Bonds as stated")
        return rejecting(reasons, [Finding("longest_bond", method, longest)])


class Guess:
    """Says that heavy atoms make small band gaps."""

    name = "guess"
    card: ClassVar = {"title": "A guess", "family": "guess"}

    def predict(self, crystals):
        cells = expand(crystals) if isinstance(crystals, AsymmetricUnits) else crystals
        sound = is_sound(cells, COMPUTABLE)
        atoms = np.maximum(cells.n_atoms, 1)
        mean = 20 / (1 + np.bincount(cells.crystal, cells.numbers, len(cells)) / atoms)
        column = np.where(sound, mean, np.nan)[:, None]
        nothing = np.full(len(cells), np.nan)
        density = nothing.copy()
        density[sound] = densities(cells.take(np.flatnonzero(sound)))
        reasons = tuple("" if ok else "no crystal" for ok in sound)
        wide = 0 * column + 1
        return Predictions(
            ("band_gap",), column, wide, column - 2, column + 2, wide, wide, nothing, density, sound, reasons
        )
