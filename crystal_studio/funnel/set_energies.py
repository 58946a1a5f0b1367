"""Energies of a user's reference set by a potential, computed as those of its reference hull are."""

from __future__ import annotations

import numpy as np

from crystal_studio import paths
from crystal_studio.crystal.composition import counts
from crystal_studio.data import reference_sets
from crystal_studio.data.datasets import Dataset
from crystal_studio.data.hull import DFT_GEOMETRY, RELAXED, ReferenceHull
from crystal_studio.data.hull_card import read_card
from crystal_studio.errors import KnownError
from crystal_studio.funnel.hull_energies import compute
from crystal_studio.potentials import registry

RELAX_UP_TO = 12
"""Atoms of the largest cell that is relaxed; larger ones are judged as they are, less the mean lowering."""


def add_energies(name: str, potential: str, device: str = "cpu", relax_up_to: int = RELAX_UP_TO) -> ReferenceHull:
    """Compute and keep the energies of a set; returns the phases.

    Cells of up to ``relax_up_to`` atoms are relaxed as the hull's phases were, larger ones judged as they are less the
    mean lowering by relaxation that the hull's card states. What is done is kept beside the set, so that an
    interrupted computation goes on there. Raises ``KnownError`` where there is no hull that they could join.
    """
    key = registry.key(potential)
    ReferenceHull.load(key)
    known = reference_sets.load(name)
    if not len(known):
        raise KnownError(f"The reference set {name} holds no structures: add one that does.")
    loaded = registry.load(potential, device)
    unique = np.array([f"{row}" for row in range(len(known))])  # ids of a user's files may stand twice
    checkpoint = paths.references() / name / f"energies.{key}.csv"
    done = compute(
        Dataset(known.structures, unique), np.arange(len(known)), loaded, checkpoint, relax_up_to, float("inf")
    )
    phases = [done[row] for row in unique]
    energy = np.array([phase.energy for phase in phases])
    relaxed = np.array([phase.relaxed for phase in phases], bool)
    energy -= np.where(relaxed, 0.0, _lowering(key))
    kept = np.flatnonzero(np.isfinite(energy))
    if not len(kept):
        raise KnownError(f"{loaded.title} has no energy for any structure of {name}: check them.")
    atoms = counts(known.structures.take(kept))
    atoms //= np.gcd.reduce(atoms, axis=1, keepdims=True)
    hull = ReferenceHull(atoms, energy[kept], known.ids[kept], key, np.where(relaxed[kept], RELAXED, DFT_GEOMETRY))
    reference_sets.add_energies(name, hull)
    checkpoint.unlink()
    return hull


def _lowering(key: str) -> float:
    """eV/atom by which relaxation lowers the phases of a hull in the mean, 0 where its card does not say."""
    try:
        return float(read_card(key)["lowering_by_relaxation_mev"]["mean"]) / 1000
    except (KeyError, TypeError, ValueError):
        return 0.0
