"""The batch that generators give, the funnel judges and the project stores: candidates, whatever made them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from crystal_studio.candidates.blocks import Blocks
from crystal_studio.candidates.bonds import Bonds
from crystal_studio.crystal.asymmetric_unit import expand
from crystal_studio.crystal.batches import AsymmetricUnits, Structures


@dataclass(frozen=True)
class Candidates:
    """B candidates: every atom of their cells, and what else their maker knows of them.

    structures : B crystals, always there
    asked_space_group : (B,) int16, the group that the request asked for, 0 where it asked for none
    units : their asymmetric units, or None; a crystal without one has space group 0 and no orbit
    bonds : bonds, or None; a crystal without them is marked as not known
    blocks : building blocks, or None; likewise
    """

    structures: Structures
    asked_space_group: NDArray[np.int16]
    units: AsymmetricUnits | None = None
    bonds: Bonds | None = None
    blocks: Blocks | None = None

    def __post_init__(self) -> None:
        size = len(self.structures)
        for part in (self.asked_space_group, self.units, self.bonds, self.blocks):
            if part is not None and len(part) != size:
                raise ValueError(f"a part of {len(part)} crystals in a batch of {size}")

    def __len__(self) -> int:
        return len(self.structures)

    @property
    def has_unit(self) -> NDArray[np.bool_]:
        """(B,) whether the asymmetric unit is known."""
        return np.zeros(len(self), bool) if self.units is None else self.units.space_group > 0

    @property
    def space_group(self) -> NDArray[np.int16]:
        """(B,) group of the asymmetric unit, 0 where there is none: what the maker says, not what is detected."""
        return np.zeros(len(self), np.int16) if self.units is None else self.units.space_group

    @property
    def n_orbits(self) -> NDArray[np.int64]:
        """(B,) number of orbits, 0 where the asymmetric unit is not known."""
        return np.zeros(len(self), np.int64) if self.units is None else self.units.n_orbits

    def with_geometry(self, structures: Structures) -> Candidates:
        """The same candidates with their atoms and cells elsewhere: bonds follow, asymmetric units no longer hold."""
        bonds = None if self.bonds is None else self.bonds.following(self.structures, structures)
        return replace(self, structures=structures, units=None, bonds=bonds)

    def take(self, index: NDArray) -> Candidates:
        """Those named by an index array or Boolean mask, in that order."""
        index = np.arange(len(self))[index]
        return Candidates(
            self.structures.take(index),
            self.asked_space_group[index],
            None if self.units is None else self.units.take(index),
            None if self.bonds is None else self.bonds.take(index),
            None if self.blocks is None else self.blocks.take(index),
        )

    @staticmethod
    def of_units(units: AsymmetricUnits, asked_space_group: NDArray | None = None) -> Candidates:
        """Of asymmetric units, expanded to their conventional cells; no group was asked for unless given."""
        return Candidates(expand(units), _asked(asked_space_group, len(units)), units)

    @staticmethod
    def of_structures(structures: Structures, asked_space_group: NDArray | None = None) -> Candidates:
        """Of whole cells of which nothing else is known."""
        return Candidates(structures, _asked(asked_space_group, len(structures)))

    @staticmethod
    def concatenate(parts: Iterable[Candidates]) -> Candidates:
        """One batch out of several; a part that only some of them know is marked as missing in the others."""
        parts = list(parts)
        units = bonds = blocks = None
        if any(p.units is not None for p in parts):
            units = AsymmetricUnits.concatenate(
                p.units if p.units is not None else no_units(p.structures) for p in parts
            )
        if any(p.bonds is not None for p in parts):
            bonds = Bonds.concatenate(p.bonds if p.bonds is not None else Bonds.none(len(p)) for p in parts)
        if any(p.blocks is not None for p in parts):
            blocks = Blocks.concatenate(
                p.blocks if p.blocks is not None else Blocks.none(p.structures.n_atoms) for p in parts
            )
        return Candidates(
            Structures.concatenate(p.structures for p in parts),
            np.concatenate([p.asked_space_group for p in parts]),
            units,
            bonds,
            blocks,
        )


def no_units(structures: Structures) -> AsymmetricUnits:
    """Empty asymmetric units (space group 0) for crystals of which only the cell is known."""
    size = len(structures)
    return AsymmetricUnits(
        np.zeros(size, np.int16),
        structures.lattice,
        np.zeros((size, 0), np.int16),
        np.full((size, 0), -1, np.int16),
        np.zeros((size, 0, 3)),
    )


def _asked(groups: NDArray | None, size: int) -> NDArray[np.int16]:
    return np.zeros(size, np.int16) if groups is None else np.asarray(groups, np.int16)
