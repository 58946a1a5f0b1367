"""What every interatomic potential must pass."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crystal_studio.conformance import samples
from crystal_studio.conformance.batches import need, same
from crystal_studio.crystal.batches import Structures
from crystal_studio.potentials.protocol import GIVEN_UP, Potential, PotentialClass, Relaxation

TOLERANCE = 5e-3
"""eV/atom within which the energies of one crystal agree however it is described (single precision)."""

STEPS, FMAX = 30, 0.1
EV_A3 = 160.21766208
"""GPa in one eV/Angstrom^3."""


def facts(entry: PotentialClass) -> None:
    """Name, title, functional and package are there before it is made."""
    for name in ("name", "title", "functional"):
        need(isinstance(getattr(entry, name, None), str) and getattr(entry, name), f"{name} is a text")
    need(isinstance(getattr(entry, "package", None), str), "package is a text, empty where none is needed")


def shapes(potential: Potential) -> None:
    """(B,) float64 eV/atom for no crystal, one and several; it knows at least one of ordinary ones."""
    whole = samples.crystals()
    for size in (0, 1, len(whole)):
        found = potential.energies(whole.take(np.arange(size)))
        need(isinstance(found, np.ndarray) and found.shape == (size,), f"energies of {size} crystals are (B,)")
        need(found.dtype == np.float64, f"energies are float64, not {found.dtype}")
    need(np.isfinite(found).any(), "it has an energy for at least one of rock salt, silicon, CsCl, iron and GeO2")


def determinism(potential: Potential) -> None:
    """Asked twice, and in another order, it answers the same."""
    whole = samples.crystals()
    found = potential.energies(whole)
    need(np.array_equal(found, potential.energies(whole), equal_nan=True), "asked twice: energies differ")
    order = np.arange(len(whole))[::-1]
    turned = potential.energies(whole.take(order))[order]
    need(samples.close(found, turned, TOLERANCE), "in another order of the batch: energies differ")
    alone = np.concatenate([potential.energies(whole.take(np.array([i]))) for i in range(len(whole))])
    need(samples.close(found, alone, TOLERANCE), "one by one: energies differ")


def invariance(potential: Potential) -> None:
    """The energy an atom does not depend on origin, orientation, order of atoms or size of the cell."""
    whole = samples.crystals()
    found = potential.energies(whole)
    moved = potential.energies(samples.redescribed(whole))
    need(samples.close(found, moved, TOLERANCE), f"turned and shifted: energies differ ({found}, {moved})")
    doubled = potential.energies(samples.doubled(whole))
    need(samples.close(found, doubled, TOLERANCE), f"in a doubled cell: energies differ ({found}, {doubled})")


def absurd_cells(potential: Potential) -> None:
    """Cells that are none have no energy, or any finite one, and are given up with a reason; nothing raises."""
    cells = samples.absurd()
    found = potential.energies(cells)
    need(found.shape == (len(cells),) and not np.isinf(found).any(), "energies of cells that are none are NaN")
    nothing = np.array([0, 1, 2, 5])  # empty, flat, not finite
    need(np.isnan(found[nothing]).all(), "empty cells, and those without volume or numbers, have no energy")
    outcome = potential.relax(cells, 2, FMAX)
    _well_formed(cells, outcome, 2)
    need(all(outcome.reasons[i] is not None for i in nothing), "such cells are given up with a reason")


def relaxation(potential: Potential) -> None:
    """Relaxing goes downhill, keeps atoms and their order, changes nothing that it was given."""
    whole = samples.crystals()
    before = samples.fresh(whole)
    start = potential.energies(whole)
    outcome = potential.relax(whole, STEPS, FMAX)
    need(same(before, whole), "the structures given were changed")
    _well_formed(whole, outcome, STEPS)
    known = np.isfinite(outcome.energy_per_atom)
    end = potential.energies(outcome.structures)
    apart = np.abs(end - outcome.energy_per_atom)[known]
    need((apart < TOLERANCE).all(), "the energy told is that of the structure given back")
    settled = outcome.converged & known
    need((end <= start + TOLERANCE)[settled].all(), "a converged relaxation ends lower than it began")
    none = whole.take(np.zeros(0, int))
    need(len(potential.relax(none, STEPS, FMAX).reasons) == 0, "an empty batch is relaxed to an empty one")


def evaluation(potential: Potential) -> None:
    """Forces and stress are the derivatives of the energy, in the order of the atoms, at the geometry given."""
    whole = samples.crystals()
    found = potential.evaluate(whole)
    size, atoms = len(whole), len(whole.numbers)
    need(found.energy_per_atom.shape == (size,), "energies are (B,)")
    need(found.forces.shape == (atoms, 3) and found.stress.shape == (size, 3, 3), "forces (M, 3), stresses (B, 3, 3)")
    energies = potential.energies(whole)
    need(samples.close(found.energy_per_atom, energies, TOLERANCE), "evaluate and energies tell the same energy")
    i = size - 1  # off any symmetry: nothing is zero by itself
    if not np.isfinite(energies[i]):
        return
    one = whole.take(np.array([i]))
    n, step = int(one.n_atoms[0]), 0.02
    towards = np.random.default_rng(3).normal(size=(n, 3))
    towards *= step / np.linalg.norm(towards, axis=1).max()
    strain = np.array([[0.4, 0.1, 0], [0.1, -0.2, 0.3], [0, 0.3, 0.6]]) * step
    gain = -float((found.forces[whole.atoms(i)] * towards).sum())
    need(_rises(potential, one, towards, np.zeros((3, 3)), gain), "forces are minus the slope of the energy")
    gain = float((found.stress[i] * strain).sum() * one.volume[0])
    need(_rises(potential, one, np.zeros((n, 3)), strain, gain), "the stress is the slope of the energy by strain")
    none = potential.evaluate(whole.take(np.zeros(0, int)))
    need(none.forces.shape == (0, 3) and none.stress.shape == (0, 3, 3), "an empty batch is evaluated to an empty one")
    absurd = potential.evaluate(samples.absurd())
    need(not np.isinf(absurd.forces).any(), "what has no answer is NaN")


def relaxed_alone(potential: Potential) -> None:
    """A crystal relaxes the same alone and among others."""
    whole = samples.crystals().take(np.arange(3))
    together = potential.relax(whole, STEPS, FMAX)
    for i in range(len(whole)):
        alone = potential.relax(whole.take(np.array([i])), STEPS, FMAX)
        agree = samples.close(alone.energy_per_atom, together.energy_per_atom[[i]], TOLERANCE)
        need(agree, "alone and among others: relaxed energies differ")
        need(alone.reasons[0] == together.reasons[i], "alone and among others: reasons differ")


def units(potential: Potential) -> None:
    """Energies are eV and lengths Angstrom: what resists compression does so like a solid, with 0.1 to 2,000 GPa."""
    whole = samples.crystals().take(np.arange(4))
    relaxed = potential.relax(whole, 100, 0.05)
    cells = relaxed.structures.take(np.flatnonzero(relaxed.converged & np.isfinite(relaxed.energy_per_atom)))
    below, here, above = (potential.energies(_scaled(cells, f)) for f in (0.98, 1.0, 1.02))
    volume = cells.volume / cells.n_atoms
    # E = E0 + B (V - V0)^2 / (2 V0), with V changing by +-6%.
    modulus = (below + above - 2 * here) / (0.06**2 * volume) * EV_A3
    rigid = modulus[np.abs(below - here) > 1e-6]
    need(((rigid > 0.1) & (rigid < 2000)).all(), f"bulk moduli {rigid} GPa: are energies eV an atom?")


CHECKS = (shapes, determinism, invariance, absurd_cells, evaluation, relaxation, relaxed_alone, units)


def _rises(potential: Potential, one: Structures, towards: NDArray, strain: NDArray, gain: float) -> bool:
    """Whether the energy (eV) of a cell rises by ``gain`` on the way, to a tenth of it or to half a meV an atom."""
    moved = []
    for sign in (0.5, -0.5):
        lattice = one.lattice @ (np.eye(3) + sign * strain)
        positions = one.positions + sign * towards @ np.linalg.inv(one.lattice[0])
        moved.append(potential.energies(Structures(lattice, one.offsets, one.numbers, positions, one.orbit))[0])
    rise = float(moved[0] - moved[1]) * int(one.n_atoms[0])
    return abs(rise - gain) < max(0.1 * abs(gain), 0.1 * TOLERANCE * int(one.n_atoms[0]))


def _scaled(cells: Structures, factor: float) -> Structures:
    return Structures(factor * cells.lattice, cells.offsets, cells.numbers, cells.positions, cells.orbit)


def _well_formed(given: Structures, outcome: Relaxation, max_steps: int) -> None:
    size = len(given)
    need(len(outcome.structures) == size, "as many structures come back as went in")
    need(np.array_equal(outcome.structures.offsets, given.offsets), "every cell keeps its atoms")
    need(np.array_equal(outcome.structures.numbers, given.numbers), "atoms keep their order")
    need(outcome.energy_per_atom.shape == (size,), "energies are (B,)")
    need(outcome.energy_per_atom.dtype == np.float64, "energies are float64")
    need(outcome.converged.shape == (size,) and outcome.converged.dtype == bool, "converged is (B,) bool")
    need(outcome.steps.shape == (size,) and outcome.steps.dtype == np.int64, "steps are (B,) int64")
    need((outcome.steps <= max_steps).all(), f"no more than {max_steps} steps were allowed")
    need(len(outcome.reasons) == size, "a reason, or None, for every crystal")
    codes = {kind.code for kind in GIVEN_UP}
    for i, reason in enumerate(outcome.reasons):
        one = np.array([i])
        if reason is None:
            need(np.isfinite(outcome.energy_per_atom[i]), "what is not given up has an energy")
            continue
        need(reason.code in codes, f"{reason.code!r} is none of the reasons for giving up: {', '.join(sorted(codes))}")
        need(np.isnan(outcome.energy_per_atom[i]) and not outcome.converged[i], "what is given up has no energy")
        came = same(given.take(one), outcome.structures.take(one))
        need(came or np.allclose(given.lattice[i], outcome.structures.lattice[i]), "what is given up comes back")
