"""What a program for pores takes and gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from crystal_studio.candidates.quantities import Method
from crystal_studio.crystal.batches import Structures


@dataclass(frozen=True)
class Probe:
    """How pores are measured.

    radius : Angstrom, of the sphere that is rolled over the surface; 1.86 stands for N2
    samples : Monte Carlo points, of the surface of each atom and a hundred times as many of the volume
    divided : whether spheres of unlike atoms are divided into equal ones, so that their radii count in full:
        diameters are then good to 0.02 Angstrom instead of 0.3, at many times the time
    """

    radius: float = 1.86
    samples: int = 500
    divided: bool = True


@dataclass(frozen=True)
class Pores:
    """Pores of one crystal.

    lcd : Angstrom, diameter of the largest sphere that fits between the atoms
    pld : Angstrom, diameter of the largest sphere that passes through; 0 where none does
    area : m2/g, surface that the probe reaches through pores of the crystal; area_by_volume: the same in m2/cm3
    void_fraction : share of the cell outside of all atoms, connected to the outside
    """

    lcd: float
    pld: float
    area: float
    area_by_volume: float
    void_fraction: float


class PoreProgram(Protocol):
    """A program that measures pores, by its name in the registry."""

    name: str

    def method(self) -> Method:
        """With its version; raises ``KnownError`` that says how to get the program where it is missing."""
        ...

    def measure(self, crystal: Structures, probe: Probe, seconds: float) -> Pores:
        """Of one crystal. Raises ``ProgramError`` where it has no answer, ``KnownError`` where it is missing."""
        ...
