"""The elastic tensor of a crystal by a potential, and what follows from it for a polycrystal.

Stresses of six strains, both ways, with the atoms relaxed in the strained cell. Averages after Voigt, Reuss and Hill
(Hill, Proc. Phys. Soc. A 65, 349 (1952)); a crystal is mechanically stable where all eigenvalues of the tensor are
positive (Mouhat and Coudert, Phys. Rev. B 90, 224104 (2014)).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crystal_studio.analysis.protocol import Analysis, Column, Tell, silent
from crystal_studio.analysis.rest import at_rest
from crystal_studio.crystal.batches import Structures
from crystal_studio.potentials.protocol import Potential

GPA = 160.21766208
"""One eV/Angstrom^3 in GPa."""

STRAIN = 0.005
VOIGT = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))
"""Components of a symmetric tensor in Voigt's order."""


def elastic(potential: Potential, crystal: Structures, tell: Tell = silent) -> Analysis:
    """Stiffness of one crystal (B = 1) in its own Cartesian axes, after it has been relaxed.

    ``tell`` hears what is being done. Raises ``KnownError`` where the potential cannot relax it.
    """
    tell("Relaxing the crystal")
    rest = at_rest(potential, crystal)
    tell("Relaxing the atoms of twelve strained cells")
    tensor = stiffness(potential, rest)
    bulk, shear = averages(tensor)
    names = [f"c{j}" for j in range(1, 7)]
    columns = {"row": Column("GPa")} | {name: Column(name[1:], "", ".1f") for name in names}
    values = {"row": [str(i) for i in range(1, 7)]} | dict(zip(names, tensor.T.tolist(), strict=True))
    hill_bulk, hill_shear = sum(bulk) / 2, sum(shear) / 2
    stable = bool(np.linalg.eigvalsh(tensor).min() > 0)
    figures = (
        ("Bulk modulus, Voigt, Reuss", f"{bulk[0]:.1f}, {bulk[1]:.1f}", "GPa"),
        ("Shear modulus, Voigt, Reuss", f"{shear[0]:.1f}, {shear[1]:.1f}", "GPa"),
        ("Bulk modulus, Hill", hill_bulk, "GPa"),
        ("Shear modulus, Hill", hill_shear, "GPa"),
        ("Young's modulus", 9 * hill_bulk * hill_shear / (3 * hill_bulk + hill_shear), "GPa"),
        ("Poisson's ratio", (3 * hill_bulk - 2 * hill_shear) / (2 * (3 * hill_bulk + hill_shear)), ""),
        ("Mechanically stable", "yes" if stable else "no", ""),
    )
    return Analysis("Elastic tensor", columns, values, figures, (f"By {potential.title}.",))


def stiffness(potential: Potential, rest: Structures) -> NDArray[np.float64]:
    """(6, 6) GPa, symmetric, of one crystal (B = 1) at rest."""
    lattices, signs = [], []
    for a, b in VOIGT:
        for sign in (1.0, -1.0):
            strain = np.zeros((3, 3))
            strain[a, b] += 0.5 * sign * STRAIN
            strain[b, a] += 0.5 * sign * STRAIN  # engineering strain: a shear of STRAIN, a stretch of STRAIN
            lattices.append(rest.lattice[0] @ (np.eye(3) + strain))
            signs.append(sign)
    size = len(lattices)
    strained = Structures.from_lists(lattices, [rest.numbers] * size, [rest.positions] * size)
    settled = potential.relax(strained, 200, 0.01, symmetric=False, moving_cell=False).structures
    stress = potential.evaluate(settled).stress
    voigt = np.stack([stress[:, a, b] for a, b in VOIGT], 1)  # (12, 6)
    tensor = (voigt[0::2] - voigt[1::2]) / (2 * STRAIN) * GPA
    return 0.5 * (tensor + tensor.T)


def averages(tensor: NDArray) -> tuple[tuple[float, float], tuple[float, float]]:
    """(Voigt, Reuss) of the bulk modulus and of the shear modulus, GPa."""
    c, s = tensor, np.linalg.pinv(tensor)
    diagonal, mixed, shears = (lambda m: m[0, 0] + m[1, 1] + m[2, 2]), (lambda m: m[0, 1] + m[0, 2] + m[1, 2]), np.diag
    bulk = ((diagonal(c) + 2 * mixed(c)) / 9, 1 / (diagonal(s) + 2 * mixed(s)))
    voigt = (diagonal(c) - mixed(c) + 3 * shears(c)[3:].sum()) / 15
    reuss = 15 / (4 * diagonal(s) - 4 * mixed(s) + 3 * shears(s)[3:].sum())
    return (float(bulk[0]), float(bulk[1])), (float(voigt), float(reuss))
