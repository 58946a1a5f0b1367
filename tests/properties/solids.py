"""Text-book crystals for the tests of the property head."""

from __future__ import annotations

import numpy as np
from ase import Atoms
from ase.build import bulk

from crystal_studio.crystal.batches import Structures


def batch(*crystals: Atoms) -> Structures:
    """ASE crystals as a batch that knows no orbits."""
    return Structures.from_lists(
        [a.cell.array for a in crystals], [a.numbers for a in crystals], [a.get_scaled_positions() for a in crystals]
    )


def rocksalt(cation: str, anion: str, edge: float, cubic: bool = False) -> Atoms:
    """One crystal of the NaCl type."""
    return bulk(cation + anion, "rocksalt", edge, cubic=cubic)


def rotated(atoms: Atoms, seed: int) -> Atoms:
    """The same crystal in another orientation, with another origin and another order of the atoms."""
    rng = np.random.default_rng(seed)
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    order = rng.permutation(len(atoms))
    moved = Atoms(
        atoms.numbers[order],
        scaled_positions=atoms.get_scaled_positions()[order] + rng.random(3),
        cell=atoms.cell.array @ turn,
        pbc=True,
    )
    moved.wrap()
    return moved
