"""What is kept of a given crystal, as generators of asymmetric units see it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.elements import atomic_number
from crystal_studio.crystal.normalizers import representatives
from crystal_studio.crystal.projection import settle
from crystal_studio.crystal.space_groups import tables
from crystal_studio.crystal.standardise import representative_on
from crystal_studio.design.fixed_sites import Kept, wyckoff_row
from crystal_studio.design.known_cell import shaped
from crystal_studio.errors import RequestError

ON_SITE = 0.02
"""How far, in fractional coordinates, a kept atom may lie off its Wyckoff position; it is moved onto it."""


@dataclass(frozen=True)
class Anchors:
    """What is kept, as the model sees it.

    elements : atomic number of each kept orbit; rows : its Wyckoff row; positions : its representative
    k : the lattice, empty if free
    """

    elements: tuple[int, ...]
    rows: tuple[int, ...]
    positions: tuple[tuple[float, float, float], ...]
    k: tuple[float, ...]

    @property
    def filled(self) -> tuple[int, ...]:
        """Rows of positions without free parameters that are occupied."""
        return tuple(r for r in self.rows if tables().degrees_of_freedom[r] == 0)


def on_representative(row: int, point: NDArray[np.float64]) -> NDArray[np.float64]:
    """The representative (3,) of the orbit of an atom at ``point`` on a Wyckoff position.

    Raises ``RequestError`` if no image of the point lies on the position within 0.02, or if it
    lies on one of higher site symmetry.
    """
    table = tables()
    number = int(table.wyckoff_group[row])
    name = f"{table.multiplicity[row]}{table.letter[row]}"
    rotations, translations = table.operations(number)
    images = rotations @ point + translations
    near = images[representative_on(table, row, images, ON_SITE)]
    written = ", ".join(f"{v:.4f}" for v in point)
    if not len(near):
        raise RequestError(
            f"({written}) does not lie on the position {name} of {table.symbol[number - 1]}: correct it or choose"
            " another position.",
            "keep",
        )
    rows = np.full(len(near), row)
    on = settle(rows, near)
    # The image that has to move least.
    gap = on - near
    best = np.linalg.norm(gap - np.rint(gap), axis=1).argmin()
    here = on[best]
    images = rotations @ here + translations
    offset = images - images[0]
    distinct = len(images) // int((np.abs(offset - np.rint(offset)).max(-1) < 1e-4).sum())
    if distinct != table.multiplicity[row]:
        raise RequestError(
            f"({written}) has more symmetry than the position {name} of {table.symbol[number - 1]}: choose the"
            f" position with {distinct} atoms.",
            "keep",
        )
    return representatives(number, np.array([row]), here[None])[0]


@lru_cache(maxsize=64)
def anchors(number: int, keep: Kept) -> Anchors:
    """What is kept of a crystal of group ``number``; raises ``RequestError`` where it cannot be kept."""
    rows = [wyckoff_row(number, o.wyckoff, "keep") for o in keep.orbits]
    points = [on_representative(r, np.array(o.position, float)) for r, o in zip(rows, keep.orbits, strict=True)]
    k: tuple[float, ...] = ()
    if keep.cell:
        k = tuple(shaped(keep.cell, number, "keep").tolist())
    return Anchors(
        tuple(atomic_number(o.element) for o in keep.orbits),
        tuple(rows),
        tuple((float(p[0]), float(p[1]), float(p[2])) for p in points),
        k,
    )
