"""The powder pattern of a crystal, and how well it agrees with a measured one.

Positions and intensities are pymatgen's (kinematical, with Lorentz and polarisation factors, without absorption and
thermal motion); profiles are pseudo-Voigt.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.analysis.protocol import Analysis, Column
from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.errors import FileError, KnownError

WAVELENGTH = 1.54184
"""Angstrom, copper K alpha."""

RANGE = (5.0, 90.0)
"""Degrees of the diffraction angle."""

LEAST = 0.05
"""Percent of the strongest reflection below which one is left out."""


@dataclass(frozen=True)
class Measured:
    """A measured pattern: angle (n,) degrees, ascending, and intensity (n,) in any unit."""

    angle: NDArray[np.float64]
    intensity: NDArray[np.float64]


@dataclass(frozen=True)
class Reflections:
    """Of one crystal, n families: indices of one member (n, 3), angle two_theta (n,) degrees, intensity (n,), the
    strongest 100."""

    hkl: NDArray[np.float64]
    two_theta: NDArray[np.float64]
    intensity: NDArray[np.float64]


def reflections(crystal: Structures, wavelength: float, limits: tuple[float, float]) -> Reflections:
    """All reflections of one crystal (B = 1) between two diffraction angles, degrees; raises ``KnownError`` for
    elements whose scattering is not known."""
    found = _calculated(crystal, wavelength, limits)
    # Hexagonal indices have four places, the third of which follows from the others.
    indices = [family[0]["hkl"] for family in found.hkls]
    hkl = np.array([(h[0], h[1], h[-1]) for h in indices], float).reshape(-1, 3)
    return Reflections(hkl, np.asarray(found.x, float), np.asarray(found.y, float))


def _calculated(crystal: Structures, wavelength: float, limits: tuple[float, float]) -> Any:
    from pymatgen.analysis.diffraction.xrd import XRDCalculator
    from pymatgen.core import Lattice, Structure

    symbols = [SYMBOLS[z] for z in crystal.numbers.tolist()]
    structure = Structure(Lattice(crystal.lattice[0]), symbols, crystal.positions)
    try:
        return XRDCalculator(wavelength=wavelength).get_pattern(structure, two_theta_range=limits)
    except ValueError as error:
        raise KnownError(f"There is no powder pattern of this crystal: {str(error).rstrip('.')}.") from error


def pattern(crystal: Structures, wavelength: float = WAVELENGTH, limits: tuple[float, float] = RANGE) -> Analysis:
    """Reflections of one crystal (B = 1) by diffraction angle, the strongest with intensity 100."""
    found = _calculated(crystal, wavelength, limits)
    keep = [i for i, height in enumerate(found.y) if height >= LEAST]
    values: dict[str, list[Any]] = {
        "two_theta": [float(found.x[i]) for i in keep],
        "intensity": [float(found.y[i]) for i in keep],
        "d": [float(found.d_hkls[i]) for i in keep],
        "hkl": [", ".join("(" + " ".join(map(str, family["hkl"])) + ")" for family in found.hkls[i]) for i in keep],
        "multiplicity": [sum(int(family["multiplicity"]) for family in found.hkls[i]) for i in keep],
    }
    columns = {
        "two_theta": Column("2θ", "°", ".3f"),
        "intensity": Column("Intensity", "%", ".1f"),
        "d": Column("d", "Å", ".4f"),
        "hkl": Column("hkl"),
        "multiplicity": Column("Multiplicity", "", "d"),
    }
    return Analysis("Powder pattern", columns, values, (("Wavelength", wavelength, "Å"),))


def profile(reflections: Analysis, angle: NDArray, width: float = 0.15, mixing: float = 0.5) -> NDArray[np.float64]:
    """(n,) intensity at angles (n,) degrees: every reflection a pseudo-Voigt of full width ``width`` degrees."""
    centre = np.asarray(reflections.values["two_theta"], float)
    height = np.asarray(reflections.values["intensity"], float)
    apart = (np.asarray(angle, float)[:, None] - centre) / width
    lorentz, gauss = 1 / (1 + 4 * apart**2), np.exp(-4 * np.log(2) * apart**2)
    return (mixing * lorentz + (1 - mixing) * gauss) @ height


def read_measured(path: Path) -> Measured:
    """A measured pattern from two columns of numbers, angle and intensity; other lines are left out.

    Raises ``FileError`` where fewer than ten such lines are found or the file cannot be read.
    """
    rows = []
    try:
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            words = line.replace(",", " ").replace(";", " ").split()
            try:
                angle, intensity = float(words[0]), float(words[1])
            except (ValueError, IndexError):
                continue
            if np.isfinite(angle) and np.isfinite(intensity):
                rows.append((angle, intensity))
    except OSError as error:
        raise FileError(f"The pattern {path} cannot be read ({error.strerror}): check its name.") from error
    if len(rows) < 10:
        raise FileError(f"{path} holds no pattern: two columns of numbers are needed, 2θ in degrees and intensity.")
    table = np.array(sorted(rows))
    return Measured(table[:, 0], table[:, 1])


def agreement(reflections: Analysis, measured: Measured, width: float = 0.15) -> float:
    """Cosine of the angle between the two profiles after the background is taken off: 1 for the same pattern."""
    calculated = profile(reflections, measured.angle, width)
    observed = measured.intensity - background(measured, 20 * width)
    length = np.linalg.norm(calculated) * np.linalg.norm(observed)
    return float(calculated @ observed / length) if length else 0.0


def background(measured: Measured, reach: float) -> NDArray[np.float64]:
    """(n,) the lowest intensity within ``reach`` degrees, smoothed: what lies under the reflections."""
    from scipy.ndimage import minimum_filter1d, uniform_filter1d

    step = max(float(np.median(np.diff(measured.angle))), 1e-6)
    size = int(np.clip(reach / step, 1, len(measured.angle)))
    return uniform_filter1d(minimum_filter1d(measured.intensity, size), size)
