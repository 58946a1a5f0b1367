"""Push overlapping atoms apart along the free parameters of their Wyckoff positions, whole batches at once.

Three means, each only for the crystals that the one before left with overlaps:
descent of the squared overlaps from where the atoms are; descent from several
randomly displaced copies, of which the one with the least displacement is kept;
an isotropic expansion of the cell within a stated limit. Space groups, Wyckoff
positions and elements never change, nor anything of a crystal without overlaps.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import AsymmetricUnits
from crystal_studio.crystal.orbit_pairs import OrbitPairs, Orbits, close_pairs
from crystal_studio.crystal.projection import settle

LEAST_RATIO = 0.6
"""Least distance in sums of covalent radii (every real crystal of the training set passes)."""
LEAST_DISTANCE = 0.5
"""Angstrom: the least distance of the published structural validity (CDVAE)."""

_SKIN = 0.8
_LONGEST_STEP = 0.25
_DAMPING = 0.05
_KICK = 0.02
_COPIES = np.array([0.15, 0.3, 0.5, 0.8, 1.2, 1.8, 2.5, 3.5])
_EXPANSION_STEP = 0.02
_LEAST_VOLUME = 1e-3


@dataclass(frozen=True)
class Repaired:
    """What came of a batch of B crystals with M orbits.

    units : the crystals, those that needed nothing bit for bit as they were
    moved : (B, M) Angstrom that each representative moved (the expansion of the cell not counted)
    scale : (B,) factor of the cell edges, 1 where the volume was kept
    ratio : (B,) closest contact over the distance that it must have at least (1 is enough), infinite if all are
        far, 0 for a cell without volume
    ok : (B,) whether no overlap is left
    """

    units: AsymmetricUnits
    moved: NDArray[np.float64]
    scale: NDArray[np.float64]
    ratio: NDArray[np.float64]

    @property
    def ok(self) -> NDArray[np.bool_]:
        """(B,) whether no overlap is left."""
        return self.ratio >= 1.0

    @property
    def touched(self) -> NDArray[np.bool_]:
        """(B,) whether anything was changed."""
        return (self.moved > 0).any(1) | (self.scale > 1)


@dataclass(frozen=True)
class _Rule:
    """Distances that must be kept: ``fraction`` of the sum of radii, at least ``least`` Angstrom.

    Descent aims at both with a ``margin`` and ends at half of it: ``enough``, as a part of
    what is aimed at; ``barely`` is the distance without any margin.
    """

    fraction: float
    least: float
    margin: float

    @property
    def enough(self) -> float:
        return 1.0 / (1.0 + 0.5 * self.margin)

    @property
    def barely(self) -> float:
        return (1.0 + 1e-6) / (1.0 + self.margin)

    def pairs(self, orbits: Orbits, cells: NDArray, x: NDArray, crystals: NDArray, skin: float) -> OrbitPairs:
        wider = 1.0 + self.margin
        return close_pairs(orbits, cells, x, crystals, self.fraction * wider, self.least * wider, skin)


def _worst(size: int, crystal: NDArray[np.int64], measure: NDArray[np.float64]) -> NDArray[np.float64]:
    worst = np.full(size, np.inf)
    np.minimum.at(worst, crystal, measure)
    return worst


def _sums(index: NDArray[np.int64], values: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Rows of ``values`` (P, k) added up by index: (size, k)."""
    return np.stack([np.bincount(index, column, size) for column in values.T], 1)


def _steps(orbits: Orbits, pairs: OrbitPairs, vectors: NDArray, lengths: NDArray) -> NDArray[np.float64]:
    """(n, 3) Angstrom: damped Gauss-Newton steps of each representative on its overlaps.

    An orbit carries half of an overlap, all of it where the other one cannot move. The
    Hessian is that of the orbit alone, so that an orbit that can only slide past the
    other atom slides far enough.
    """
    over = np.flatnonzero((lengths < pairs.reach) & orbits.movable[pairs.i])
    i, j = pairs.i[over], pairs.j[over]
    n = len(orbits.row)
    if not len(over):
        return np.zeros((n, 3))
    away = -vectors[over] / np.maximum(lengths[over], 1e-9)[:, None]
    along = np.einsum("pi,pij->pj", away, orbits.free[i])
    share = np.where(orbits.movable[j], 0.5, 1.0)
    push = _sums(i, along * (share * (pairs.reach[over] - lengths[over]))[:, None], n)
    products = (along[:, :, None] * along[:, None, :]).reshape(-1, 9)
    hessian = _sums(i, products, n).reshape(n, 3, 3) + _DAMPING * np.eye(3)
    step = np.linalg.solve(hessian, push[..., None])[..., 0]
    length = np.linalg.norm(step, axis=1)
    return step * np.minimum(1.0, _LONGEST_STEP / np.maximum(length, 1e-12))[:, None]


def _descend(
    units: AsymmetricUnits,
    held: NDArray[np.bool_],
    rule: _Rule,
    rng: np.random.Generator,
    iterations: int,
    kick: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coordinates (B, M, 3) after descent and the worst ratio (B,) to the distance wanted, margin included.

    kick : (B,) Angstrom, spread of the random displacement of overlapping orbits at the start
    """
    orbits = Orbits.of(units, held)
    size = len(units)
    x = units.positions[orbits.crystal, orbits.column].copy()
    cells, inverse = units.lattice, np.linalg.inv(units.lattice)
    noise = rng.normal(size=(*units.numbers.shape, 3))[orbits.crystal, orbits.column]

    def move(step: NDArray[np.float64], which: NDArray) -> None:
        # Twice projected: what rounding leaves off the subspace would grow over many steps.
        step = np.einsum("ni,nij->nj", step, orbits.free[which])
        x[which] += np.einsum("ni,nij->nj", step, inverse[orbits.crystal[which]])

    pairs = rule.pairs(orbits, cells, x, np.arange(size), 0.0)
    clashing = np.unique(pairs.i[orbits.movable[pairs.i]])
    move(noise[clashing] * kick[orbits.crystal[clashing]][:, None], clashing)

    ratio, best = np.full(size, -np.inf), x.copy()
    active = np.ones(size, bool)
    pairs = rule.pairs(orbits, cells, x, np.arange(size), _SKIN)
    gone = np.zeros(len(x))
    for _ in range(iterations):
        owner = orbits.crystal[pairs.i]
        vectors = pairs.vectors(x, cells[owner])
        lengths = np.linalg.norm(vectors, axis=1)
        now = _worst(size, owner, lengths / pairs.reach)
        better = active & (now > ratio)
        ratio[better] = now[better]
        best[better[orbits.crystal]] = x[better[orbits.crystal]]
        active &= now < rule.enough
        if not active.any():
            break
        running = active[owner]
        pairs, vectors, lengths = pairs.take(running), vectors[running], lengths[running]
        step = _steps(orbits, pairs, vectors, lengths)
        moving = np.flatnonzero(active[orbits.crystal])
        move(step[moving], moving)
        gone[moving] += np.linalg.norm(step[moving], axis=1)
        if gone.max() > 0.5 * _SKIN:
            stale = np.zeros(size, bool)
            stale[orbits.crystal[gone > 0.25 * _SKIN]] = True
            gone[stale[orbits.crystal]] = 0.0
            fresh = rule.pairs(orbits, cells, x, np.flatnonzero(stale & active), _SKIN)
            pairs = OrbitPairs.concatenate([pairs.take(~stale[orbits.crystal[pairs.i]]), fresh])
    result = units.positions.copy()
    result[orbits.crystal, orbits.column] = best
    return result, ratio


def _measure(units: AsymmetricUnits, rule: _Rule) -> NDArray[np.float64]:
    """(B,) the worst ratio to the distance that must be kept, without margin."""
    orbits = Orbits.of(units)
    x = units.positions[orbits.crystal, orbits.column]
    pairs = replace(rule, margin=0.0).pairs(orbits, units.lattice, x, np.arange(len(units)), 0.0)
    owner = orbits.crystal[pairs.i]
    lengths = np.linalg.norm(pairs.vectors(x, units.lattice[owner]), axis=1)
    return _worst(len(units), owner, lengths / pairs.reach)


def _moves(units: AsymmetricUnits, positions: NDArray[np.float64]) -> NDArray[np.float64]:
    """(B, M) Angstrom between the representatives and where they came to lie."""
    return np.linalg.norm(np.einsum("bmi,bij->bmj", positions - units.positions, units.lattice), axis=-1)


def _from_copies(
    units: AsymmetricUnits, held: NDArray[np.bool_], rule: _Rule, rng: np.random.Generator, iterations: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """As ``_descend`` from displaced copies: of those without overlap the least moved, else the best."""
    size, n = len(units), len(_COPIES)
    which = np.repeat(np.arange(size), n)
    copies = units.take(which)
    positions, ratio = _descend(copies, held[which], rule, rng, iterations, np.tile(_COPIES, size))
    moved = _moves(copies, positions).sum(1)
    good = ratio >= rule.enough
    cost = np.where(good, moved, 1e6 * (2.0 - ratio)).reshape(size, n)
    pick = np.arange(size) * n + cost.argmin(1)
    return positions[pick], ratio[pick]


def repair(
    units: AsymmetricUnits,
    least_ratio: float = LEAST_RATIO,
    least_distance: float = LEAST_DISTANCE,
    margin: float = 0.1,
    most_expansion: float = 1.1,
    rng: np.random.Generator | None = None,
    held: NDArray[np.bool_] | None = None,
    iterations: int = 60,
) -> Repaired:
    """Asymmetric units without overlaps, as far as their free parameters and the limits allow.

    Two atoms overlap when they are closer than ``least_ratio`` of the sum of their covalent radii or than
    ``least_distance`` Angstrom, images under the group and the lattice included; a position is thereby also
    kept off the elements of higher symmetry, where its own images meet. Overlaps are opened by at least half
    of ``margin`` more than needed. Orbits ``held`` (B, M) do not move. Cell edges grow at most by the factor
    ``most_expansion``. Crystals that stay overlapped are returned in the best state found in their own volume, with
    ``ok`` false; those without a sound cell as they came. Random displacements come from ``rng`` (else a fixed seed).
    """
    rng = np.random.default_rng(0) if rng is None else rng
    rule = _Rule(least_ratio, least_distance, margin)
    volume = np.abs(np.linalg.det(np.nan_to_num(units.lattice, posinf=0.0)))
    numbers = np.concatenate([units.lattice, units.positions], axis=1)
    sound = (volume > _LEAST_VOLUME) & np.isfinite(numbers).all((1, 2))
    ratio = np.zeros(len(units))
    ratio[sound] = _measure(units.take(np.flatnonzero(sound)), rule)
    scale = np.ones(len(units))
    positions, lattice = units.positions.copy(), units.lattice.copy()
    wrong = np.flatnonzero(sound & (ratio < 1.0))
    if not len(wrong):
        return Repaired(units, np.zeros(units.numbers.shape), scale, ratio)

    some = units.take(wrong)
    fast = np.zeros(some.numbers.shape, bool) if held is None else held[wrong]
    found, reached = _descend(some, fast, rule, rng, iterations, np.full(len(some), _KICK))
    left = np.flatnonzero(reached < rule.enough)
    if len(left):
        again, better = _from_copies(some.take(left), fast[left], rule, rng, iterations)
        gain = better > reached[left]
        found[left[gain]], reached[left[gain]] = again[gain], better[gain]
    grown = np.ones(len(some))
    left = np.flatnonzero(reached < rule.barely)
    wider = replace(some.take(left), positions=found[left])
    for factor in 1.0 + np.arange(_EXPANSION_STEP, most_expansion - 1.0 + 1e-9, _EXPANSION_STEP):
        if not len(left):
            break
        wider = replace(wider, lattice=factor * some.lattice[left])
        at, better = _descend(wider, fast[left], rule, rng, iterations // 3, np.zeros(len(left)))
        good = better >= rule.barely
        # A crystal that stays overlapped at the limit keeps its volume.
        found[left[good]], grown[left[good]] = at[good], factor
        left, wider = left[~good], replace(wider, positions=at).take(~good)

    moved = np.zeros(units.numbers.shape)
    moved[wrong] = _moves(some, found)
    changed = moved[wrong] > 1e-9
    moved[wrong] = np.where(changed, moved[wrong], 0.0)
    row, column = np.nonzero(changed)
    target = units.wyckoff[wrong[row], column].astype(np.int64)
    positions[wrong[row], column] = settle(target, found[row, column])
    scale[wrong], lattice[wrong] = grown, grown[:, None, None] * units.lattice[wrong]
    result = replace(units, lattice=np.where(scale[:, None, None] > 1, lattice, units.lattice), positions=positions)
    ratio[wrong] = _measure(result.take(wrong), rule)
    return Repaired(result, moved, scale, ratio)
