"""How orientations are searched."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Search:
    """How orientations are searched.

    tried : orientations of each block that are looked at
    refined : the best of them, each turned until its bonds fit best
    kept : orientations of each block that differ in its bonds, of which one is chosen
    restarts, sweeps : of the choice, each block anew in every sweep, while the temperature falls
    temperature : from the first to the last, in bonds met
    fitted : best choices of a framework whose blocks are then turned together
    place : Angstrom, how far a block may stand from where it was put (standard deviation); 0: there it stays
    strain : by how much the cell may be strained (standard deviation); 0: not at all
    """

    tried: int = 1000
    refined: int = 64
    kept: int = 24
    restarts: int = 32
    sweeps: int = 40
    temperature: tuple[float, float] = (1.0, 0.1)
    fitted: int = 6
    place: float = 0.3
    strain: float = 0.02
