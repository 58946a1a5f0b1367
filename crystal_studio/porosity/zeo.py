"""Zeo++ (Willems et al., Microporous Mesoporous Mater. 149, 134 (2012)) through pyzeo, in a process of its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from crystal_studio.candidates.quantities import Method
from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.crystal.lattice import cell_parameters
from crystal_studio.execution.other_python import ProgramError, ask, python_with
from crystal_studio.porosity.protocol import Pores, Probe

JITTER = 1e-3
"""Angstrom by which atoms are displaced at random: Zeo++ exits where Voronoi cells of symmetric crystals degenerate."""

ATTEMPTS = 3
_SCRIPT = Path(__file__).with_name("zeo_job.py")


class Zeo:
    """See ``PoreProgram``."""

    name = "zeo++"

    def method(self) -> Method:
        """See ``PoreProgram``."""
        _, version = python_with("pyzeo", "Zeo++ (pyzeo)")
        return Method("zeo++", "geometry", f"Zeo++ (pyzeo {version})")

    def measure(self, crystal: Structures, probe: Probe, seconds: float) -> Pores:
        """See ``PoreProgram``; a crash is tried again with other small displacements."""
        python, _ = python_with("pyzeo", "Zeo++ (pyzeo)")
        lattice, numbers, positions = crystal.cell(0)
        asked = {
            "cell": cell_parameters(lattice[None])[0].tolist(),
            "symbols": [SYMBOLS[z] for z in numbers.tolist()],
            "radius": probe.radius,
            "samples": probe.samples,
            "divided": probe.divided,
        }
        if np.linalg.det(lattice) < 0:
            positions = -positions  # cell parameters mean a right-handed cell
        for attempt in range(ATTEMPTS):
            moved = np.random.default_rng(attempt).uniform(-JITTER, JITTER, positions.shape) @ np.linalg.inv(lattice)
            try:
                answer = ask(python, _SCRIPT, asked | {"positions": ((positions + moved) % 1.0).tolist()}, seconds)
                return Pores(**answer)
            except ProgramError:
                if attempt == ATTEMPTS - 1:
                    raise
        raise AssertionError


ZEO = Zeo()
