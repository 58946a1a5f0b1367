"""What each candidate of a request has to obey: group, number of orbits, pinned elements and sites."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.elements import atomic_number
from crystal_studio.crystal.space_groups import N_GROUPS, tables
from crystal_studio.design.fixed_sites import Kept
from crystal_studio.design.request import DesignRequest
from crystal_studio.errors import RequestError
from crystal_studio.generators import compositions, templates
from crystal_studio.generators.anchors import anchors
from crystal_studio.generators.symmcd import sites
from crystal_studio.generators.symmcd.charges import pin_required
from crystal_studio.generators.symmcd.options import SymmCDOptions
from crystal_studio.generators.symmcd.priors import Priors
from crystal_studio.generators.symmcd.representation import N_ELEMENTS

LITTLE_SEEN = 20
"""Crystals of the training set up to which a group is drawn again with an orbit on its general position."""


@dataclass(frozen=True)
class UnitPlan:
    """One candidate: space group, element category of each orbit (-1 free), Wyckoff row of each (-1 free).

    ``positions`` holds three coordinates an orbit, on the representative of its Wyckoff position and NaN if
    free (empty: all are free); ``k`` the six numbers of a kept lattice (empty: free); ``distinct`` the number of
    distinct elements to aim at (0: none).
    """

    space_group: int
    elements: tuple[int, ...]
    wyckoff: tuple[int, ...]
    positions: tuple[tuple[float, float, float], ...] = ()
    k: tuple[float, ...] = ()
    distinct: int = 0

    @property
    def n_orbits(self) -> int:
        return len(self.elements)


def categories(symbols: tuple[str, ...]) -> list[int]:
    """Element categories (atomic number - 1); raises ``RequestError`` beyond plutonium."""
    found = [atomic_number(s) - 1 for s in symbols]
    if any(c >= N_ELEMENTS for c in found):
        bad = ", ".join(s for s, c in zip(symbols, found, strict=True) if c >= N_ELEMENTS)
        raise RequestError(f"The model knows no elements beyond Pu: leave out {bad}.", "chemsys")
    return found


def allowed_elements(request: DesignRequest, priors: Priors) -> NDArray[np.bool_]:
    """(94,) elements that may occur: those the request allows, and of these those the model has seen."""
    mask = np.zeros(N_ELEMENTS, bool)
    asked = [s for s in request.chemical_system.allowed if atomic_number(s) <= N_ELEMENTS]
    mask[categories(tuple(asked))] = True
    seen = priors.elements.numpy() > 0
    named = request.chemical_system.mode in ("exact", "subset")
    missing = [
        s for s in request.chemical_system.must if atomic_number(s) > N_ELEMENTS or not seen[atomic_number(s) - 1]
    ]
    if missing or (named and not (mask & seen).any()):
        names = ", ".join(missing or request.chemical_system.elements)
        raise RequestError(f"The model has never seen {names}: choose other elements.", "chemsys")
    return mask & seen


def _smallest_cells() -> NDArray[np.int64]:
    """(230,) fewest atoms that the primitive cell of each group can hold: its last Wyckoff position."""
    table = tables()
    return table.multiplicity[table.wyckoff_start[1:] - 1] // table.n_centring


def _group_odds(request: DesignRequest, priors: Priors) -> NDArray[np.float64]:
    odds = priors.groups.numpy().astype(float)
    if request.space_groups:
        odds = np.zeros(N_GROUPS)
        odds[np.array(request.space_groups) - 1] = 1.0
    if request.max_atoms:
        odds = np.where(_smallest_cells() <= request.max_atoms, odds, 0.0)
    return odds / max(odds.sum(), 1e-300)


def _orbit_odds(number: int, low: int, high: int, priors: Priors) -> NDArray[np.float64]:
    """Odds of 0..M orbits for one group; groups never seen borrow from their crystal system, then from all."""
    counts = priors.orbits.numpy().astype(float)
    table = tables()
    system = np.array([s == table.crystal_system[number - 1] for s in table.crystal_system])
    for source in (counts[number - 1], counts[system].sum(0), counts.sum(0)):
        odds = source.copy()
        odds[:low] = 0
        odds[high + 1 :] = 0
        if odds.sum() > 0:
            return odds / odds.sum()
    odds = np.zeros(counts.shape[1])
    odds[low : high + 1] = 1
    if not odds.any():
        raise RequestError(
            f"{low} orbits are needed but at most {high} are possible: ask for fewer elements or more orbits.",
            "max_orbits",
        )
    return odds / odds.sum()


def check(request: DesignRequest, priors: Priors) -> None:
    """Raise ``RequestError`` where no candidate can obey the request."""
    allowed_elements(request, priors)
    most, options = priors.orbits.shape[1] - 1, SymmCDOptions.of(request)
    high = min(options.max_orbits or most, most)
    if options.template:
        templates.check(request, options.template, high)
        return
    if options.keep is not None:
        categories(tuple(o.element for o in options.keep.orbits))
        sites.check_kept(request, anchors(request.space_groups[0], options.keep), high)
        return
    need = len(request.chemical_system.must)
    if need > high:
        raise RequestError(
            f"{need} elements need at least {need} orbits but at most {high} are possible.", "max_orbits"
        )
    if request.max_atoms and need > request.max_atoms:
        raise RequestError(f"{need} elements do not fit into {request.max_atoms} atoms.", "max_atoms")
    if not _group_odds(request, priors).any():
        raise RequestError(
            f"Every position of these space groups holds more than {request.max_atoms} atoms: allow more atoms.",
            "max_atoms",
        )
    if request.composition:
        groups = request.space_groups or range(1, N_GROUPS + 1)
        if request.max_atoms and sum(request.reduced_composition.values()) > request.max_atoms:
            raise RequestError(
                f"One formula unit of {request.composition} has more than {request.max_atoms} atoms.", "max_atoms"
            )
        if not any(compositions.formula_units(request, int(g), high) for g in groups):
            names = ", ".join(f"{tables().symbol[g - 1]} ({g})" for g in request.space_groups) or "any group"
            raise RequestError(
                f"No set of Wyckoff positions of {names} holds {request.composition} within the limits: choose other"
                " space groups, or allow more atoms or orbits.",
                "composition",
            )


def draw(request: DesignRequest, priors: Priors, count: int, rng: np.random.Generator) -> list[UnitPlan]:
    """Plans of ``count`` candidates."""
    most, options = priors.orbits.shape[1] - 1, SymmCDOptions.of(request)
    high = min(options.max_orbits or most, most, request.max_atoms or most)
    odds = _group_odds(request, priors)
    if request.composition:
        odds = compositions.group_odds(request, odds, high)
    plans: list[UnitPlan] = []
    while len(plans) < count:
        if not odds.sum() > 0:
            raise RequestError("No space group can hold what was asked for: loosen the request.", "space_groups")
        number = int(rng.choice(N_GROUPS, p=odds / odds.sum())) + 1
        if options.template:
            plan = _on_template(request, number, rng)
        elif options.keep is not None:
            plan = _around_kept(request, options.keep, priors, number, high, rng)
        elif request.composition:
            found = compositions.draw_sites(request, number, high, _orbit_odds(number, 1, high, priors), rng)
            plan = None if found is None else _with_elements(number, *found)
        else:
            plan = _free(request, priors, number, high, rng)
        if plan is None:
            odds[number - 1] = 0
            continue
        if not plan.distinct:
            plan = replace(plan, distinct=_distinct(request, priors, plan, rng))
        plans.append(plan)
    return plans


def draw_again(request: DesignRequest, priors: Priors, plan: UnitPlan, rng: np.random.Generator) -> UnitPlan:
    """Another plan in the same group, for a candidate that came out with another symmetry or overlapping atoms.

    In groups of which the model has seen little, one orbit without any other condition goes onto the general
    position where the limits allow it: it alone has no more symmetry than the group, so supergroups are rarer.
    """
    table, number = tables(), plan.space_group
    new = draw(request.with_(space_groups=(number,)), priors, 1, rng)[0]
    free = [i for i, (e, w) in enumerate(zip(new.elements, new.wyckoff, strict=True)) if w < 0 and e < 0]
    free = free or [i for i, w in enumerate(new.wyckoff) if w < 0]
    general = int(table.wyckoff_start[number - 1])
    atoms = int(table.multiplicity[general] // table.n_centring[number - 1])
    if not free or float(priors.groups[number - 1]) > LITTLE_SEEN or (request.max_atoms and atoms > request.max_atoms):
        return new
    return replace(new, wyckoff=tuple(general if i == free[-1] else w for i, w in enumerate(new.wyckoff)))


def _distinct(request: DesignRequest, priors: Priors, plan: UnitPlan, rng: np.random.Generator) -> int:
    """How many distinct elements to aim at."""
    pinned = len({e for e in plan.elements if e >= 0})
    exact = request.chemical_system.mode == "exact"
    most = len(request.chemical_system.must) if exact else int(allowed_elements(request, priors).sum())
    odds = priors.distinct_odds(plan.space_group, plan.n_orbits, pinned, max(pinned, most))
    return int(rng.choice(len(odds), p=odds)) if odds.any() else 0


def _with_elements(number: int, elements: list[int], rows: list[int]) -> UnitPlan:
    return UnitPlan(number, tuple(z - 1 for z in elements), tuple(rows), distinct=len(set(elements)))


def _free(request: DesignRequest, priors: Priors, number: int, high: int, rng: np.random.Generator) -> UnitPlan:
    """A number of orbits as crystals of the group have, the first of them of the elements that must occur."""
    must = categories(request.chemical_system.must)
    odds = _orbit_odds(number, max(1, len(must)), high, priors)
    free = int(rng.choice(len(odds), p=odds)) - len(must)
    return UnitPlan(number, (*must, *(-1,) * free), (-1,) * (len(must) + free))


def _on_template(request: DesignRequest, number: int, rng: np.random.Generator) -> UnitPlan | None:
    """The orbits of the template; elements that must occur are on orbits drawn at random, neutral first."""
    template = SymmCDOptions.of(request).template
    rows, given = templates.rows_of(number, template), templates.elements_of(template)
    if request.composition:
        elements = templates.elements(request, template, rng)
        return None if elements is None else _with_elements(number, elements, rows)
    must = [z + 1 for z in categories(request.chemical_system.must)]
    exact = request.chemical_system.mode == "exact"
    open_ = [int(tables().multiplicity[row]) for row, z in zip(rows, given, strict=True) if not z]
    pinned = iter(pin_required([z for z in must if z not in given], open_, exact and not any(given), rng))
    return UnitPlan(number, tuple((z or next(pinned)) - 1 for z in given), tuple(rows))


def _around_kept(
    request: DesignRequest, keep: Kept, priors: Priors, number: int, high: int, rng: np.random.Generator
) -> UnitPlan | None:
    """The kept orbits and lattice, and as many orbits more as crystals of the group have."""
    kept = anchors(number, keep)
    n, must = len(kept.rows), [z - 1 for z in sites.missing(request, kept)]
    low = n + max(1, len(must))
    # Kept orbits alone may fill the crystal where no more are possible.
    odds = _orbit_odds(number, min(low, high), high, priors)
    if request.composition:
        found = sites.complete(request, kept, high, odds, rng)
        if found is None:
            return None
        elements, rows = [z - 1 for z in found[0]], found[1]
    else:
        added = keep.added or int(rng.choice(len(odds), p=odds)) - n
        rows = sites.rows_that_fit(request, kept, added, max(1, len(must)), rng) if request.max_atoms else [-1] * added
        elements = [*must, *(-1,) * (len(rows) - len(must))]
    free = (float("nan"),) * 3
    return UnitPlan(
        number,
        (*(z - 1 for z in kept.elements), *elements),
        (*kept.rows, *rows),
        (*kept.positions, *(free,) * len(rows)),
        kept.k,
    )
