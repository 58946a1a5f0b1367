"""What the structure view shows of a candidate, as it is read from the project."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from crystal_studio.app.typeset import formula_html, hm_html
from crystal_studio.candidates.bonds import BondTable
from crystal_studio.crystal.batches import Structures
from crystal_studio.mof.makeup import Makeup, makeup_of
from crystal_studio.project.rows import CandidateRow

if TYPE_CHECKING:
    from crystal_studio.app.viewer.structure_view import StructureView
    from crystal_studio.project.queries import ProjectReader


@dataclass(frozen=True)
class Picture:
    """One candidate as the structure view wants it."""

    row: CandidateRow
    structures: Structures
    title: str
    orbits: tuple[str, ...]
    bonds: BondTable | None = None
    makeup: Makeup | None = None

    def looks_like(self, other: Picture) -> bool:
        """Whether the structure view would show the same."""
        mine, its = self.structures, other.structures
        return (
            (self.title, self.orbits) == (other.title, other.orbits)
            and all(
                np.array_equal(getattr(mine, name), getattr(its, name))
                for name in ("lattice", "numbers", "positions", "orbit")
            )
            and _equal(self.bonds, other.bonds)
            and (self.makeup and self.makeup.kinds) == (other.makeup and other.makeup.kinds)
        )

    def show_in(self, view: StructureView) -> None:
        """Draw it."""
        atoms = self.structures.atoms(0)
        view.show_structure(
            self.structures.lattice[0],
            self.structures.numbers[atoms],
            self.structures.positions[atoms],
            self.structures.orbit[atoms],
            title=self.title,
            orbit_labels=self.orbits,
            bonds=self.bonds,
            makeup=self.makeup,
        )


def _equal(first: BondTable | None, second: BondTable | None) -> bool:
    if first is None or second is None:
        return first is second
    return np.array_equal(first[0], second[0]) and np.array_equal(first[1], second[1])


def picture(reader: ProjectReader, candidate_id: int, symbols: Sequence[str]) -> Picture:
    """Read one candidate: its current geometry, its title and its Wyckoff labels ("8a")."""
    from crystal_studio.crystal.space_groups import tables

    row = reader.candidate(candidate_id)
    units = reader.units([candidate_id])
    table = tables()
    orbits = tuple(f"{table.multiplicity[w]}{table.letter[w]}" for w in units.wyckoff[0] if w >= 0)
    title = formula_html(row.formula)
    if row.space_group:
        title += f" &nbsp; {hm_html(symbols[row.space_group - 1]) if symbols else row.space_group}"
    found = reader.batch([candidate_id])
    bonds = None if found.bonds is None else found.bonds.of(0)
    return Picture(row, found.structures, title, orbits, bonds, makeup_of(found))
