"""Vibrations of a crystal at the zone centre and the wave vectors of a supercell, as a table."""

from __future__ import annotations

import numpy as np

from crystal_studio.analysis.protocol import Analysis, Column, Tell, silent
from crystal_studio.analysis.rest import at_rest
from crystal_studio.crystal.batches import Structures
from crystal_studio.errors import KnownError
from crystal_studio.potentials.phonons import frequencies
from crystal_studio.potentials.protocol import Potential


def vibrations(potential: Potential, crystal: Structures, tell: Tell = silent) -> Analysis:
    """One row a mode of one crystal (B = 1), after it has been relaxed; imaginary frequencies are negative.

    ``tell`` hears what is being done. Raises ``KnownError`` where the potential cannot relax it or has no forces.
    """
    tell("Relaxing the crystal")
    lattice, numbers, positions = at_rest(potential, crystal).cell(0)
    tell("Forces of displaced atoms in a supercell")
    vectors, found = frequencies(potential, lattice, numbers, positions)
    if np.isnan(found).any():
        raise KnownError(f"{potential.title} has no forces of displaced atoms: try another potential.")
    modes = found.shape[1]
    values = {name: np.repeat(vectors[:, axis], modes).tolist() for axis, name in enumerate(("qx", "qy", "qz"))}
    values |= {"mode": np.tile(np.arange(1, modes + 1), len(vectors)).tolist(), "frequency": found.ravel().tolist()}
    columns = {name: Column(name, "", ".3f") for name in ("qx", "qy", "qz")}
    columns |= {"mode": Column("Mode", "", "d"), "frequency": Column("Frequency", "THz", ".3f")}
    figures = (("Lowest frequency", float(found.min()), "THz"), ("Highest frequency", float(found.max()), "THz"))
    return Analysis("Vibrations", columns, values, figures, (f"By {potential.title}; negative means imaginary.",))
