"""What the analysis views show of a candidate, found off the GUI thread; no Qt here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from crystal_studio.project.rows import CandidateRow

if TYPE_CHECKING:
    from crystal_studio.analysis.powder import Measured
    from crystal_studio.analysis.protocol import Analysis
    from crystal_studio.project.queries import ProjectReader

WAVELENGTHS = {
    "Cu Kα": 1.54184,
    "Mo Kα": 0.71073,
    "Ag Kα": 0.56087,
    "Co Kα": 1.79026,
    "Fe Kα": 1.93735,
    "Cr Kα": 2.29100,
}
"""Angstrom, the mean of the doublet."""

WIDTH = 0.15
"""Degrees: full width of a drawn reflection."""

STEP = 0.02
"""Degrees between two points of a drawn pattern."""


@dataclass(frozen=True)
class Powder:
    """Reflections, the pattern drawn from them, and how well it agrees with a measured one (None: there is none)."""

    found: Analysis
    angle: NDArray[np.float64]
    intensity: NDArray[np.float64]
    measured: Measured | None = None
    agreement: float | None = None


def powder(reader: ProjectReader, row: CandidateRow, wavelength: float, measured: Measured | None) -> Powder:
    """The powder pattern of a candidate's current geometry, the strongest point of what is drawn at 100."""
    from crystal_studio.analysis.powder import RANGE, agreement, pattern, profile

    found = pattern(reader.structures([row.id]), wavelength)
    low, high = RANGE
    angle = np.arange(low, high + STEP / 2, STEP)
    intensity = profile(found, angle, WIDTH)
    if measured is None:
        return Powder(found, angle, intensity)
    alike = agreement(found, measured, WIDTH)
    found = replace(found, figures=(*found.figures, ("Agreement with the measured pattern", alike, "")))
    return Powder(found, angle, intensity, measured, alike)


def distances(reader: ProjectReader, row: CandidateRow) -> Analysis:
    """The radial distribution function of a candidate's current geometry."""
    from crystal_studio.analysis.distances import radial_distribution

    return radial_distribution(reader.structures([row.id]))


def coordination(reader: ProjectReader, row: CandidateRow) -> Analysis:
    """Neighbours, oxidation states and bond valences of a candidate's orbits."""
    from crystal_studio.analysis.coordination import coordination

    return coordination(reader.structures([row.id]))


def measured(path: Path) -> Measured:
    """A measured pattern from a file of two columns; raises ``FileError``."""
    from crystal_studio.analysis.powder import read_measured

    return read_measured(path)


def voices() -> tuple[tuple[str, str], ...]:
    """(name, title) of the potentials that can be asked."""
    from crystal_studio.potentials import registry

    return tuple((name, registry.method(name).title.split(" (")[0] or name) for name in registry.available())


def figures_text(found: Analysis) -> str:
    """Single figures and notes on one line."""
    words = []
    for title, value, unit in found.figures:
        shown = f"{value:.4g}" if isinstance(value, float) else str(value)
        words.append(f"{title} {shown} {unit}".rstrip())
    return "  ·  ".join([*words, *found.notes])
