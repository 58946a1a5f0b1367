"""What a request fixes of the sites: a Wyckoff template, or orbits and lattice of a crystal to complete."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal import lattice
from crystal_studio.crystal.elements import atomic_number
from crystal_studio.crystal.normalizers import representatives
from crystal_studio.crystal.projection import settle
from crystal_studio.crystal.space_groups import tables
from crystal_studio.crystal.standardise import representative_on
from crystal_studio.crystal.wyckoff_sets import describe_template, draw_assignment, draw_set
from crystal_studio.design.fixed_sites import Kept, wyckoff_row
from crystal_studio.design.request import DesignRequest
from crystal_studio.errors import RequestError
from crystal_studio.generators.compositions import KNOWN_SHARE, formula_units, known_choices, row_weights
from crystal_studio.generators.symmcd.options import SymmCDOptions

ON_SITE = 0.02
"""How far, in fractional coordinates, a kept atom may lie off its Wyckoff position; it is moved onto it."""
CELL_TOLERANCE = 0.02
"""How far the kept cell may be off the shape of the crystal family (strain); it is brought to it."""


def template_rows(request: DesignRequest) -> list[int]:
    """Wyckoff rows of the template's orbits."""
    return [wyckoff_row(request.space_groups[0], name) for name in SymmCDOptions.of(request).template]


def _composition_of(request: DesignRequest, atoms: int) -> dict[int, int] | None:
    """Atoms of each element if ``atoms`` of the conventional cell are whole formula units."""
    counts = {atomic_number(s): n for s, n in request.reduced_composition.items()}
    units, rest = divmod(atoms, sum(counts.values()))
    return None if rest else {z: n * units for z, n in counts.items()}


def check_template(request: DesignRequest, most_orbits: int) -> None:
    """Raise ``RequestError`` where the template contradicts the rest of the request."""
    table, number = tables(), request.space_groups[0]
    rows = template_rows(request)
    name = describe_template(rows)
    atoms = int(table.multiplicity[rows].sum())
    if len(rows) > most_orbits:
        raise RequestError(
            f"The template {name} has {len(rows)} orbits but at most {most_orbits} are possible.", "template"
        )
    primitive = atoms // int(table.n_centring[number - 1])
    if request.max_atoms and primitive > request.max_atoms:
        raise RequestError(
            f"The template {name} holds {primitive} atoms in the primitive cell: allow more than {request.max_atoms}.",
            "max_atoms",
        )
    need = len(request.chemical_system.must)
    if need > len(rows):
        raise RequestError(
            f"{need} elements need at least {need} orbits but the template {name} has {len(rows)}: add positions"
            " or require fewer elements.",
            "template",
        )
    if request.composition and template_elements(request, np.random.default_rng(0)) is None:
        raise RequestError(
            f"The orbits of the template {name}, {atoms} atoms, cannot be shared out to make {request.composition}:"
            " choose other positions or another composition.",
            "template",
        )


def template_elements(request: DesignRequest, rng: np.random.Generator) -> list[int] | None:
    """Atomic number of each orbit of the template for the exact composition; None if impossible."""
    rows, number = template_rows(request), request.space_groups[0]
    size = int(tables().multiplicity[rows].sum())
    atoms = _composition_of(request, size)
    if atoms is None:
        return None
    known = known_choices(request.composition, size // int(tables().n_centring[number - 1]), number, len(rows))
    same = [c for c in known if sorted(c.rows) == sorted(rows)]
    if same and rng.random() < KNOWN_SHARE:
        odds = np.array([c.odds for c in same])
        choice = same[int(rng.choice(len(same), p=odds / odds.sum()))]
        left = list(zip(choice.rows, choice.elements, strict=True))
        found = []
        for row in rows:
            at = next(i for i, (r, _) in enumerate(left) if r == row)
            found.append(left.pop(at)[1])
        return found
    return draw_assignment(rows, atoms, rng)


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
        cell = lattice.from_parameters(np.array(keep.cell, float)[None])
        raw = (
            lattice.to_k(cell) if np.isfinite(cell).all() and np.linalg.det(cell[0]) > 1e-3 else np.full((1, 6), np.nan)
        )
        held = lattice.constrain(raw, np.array([number]))
        if not np.isfinite(raw).all() or np.abs(raw - held).max() > CELL_TOLERANCE:
            table = tables()
            raise RequestError(
                f"The kept cell does not have the shape of a {table.crystal_system[number - 1]} cell, which"
                f" {table.symbol[number - 1]} ({number}) needs: give the conventional cell in its standard setting.",
                "keep",
            )
        k = tuple(held[0].tolist())
    return Anchors(
        tuple(atomic_number(o.element) for o in keep.orbits),
        tuple(rows),
        tuple((float(p[0]), float(p[1]), float(p[2])) for p in points),
        k,
    )


def missing(request: DesignRequest, kept: Anchors) -> list[int]:
    """Atomic numbers of elements that must occur and that no kept orbit has."""
    return [z for z in map(atomic_number, request.chemical_system.must) if z not in kept.elements]


def to_add(request: DesignRequest) -> int:
    """How many orbits are to be added to those kept; 0 for as many as usual."""
    keep = SymmCDOptions.of(request).keep
    return keep.added if keep is not None else 0


def check_kept(request: DesignRequest, kept: Anchors, most_orbits: int) -> None:
    """Raise ``RequestError`` where what is kept contradicts the rest of the request."""
    table, number, n = tables(), request.space_groups[0], len(kept.rows)
    added = to_add(request)
    need = n + max(1, len(missing(request, kept)), added)
    if need > most_orbits:
        raise RequestError(
            f"{n} kept orbits and those to add make at least {need} but at most {most_orbits} are possible: keep"
            " fewer.",
            "keep",
        )
    if added and added < len(missing(request, kept)):
        raise RequestError(
            f"{len(missing(request, kept))} required elements are not kept and need as many added orbits:"
            f" {added} are too few.",
            "keep",
        )
    atoms = int(table.multiplicity[list(kept.rows)].sum()) // int(table.n_centring[number - 1])
    if request.max_atoms and atoms > request.max_atoms:
        raise RequestError(
            f"The kept orbits hold {atoms} atoms in the primitive cell: allow more than {request.max_atoms}.",
            "max_atoms",
        )
    if request.max_atoms and not request.composition:
        least = max(1, len(missing(request, kept)), added)
        fits = rows_that_fit(request, kept, least, least, np.random.default_rng(0))
        if len(fits) < least:
            more = "One orbit more does" if least == 1 else f"{least} orbits more do"
            raise RequestError(
                f"{more} not fit beside the kept ones into {request.max_atoms} atoms: allow more.", "max_atoms"
            )
    if request.composition and complete(request, kept, most_orbits, None, np.random.default_rng(0)) is None:
        raise RequestError(
            f"No positions of {table.symbol[number - 1]} ({number}) complete the kept orbits to"
            f" {request.composition}: keep fewer orbits or allow more atoms.",
            "composition",
        )


def rows_that_fit(
    request: DesignRequest, kept: Anchors, wanted: int, least: int, rng: np.random.Generator
) -> list[int]:
    """Wyckoff rows of up to ``wanted`` orbits that may be added within the limit of atoms, at random.

    The smallest positions are taken where ``least`` orbits would not fit otherwise.
    """
    table, number = tables(), request.space_groups[0]
    rows = table.wyckoff_rows(number)
    sizes = table.multiplicity[rows] // table.n_centring[number - 1]
    fixed = table.degrees_of_freedom[rows] == 0
    open_ = ~np.isin(rows, kept.filled)
    left = request.max_atoms - int((table.multiplicity[list(kept.rows)] // table.n_centring[number - 1]).sum())
    weights = row_weights()[rows]
    chosen: list[int] = []
    while len(chosen) < wanted:
        reserve = _smallest(sizes[open_], fixed[open_], least - len(chosen) - 1)
        fits = open_ & (sizes <= left - reserve)
        if not fits.any():
            fits = open_ & (sizes <= left) & (sizes == sizes[open_].min(initial=1 << 30))
        if not fits.any():
            break
        odds = np.where(fits, weights, 0.0)
        pick = int(rng.choice(len(rows), p=odds / odds.sum()))
        chosen.append(int(rows[pick]))
        left -= int(sizes[pick])
        open_[pick] &= not fixed[pick]
    return chosen


def _smallest(sizes: NDArray[np.int64], fixed: NDArray[np.bool_], count: int) -> int:
    """Fewest atoms that ``count`` orbits need: positions without free parameters once, others at will."""
    if count <= 0 or not len(sizes):
        return 0
    free = sizes[~fixed].min(initial=1 << 20)
    cheap = np.sort(np.concatenate([sizes[fixed][sizes[fixed] < free], np.full(count, free)]))
    return int(cheap[:count].sum())


def complete(
    request: DesignRequest,
    kept: Anchors,
    most_orbits: int,
    orbit_odds: NDArray[np.float64] | None,
    rng: np.random.Generator,
) -> tuple[list[int], list[int]] | None:
    """Elements and rows of orbits that complete the kept ones to the exact composition; None if impossible.

    ``orbit_odds``: odds of whole numbers of orbits, kept ones included.
    """
    number, n = request.space_groups[0], len(kept.rows)
    have: Counter[int] = Counter()
    for z, row in zip(kept.elements, kept.rows, strict=True):
        have[z] += int(tables().multiplicity[row])
    added = to_add(request)
    odds = np.ones(most_orbits + 1) if orbit_odds is None else orbit_odds[: most_orbits + 1] + 1e-3
    odds = odds[n:]
    if added:
        odds = np.where(np.arange(len(odds)) == added, odds, 0.0)
    # Every number of formula units whose cell the kept orbits fit into, in random order.
    cells = formula_units(request, number, most_orbits)
    for i in rng.permutation(len(cells)):
        rest = {z: count - have[z] for z, count in cells[i].items()}
        if min(rest.values()) < 0 or set(have) - set(rest) or not any(rest.values()):
            continue
        wanted = {z: count for z, count in rest.items() if count}
        found = draw_set(number, wanted, len(odds) - 1, rng, row_weights(), odds, kept.filled)
        if found is not None and (not added or len(found[0]) == added):
            return found
    return None
