"""A crystal that a request starts from: its orbits to keep and complete, or its Wyckoff positions as a template."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from crystal_studio.crystal.composition import formula
from crystal_studio.crystal.elements import SYMBOLS, atomic_number
from crystal_studio.crystal.lattice import cell_parameters
from crystal_studio.crystal.space_groups import tables
from crystal_studio.design.fixed_sites import Kept, KeptOrbit, wyckoff_row
from crystal_studio.errors import FileError, RequestError

if TYPE_CHECKING:
    from crystal_studio.candidates.batch import Candidates
    from crystal_studio.crystal.batches import AsymmetricUnits, Structures

SYMPREC = 0.01
"""Angstrom, at which the symmetry of a file's crystal is found (as for imports)."""


@dataclass(frozen=True)
class SeedStructure:
    """One crystal in its standard setting: where it comes from, its group, orbits and conventional cell.

    ``cell``: a, b, c (Angstrom), alpha, beta, gamma (degrees); empty where only orbits are known.
    """

    name: str
    space_group: int
    orbits: tuple[KeptOrbit, ...]
    cell: tuple[float, ...] = ()

    @property
    def template(self) -> tuple[str, ...]:
        """The Wyckoff position of every orbit, in order of the letters."""
        return tuple(sorted((o.wyckoff for o in self.orbits), key=lambda name: (name[-1], name)))

    @property
    def formula(self) -> str:
        """Reduced: "CaTiO3"."""
        counts: Counter[int] = Counter()
        for orbit in self.orbits:
            counts[atomic_number(orbit.element)] += int(orbit.wyckoff[:-1])
        return formula(tuple(sorted(counts.items())))

    def keep(self, orbits: Sequence[int], cell: bool = False, added: int = 0) -> Kept:
        """What stays: the orbits of these indexes, the cell or not; raises ``RequestError`` where that is nothing."""
        return Kept(tuple(self.orbits[i] for i in orbits), self.cell if cell else (), added)

    def choose(self, positions: Sequence[str] = (), elements: Sequence[str] = ()) -> tuple[int, ...]:
        """Indexes of the orbits on some Wyckoff positions or of some elements; raises ``RequestError``
        for a position or element that the crystal does not have."""
        rows = [wyckoff_row(self.space_group, o.wyckoff, "keep") for o in self.orbits]
        wanted = {name: wyckoff_row(self.space_group, name, "keep") for name in positions}
        absent = [name for name, row in wanted.items() if row not in rows]
        absent += [e for e in elements if e not in {o.element for o in self.orbits}]
        if absent:
            has = ", ".join(f"{o.element} on {o.wyckoff}" for o in self.orbits)
            raise RequestError(f"{self.name} has nothing on {', '.join(absent)}: it has {has}.", "keep")
        return tuple(i for i, o in enumerate(self.orbits) if rows[i] in wanted.values() or o.element in elements)

    @staticmethod
    def of_kept(kept: Kept, space_group: int, name: str = "the request") -> SeedStructure:
        """What a request keeps, as a crystal to choose from again."""
        return SeedStructure(name, space_group, kept.orbits, kept.cell)


def of_units(units: AsymmetricUnits, i: int = 0, name: str = "") -> SeedStructure:
    """Crystal ``i`` of a batch."""
    table = tables()
    orbits = tuple(
        KeptOrbit(
            SYMBOLS[int(z)],
            f"{table.multiplicity[row]}{table.letter[row]}",
            (round(float(x[0]), 6), round(float(x[1]), 6), round(float(x[2]), 6)),
        )
        for z, row, x in zip(units.numbers[i], units.wyckoff[i], units.positions[i], strict=True)
        if row >= 0
    )
    cell = tuple(round(float(v), 5) for v in cell_parameters(units.lattice[[i]])[0])
    return SeedStructure(name, int(units.space_group[i]), orbits, cell)


def of_candidates(candidates: Candidates, name: str = "") -> SeedStructure:
    """The first of a batch, in its present geometry: its asymmetric unit where known, else the one found there.

    Raises ``KnownError`` where no symmetry is found.
    """
    if candidates.units is not None and candidates.has_unit[0]:
        return of_units(candidates.units, name=name)
    return replace(_found(candidates.structures, name, SYMPREC), name=name)


def read(path: Path | str, symprec: float = SYMPREC) -> SeedStructure:
    """The first crystal of a CIF, POSCAR or extended XYZ file, its symmetry found at ``symprec`` Angstrom.

    Raises ``FileError`` where the file holds none.
    """
    from crystal_studio.exchange.readers import read_files

    path = Path(path)
    structures, _, problems = read_files([path])
    if not len(structures):
        why = problems[0].text if problems else "It holds no crystal."
        raise FileError(f"{path} cannot be taken as a structure. {why}")
    return replace(_found(structures, str(path), symprec), name=path.name)


def _found(structures: Structures, what: str, symprec: float) -> SeedStructure:
    """The first crystal of a batch in the standard setting of the symmetry found."""
    from crystal_studio.campaign.standardising import standardised

    units, ok, reasons = standardised(structures.take(np.array([0])), symprec)
    if not ok[0]:
        raise FileError(f"{what} cannot be taken as a structure. {reasons[0]}")
    return of_units(units)
