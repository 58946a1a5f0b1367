"""What a request says of cell, sites and composition, put together from its core and its options."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.elements import SYMBOLS, atomic_number
from crystal_studio.crystal.lattice import family_rows
from crystal_studio.crystal.space_groups import tables
from crystal_studio.design import inequivalent, known_cell
from crystal_studio.design.fixed_sites import check_sites
from crystal_studio.design.request import DesignRequest
from crystal_studio.errors import RequestError
from crystal_studio.generators import templates
from crystal_studio.generators.adaptive_cell.options import AdaptiveCellOptions
from crystal_studio.generators.anchors import Anchors, anchors


@dataclass(frozen=True)
class Asked:
    """A request that does not contradict itself.

    request : with the composition that follows from sites or template, where they say it
    cell : parameters that are known, as they were given; empty: free
    sites : the orbits that are known, None: free
    template : positions of all orbits; empty: free
    inequivalent : orbits by atomic number; empty: free
    """

    request: DesignRequest
    cell: tuple[float, ...]
    sites: Anchors | None
    template: tuple[str, ...]
    inequivalent: dict[int, int]

    @property
    def elements(self) -> tuple[int, ...]:
        """Atomic numbers of all elements."""
        return tuple(map(atomic_number, self.request.reduced_composition)) or tuple(self.inequivalent)

    def can_be_in(self, number: int) -> bool:
        """Whether a group is among those asked for, or where none is, of the family of the known cell."""
        if self.request.space_groups:
            return number in self.request.space_groups
        return not self.cell or int(family_rows(np.array([number]))[0]) == known_cell.family_of(self.cell)

    def k(self, number: int) -> NDArray[np.float64] | None:
        """(6,) the known cell in the family of a group, None where it is free."""
        return known_cell.shaped(self.cell, number) if self.cell else None


def asked(request: DesignRequest) -> Asked:
    """What a request asks for; raises ``RequestError`` where it contradicts itself."""
    options = AdaptiveCellOptions.of(request)
    keep, counts = options.keep, inequivalent.parse(options.inequivalent)
    request = _with_composition(request, options, counts)
    check_sites(options.template, keep, request)
    if keep is not None and keep.cell and options.cell:
        raise RequestError("The cell is given twice: leave out the one typed, or that of the structure.", "cell")
    cell = options.cell or (keep.cell if keep is not None else ())
    if keep is not None and keep.added:
        raise RequestError("This kind of model adds no orbits to those kept: leave their number open.", "keep")
    if cell and keep is not None and keep.orbits:
        raise RequestError("Cell and sites are both known, and nothing is left to find: free one of them.", "keep")
    if counts and (options.template or (keep is not None and keep.orbits)):
        raise RequestError(
            "Template and known sites say themselves how many atoms are inequivalent: leave these numbers out.",
            "inequivalent",
        )
    field = "cell" if options.cell else "keep"
    if cell and request.space_groups:
        for number in request.space_groups:
            known_cell.shaped(cell, number, field)
    elif cell:
        known_cell.family_of(cell, field)
    sites = None
    if keep is not None and keep.orbits:
        sites = anchors(request.space_groups[0], keep)
        _whole(request, sites)
    return Asked(request, cell, sites, options.template, {atomic_number(s): n for s, n in counts.items()})


def _with_composition(request: DesignRequest, options: AdaptiveCellOptions, counts: dict[str, int]) -> DesignRequest:
    """With the composition of the known sites, or of a template with an element for every orbit."""
    if request.composition:
        strange = set(counts) ^ set(request.reduced_composition)
        if counts and strange:
            raise RequestError(
                f"{', '.join(sorted(strange))} stands in the composition or among the inequivalent atoms alone: give"
                " the same elements in both.",
                "inequivalent",
            )
        return request
    kept = options.keep.orbits if options.keep is not None else ()
    if len(request.space_groups) == 1 and (kept or options.template):
        number = request.space_groups[0]
        if kept:
            rows = templates.rows_of(number, tuple(o.wyckoff for o in kept))
            owners = [o.element for o in kept]
        else:
            rows = templates.rows_of(number, options.template)
            owners = [SYMBOLS[z] if z else "" for z in templates.elements_of(options.template)]
        if all(owners):
            found: Counter[str] = Counter()
            for symbol, row in zip(owners, rows, strict=True):
                found[symbol] += int(tables().multiplicity[row])
            return request.with_(composition="".join(f"{s}{n}" for s, n in found.items()))
    named = request.chemical_system.elements
    if counts and not options.template and not kept:
        if named and set(named) != set(counts):
            raise RequestError(
                "The elements picked are not those of the inequivalent atoms: give the same elements in both.",
                "inequivalent",
            )
        return request
    if len(request.space_groups) != 1 and (kept or options.template):
        return request  # which is said of template and structure
    raise RequestError("Adaptive cell models need an exact composition: give it.", "composition")


def _whole(request: DesignRequest, sites: Anchors) -> None:
    """Raise ``RequestError`` where the known sites are not those of the composition."""
    table = tables()
    found: Counter[str] = Counter()
    for z, row in zip(sites.elements, sites.rows, strict=True):
        found[SYMBOLS[z]] += int(table.multiplicity[row])
    wanted = request.reduced_composition
    if set(found) != set(wanted) or len({found[s] / n for s, n in wanted.items()}) > 1:
        made = "".join(f"{s}{n if n > 1 else ''}" for s, n in found.items())
        raise RequestError(
            f"The sites kept hold {made}, not {request.composition}: keep all of them and ask for that composition, or"
            " choose a model that completes structures.",
            "keep",
        )
