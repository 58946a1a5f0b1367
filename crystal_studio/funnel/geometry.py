"""Are the atoms far enough apart, and is the cell of a believable size and shape?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.candidates.quantities import Method
from crystal_studio.candidates.verdicts import Finding, Reason, ReasonKind, Verdicts, rejecting
from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.element_data import COVALENT_RADII
from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.crystal.lattice import cell_parameters
from crystal_studio.crystal.neighbours import closest_contacts
from crystal_studio.crystal.soundness import READABLE, CellFault, cell_faults, fault_texts
from crystal_studio.errors import RequestError
from crystal_studio.funnel.protocol import Batch
from crystal_studio.funnel.stage_options import option

PUBLISHED_LIMIT = 0.5
"""Angstrom: the least distance of the published structural validity (CDVAE)."""

MOST_ATOMS = 4000
"""Atoms in a cell beyond which a candidate is not judged."""

LIMITS = replace(READABLE, most_atoms=MOST_ATOMS)
"""Of what the later stages compute with; the limits of ``GeometryStage`` ask what crystals are like."""

METHOD = Method("geometry", "geometry", "Computed from the geometry")
"""How everything is found that follows from positions and cell alone."""


def shortest(structures: Structures, rows: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(B,) the shortest distance in Angstrom, and (B,) the shortest in sums of covalent radii; NaN where ``rows`` (B,)
    is false."""
    distance, ratio = np.full((2, len(structures)), np.nan)
    if rows.any():
        good = structures.take(rows)
        distance[rows] = closest_contacts(good).distance
        ratio[rows] = closest_contacts(good, by_radii=True).ratio
    return distance, ratio


@dataclass(frozen=True)
class GeometryStage:
    """Rejects overlaps over all periodic images (own images included) and absurd cells.

    The limits of the volume per atom are the 0.1 and 99.9 percentile of the training data (7.3 and 84.8 Angstrom^3),
    widened by a quarter so that diamond (5.7) passes; edges and angles are those of the conventional cell.
    """

    radius_fraction: float = option(
        0.6, "Least distance", "least distance of two atoms, in sums of their covalent radii", low=0, high=2, step=0.05
    )
    least_volume: float = option(
        5.5, "Least volume", "least volume of the cell per atom", unit="Å³/atom", low=0, high=10_000, step=0.5
    )
    most_volume: float = option(
        106.0, "Most volume", "largest volume of the cell per atom", unit="Å³/atom", low=0, high=10_000, step=1
    )
    shortest_edge: float = option(
        1.5, "Shortest edge", "shortest edge of the cell", unit="Å", low=0, high=1000, step=0.1
    )
    longest_edge: float = option(100.0, "Longest edge", "longest edge of the cell", unit="Å", low=0, high=1000, step=1)
    sharpest_angle: float = option(
        20.0, "Sharpest angle", "smallest angle of the cell", unit="°", low=0, high=180, step=1, advanced=True
    )
    bluntest_angle: float = option(
        160.0, "Bluntest angle", "largest angle of the cell", unit="°", low=0, high=180, step=1, advanced=True
    )
    rejects: bool = True

    name = "geometry"
    version = 1
    title = "Distances and cell"
    in_order = False
    costly = False
    remembers = False
    requires = ()
    gives = ("min_distance", "min_radius_ratio")
    reasons = (
        ReasonKind("empty", "No atom in the cell", "The cell holds no atom."),
        ReasonKind("too_many_atoms", "Too many atoms", "The cell holds {atoms} atoms (limit {limit})."),
        ReasonKind("not_finite", "Not a finite number", "The cell or a position is not a finite number."),
        ReasonKind(
            "volume",
            "Unbelievable volume per atom",
            "The volume is {volume:.3g} Å³ per atom (known crystals: {low:.1f} to {high:.1f} Å³).",
        ),
        ReasonKind(
            "edge",
            "Unbelievable cell edge",
            "The cell edge {edge} is {length:.3g} Å (limits {low:.1f} and {high:.0f} Å).",
        ),
        ReasonKind(
            "angle",
            "Unbelievable cell angle",
            "The cell angle {angle} is {degrees:.0f}° (limits {low:.0f}° and {high:.0f}°).",
        ),
        ReasonKind("not_sound", "No cell of a crystal", "Nothing can be computed of this cell: {text}."),
        ReasonKind("overlap", "Atoms overlap", "{atoms} are {distance:.2f} Å apart (limit {limit:.2f} Å)."),
    )
    seconds = 0.0

    def __post_init__(self) -> None:
        for low, high in (
            ("least_volume", "most_volume"),
            ("shortest_edge", "longest_edge"),
            ("sharpest_angle", "bluntest_angle"),
        ):
            if getattr(self, low) > getattr(self, high):
                one, other = (name.replace("_", " ") for name in (low, high))
                raise RequestError(f"The {one} is larger than the {other}, so no cell would pass.", low)

    def __call__(self, batch: Batch, context: Any) -> Verdicts:
        """Finds min_distance (Angstrom) and min_radius_ratio; notes valid_published (0 or 1)."""
        structures = batch.structures
        faults, texts = cell_faults(structures, LIMITS), fault_texts(structures, LIMITS)
        reasons = [self._of_cell(structures, i, CellFault(int(faults[i])), texts[i]) for i in range(len(structures))]
        distance = np.full(len(structures), np.nan)
        ratio = np.full(len(structures), np.nan)
        sound = np.flatnonzero([r is None for r in reasons])
        if len(sound):
            good = structures.take(sound)
            contacts = closest_contacts(good, by_radii=True)
            distance[sound] = closest_contacts(good).distance
            ratio[sound] = contacts.ratio
            for k, i in enumerate(sound):
                if contacts.ratio[k] < self.radius_fraction:
                    first, second = int(contacts.first[k]), int(contacts.second[k])
                    reasons[i] = self._overlap(good, first, second, float(contacts.distance[k]))
        published = np.where(np.isnan(distance), np.nan, distance >= PUBLISHED_LIMIT).astype(float)
        findings = (Finding("min_distance", METHOD, distance), Finding("min_radius_ratio", METHOD, ratio))
        return rejecting(reasons, findings, {"valid_published": published})

    def _overlap(self, structures: Structures, first: int, second: int, distance: float) -> Reason:
        one, other = int(structures.numbers[first]), int(structures.numbers[second])
        limit = self.radius_fraction * (COVALENT_RADII[one] + COVALENT_RADII[other])
        low, high = sorted((SYMBOLS[one], SYMBOLS[other]))
        if first == second:
            atoms = f"{low} and its own periodic image"
        else:
            atoms = f"Two {low} atoms" if one == other else f"{low} and {high}"
        told = {"atoms": atoms, "first": low, "second": high, "distance": distance, "limit": float(limit)}
        return Reason("overlap", told)

    def _of_cell(self, structures: Structures, i: int, fault: CellFault, text: str) -> Reason | None:
        """First whether anything can be computed of the cell, then whether crystals have such cells."""
        n = int(structures.n_atoms[i])
        lattice = structures.lattice[i]
        match fault:
            case CellFault.EMPTY:
                return Reason("empty")
            case CellFault.TOO_MANY_ATOMS:
                return Reason("too_many_atoms", {"atoms": n, "limit": MOST_ATOMS})
            case CellFault.NOT_FINITE:
                return Reason("not_finite")
            case CellFault.NO_ELEMENT:
                return Reason("not_sound", {"text": text})
        with np.errstate(all="ignore"):  # squares of 1e200
            volume = abs(float(np.linalg.det(lattice))) / n
            parameters = cell_parameters(lattice[None])[0]
        low, high = self.least_volume, self.most_volume
        if not low <= volume <= high:
            return Reason("volume", {"volume": volume, "low": low, "high": high})
        short, long = self.shortest_edge, self.longest_edge
        for label, edge in zip("abc", parameters[:3].tolist(), strict=True):
            if not short <= edge <= long:
                return Reason("edge", {"edge": label, "length": edge, "low": short, "high": long})
        sharp, blunt = self.sharpest_angle, self.bluntest_angle
        for label, angle in zip("αβγ", parameters[3:].tolist(), strict=True):
            if not sharp <= angle <= blunt:
                return Reason("angle", {"angle": label, "degrees": angle, "low": sharp, "high": blunt})
        return Reason("not_sound", {"text": text}) if fault else None
