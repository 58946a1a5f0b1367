"""What each candidate is: its space group, an element and a Wyckoff position for each orbit, and what is known of
its cell and its sites."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal import lattice
from crystal_studio.crystal.batches import AsymmetricUnits
from crystal_studio.crystal.elements import atomic_number
from crystal_studio.crystal.space_groups import N_GROUPS, tables
from crystal_studio.data.marginals import marginals
from crystal_studio.design.request import DesignRequest
from crystal_studio.errors import RequestError
from crystal_studio.generators import compositions, templates
from crystal_studio.generators.adaptive_cell import orbit_counts
from crystal_studio.generators.adaptive_cell.asked import Asked, asked
from crystal_studio.generators.adaptive_cell.options import AdaptiveCellOptions
from crystal_studio.generators.adaptive_cell.room import Room
from crystal_studio.generators.protocol import ModelCard

MOST_ORBITS = 24
"""Orbits of the largest crystals that models are trained on."""
Sites = tuple[list[int], list[int]]
"""Atomic number and Wyckoff row of each orbit."""
_TRIES = 200
_LIMITS = (("max_orbits", MOST_ORBITS), ("max_atoms", 0))


@dataclass(frozen=True)
class Limits:
    """What a model can make.

    elements : that it has seen, None where that is not known; orbits, atoms : of the largest crystals that it has
    seen, atoms in the primitive cell (0: not known); volumes : (119,) cubic Angstrom it expects of each element
    """

    elements: frozenset[int] | None = None
    orbits: int = MOST_ORBITS
    atoms: int = 0
    volumes: NDArray[np.float64] | None = None

    @staticmethod
    def of(card: ModelCard, volumes: NDArray[np.float64] | None) -> Limits:
        """Those of a model."""
        orbits, atoms = (int(card.limits.get(name, usual)) for name, usual in _LIMITS)
        return Limits(frozenset(card.elements), orbits, atoms, volumes)


class Plan:
    """Draws candidates of one request."""

    def __init__(self, request: DesignRequest, limits: Limits) -> None:
        self.asked: Asked = asked(request)
        self.limits = limits
        self.request = self.asked.request
        self.most_orbits = min(AdaptiveCellOptions.of(request).max_orbits or limits.orbits, limits.orbits)
        self.counts = tuple(self.asked.inequivalent.items())
        self.formula = {atomic_number(s): n for s, n in self.request.reduced_composition.items()}
        self._sized: dict[int, DesignRequest] = {}
        self._k: dict[int, NDArray[np.float64] | None] = {}

    @property
    def cell_field(self) -> str:
        """The option that gave the cell."""
        return "cell" if AdaptiveCellOptions.of(self.request).cell else "keep"

    @property
    def groups(self) -> list[int]:
        """Space groups that may be drawn."""
        return [n for n in range(1, N_GROUPS + 1) if self.asked.can_be_in(n)]

    def room(self, number: int) -> Room | None:
        """What the known cell holds; None where no cell or no expectation is known."""
        if number not in self._k:
            self._k[number] = self.asked.k(number)
        k = self._k[number]
        if k is None or self.limits.volumes is None:
            return None
        return Room(float(np.exp(3 * k[5])), self.limits.volumes)

    def odds_of(self, number: int) -> compositions.CellOdds | None:
        """How well a number of atoms of the composition fills the known cell."""
        room = self.room(number)
        if room is None or not self.formula:
            return None
        size = sum(self.formula.values())
        return lambda atoms: room.odds({z: n * atoms // size for z, n in self.formula.items()})

    def sized(self, number: int, beyond: bool = False) -> DesignRequest:
        """The request with the atoms that model and known cell allow in the primitive cell of a group; with
        ``beyond`` those that the model has not seen too."""
        if not beyond and number in self._sized:
            return self._sized[number]
        room = self.room(number) if self.formula else None
        held = room.most(self.formula) // int(tables().n_centring[number - 1]) if room is not None else 0
        limits = [n for n in (self.request.max_atoms, 0 if beyond else self.limits.atoms) if n]
        # Nothing but the formula unit itself may be looked for in a cell that is too small for it.
        limits += [max(held, 1)] if room is not None else []
        made = self.request.with_(max_atoms=min(limits)) if limits else self.request
        if not beyond:
            self._sized[number] = made
        return made

    def holds(self, number: int, beyond: bool = False) -> bool:
        """Whether a group can hold what is asked for."""
        request, odds = self.sized(number, beyond), self.odds_of(number)
        if not self.request.composition:
            return True
        if self.asked.sites is not None or self.asked.template:
            sites = self._given(np.random.default_rng(0))
            return sites is not None and self._fits(sites, request, odds)
        for cell in compositions.formula_units(request, number, self.most_orbits):
            if (odds is None or odds(sum(cell.values())) > 0) and self._has_counts(number, cell):
                return True
        return False

    def _has_counts(self, number: int, cell: dict[int, int]) -> bool:
        if not self.counts:
            return True
        wanted = self.asked.inequivalent
        return bool(orbit_counts.ways(number, tuple(cell.values()), tuple(wanted[z] for z in cell)).by_orbits.any())

    def _fits(self, sites: Sites, request: DesignRequest, odds: compositions.CellOdds | None) -> bool:
        atoms = int(tables().multiplicity[sites[1]].sum())
        primitive = atoms // int(tables().n_centring[self.request.space_groups[0] - 1])
        within = not request.max_atoms or primitive <= request.max_atoms
        return within and len(sites[1]) <= self.most_orbits and (odds is None or odds(atoms) > 0)

    def _given(self, rng: np.random.Generator) -> Sites | None:
        """The orbits that the request names: those known, or those of the template."""
        known = self.asked.sites
        if known is not None:
            return list(known.elements), list(known.rows)
        found = templates.elements(self.request, self.asked.template, rng)
        rows = templates.rows_of(self.request.space_groups[0], self.asked.template)
        return None if found is None else (found, rows)

    @cached_property
    def odds(self) -> NDArray[np.float64]:
        """(230,) of each space group."""
        prior = marginals().space_group_counts.astype(float)
        if self.request.space_groups:
            prior = np.ones(N_GROUPS)
        prior[[not self.asked.can_be_in(n) for n in range(1, N_GROUPS + 1)]] = 0.0
        prior = prior / max(prior.sum(), 1e-300)
        if self.request.space_groups:
            return prior
        if self.request.composition and not self.counts:
            any_of = int(np.flatnonzero(prior)[0]) + 1
            cap = min((n for n in (self.request.max_atoms, self.limits.atoms) if n), default=0)
            return compositions.group_odds(
                self.request.with_(max_atoms=cap), prior, self.most_orbits, self.odds_of(any_of)
            )
        seen = np.zeros(N_GROUPS)
        for n in np.flatnonzero(prior) + 1:
            choices = orbit_counts.known(self.counts, self.sized(int(n)).max_atoms, int(n))
            if self.formula:
                choices = tuple(c for c in choices if self._makes(c))
            seen[n - 1] = sum(c.odds for c in choices)
        share = compositions.UNSEEN_SHARE
        return (1 - share) * seen / seen.sum() + share * prior if seen.any() else prior

    def _makes(self, choice: compositions.Choice) -> bool:
        atoms = dict.fromkeys(self.formula, 0)
        for z, row in zip(choice.elements, choice.rows, strict=True):
            atoms[z] += int(tables().multiplicity[row])
        return len({n * sum(self.formula.values()) / self.formula[z] for z, n in atoms.items()}) == 1

    def draw_in(self, number: int, rng: np.random.Generator) -> Sites | None:
        """Elements and positions of a candidate of one group; None if it cannot hold what is asked for."""
        if self.asked.sites is not None or self.asked.template:
            return self._given(rng)
        request, odds = self.sized(number), self.odds_of(number)
        if not self.counts:
            orbits = _orbit_odds(number, self.most_orbits)
            return compositions.draw_sites(request, number, self.most_orbits, orbits, rng, odds)
        if not self.formula:
            return self._open(number, request.max_atoms, rng)
        limit = compositions.atom_limit(request, number, self.most_orbits)
        known = compositions.known_choices(request.composition, limit, number, self.most_orbits)
        known = tuple(c for c in known if orbit_counts.has(c, self.counts))
        weights = compositions.weighed(known, odds)
        if weights.any() and rng.random() < compositions.KNOWN_SHARE:
            choice = known[int(rng.choice(len(known), p=weights / weights.sum()))]
            return list(choice.elements), list(choice.rows)
        cells = compositions.formula_units(request, number, self.most_orbits)
        cells = [c for c in cells if self._has_counts(number, c)]
        chances = np.array([(odds(sum(c.values())) if odds else 1.0) / sum(c.values()) for c in cells])
        if not chances.any():
            return None
        cell = cells[int(rng.choice(len(cells), p=chances / chances.sum()))]
        return orbit_counts.draw_exact(number, cell, self.counts, rng)

    def _open(self, number: int, most_atoms: int, rng: np.random.Generator) -> Sites | None:
        """Any composition; where a cell is known, one that fills it."""
        room = self.room(number)
        for _ in range(_TRIES if room is not None else 1):
            found = orbit_counts.draw_open(number, self.counts, most_atoms, rng)
            if found is None or room is None:
                return found
            atoms: dict[int, int] = {}
            for z, row in zip(*found, strict=True):
                atoms[z] = atoms.get(z, 0) + int(tables().multiplicity[row])
            if rng.random() < room.odds(atoms):
                return found
        return None

    def draw(self, count: int, rng: np.random.Generator, group: int = 0) -> AsymmetricUnits:
        """``count`` candidates, of one ``group`` where that is named; cells and coordinates mean nothing where they
        are not known."""
        odds = self.odds.copy()
        if group:
            odds = np.zeros(N_GROUPS)
            odds[group - 1] = 1.0
        found: list[tuple[int, Sites]] = []
        while len(found) < count:
            if not odds.sum() > 0:
                raise RequestError("No space group can hold what was asked for: loosen the request.", "space_groups")
            number = int(rng.choice(N_GROUPS, p=odds / odds.sum())) + 1
            sites = self.draw_in(number, rng)
            if sites is None:
                odds[number - 1] = 0
            else:
                found.append((number, sites))
        return self._units(found)

    def _units(self, found: list[tuple[int, Sites]]) -> AsymmetricUnits:
        width = max(len(rows) for _, (_, rows) in found)
        numbers, wyckoff = np.zeros((len(found), width), np.int16), np.full((len(found), width), -1, np.int16)
        positions, cells = np.zeros((*numbers.shape, 3)), np.tile(np.eye(3), (len(found), 1, 1))
        for i, (number, (elements, rows)) in enumerate(found):
            numbers[i, : len(rows)], wyckoff[i, : len(rows)] = elements, rows
            k = self.asked.k(number)
            if k is not None:
                cells[i] = lattice.standard_orientation(lattice.from_k(k[None]))[0]
            if self.asked.sites is not None:
                positions[i, : len(rows)] = self.asked.sites.positions
        return AsymmetricUnits(np.array([n for n, _ in found], np.int16), cells, numbers, wyckoff, positions)


def _orbit_odds(number: int, high: int) -> NDArray[np.float64]:
    """(high + 1,) odds of numbers of orbits of a group, those of all groups where it was never seen."""
    counts = marginals().orbit_counts.astype(float)
    own = counts[number - 1] if counts[number - 1, : high + 1].any() else counts.sum(0)
    odds = np.zeros(high + 1)
    odds[: min(high + 1, len(own))] = own[: high + 1]
    return odds / max(odds.sum(), 1.0)
