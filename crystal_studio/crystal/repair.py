"""Push atoms that are too close apart along the free parameters of their Wyckoff positions, whole batches at once.

Three means, the later ones only for crystals that the one before left with overlaps:
descent of the squared shortfalls of distance from where the atoms are; descent from
randomly displaced copies, of which a good and near one is kept; an isotropic expansion
of the cell within a stated limit. Space groups, Wyckoff positions and elements never
change, nor anything of a crystal without close contacts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.asymmetric_unit import representatives
from crystal_studio.crystal.batches import AsymmetricUnits
from crystal_studio.crystal.orbit_pairs import OrbitPairs, Orbits, close_pairs
from crystal_studio.crystal.projection import settle
from crystal_studio.crystal.soundness import is_sound

LEAST_RATIO = 0.6
"""Distance in sums of covalent radii below which two atoms overlap (no crystal of the training set does)."""
START_RATIO = 0.75
"""Closest contact below which a crystal is worked on: 99.5% of the training set lies above."""
AIM_RATIO = 0.9
"""What such a crystal is moved towards: the median of the training set is 0.92."""
LEAST_DISTANCE = 0.5
"""Angstrom: the least distance of the published structural validity (CDVAE)."""

_SKIN = 0.8
_LONGEST_STEP = 0.25
_DAMPING = 0.2
_KICK = 0.02
_NEAR_ENOUGH = 0.97
_WORTH_IT = 1.01
_COPIES = np.array([0.15, 0.3, 0.5, 0.8, 1.2, 1.8, 2.5, 3.5])
_CLEAR = 1.1
_EXPANSION_STEP = 0.02


@dataclass(frozen=True)
class Repaired:
    """What came of a batch of B crystals with M orbits.

    units : the crystals, those that needed nothing bit for bit as they were
    moved : (B, M) Angstrom that each representative moved (the expansion of the cell not counted)
    scale : (B,) factor of the cell edges, 1 where the volume was kept
    ratio : (B,) closest contact over the distance that it must have at least (1 is enough), infinite if all are
        far, 0 for a cell that is not sound
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
    """Wanted distances: ``fraction`` of the sum of covalent radii, at least ``least`` Angstrom."""

    fraction: float
    least: float

    def pairs(self, orbits: Orbits, cells: NDArray, x: NDArray, crystals: NDArray, skin: float) -> OrbitPairs:
        return close_pairs(orbits, cells, x, crystals, self.fraction, self.least, skin)


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
    """Coordinates (B, M, 3) of the best state of a descent and its worst ratio (B,) to the distances wanted.

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
    lengths = np.linalg.norm(pairs.vectors(x, cells[orbits.crystal[pairs.i]]), axis=1)
    ratio, best = _worst(size, orbits.crystal[pairs.i], lengths / pairs.reach), x.copy()
    clashing = np.unique(pairs.i[orbits.movable[pairs.i]])
    move(noise[clashing] * kick[orbits.crystal[clashing]][:, None], clashing)

    active = np.ones(size, bool)
    pairs = rule.pairs(orbits, cells, x, np.arange(size), _SKIN)
    gone = np.zeros(len(x))
    for _ in range(iterations):
        owner = orbits.crystal[pairs.i]
        vectors = pairs.vectors(x, cells[owner])
        lengths = np.linalg.norm(vectors, axis=1)
        now = _worst(size, owner, lengths / pairs.reach)
        better = active & (now > np.where(now < _NEAR_ENOUGH, _WORTH_IT * ratio, ratio))
        ratio[better] = now[better]
        best[better[orbits.crystal]] = x[better[orbits.crystal]]
        active &= now < _NEAR_ENOUGH
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
    """(B,) the worst ratio to the distances wanted."""
    orbits = Orbits.of(units)
    x = units.positions[orbits.crystal, orbits.column]
    pairs = rule.pairs(orbits, units.lattice, x, np.arange(len(units)), 0.0)
    owner = orbits.crystal[pairs.i]
    lengths = np.linalg.norm(pairs.vectors(x, units.lattice[owner]), axis=1)
    return _worst(len(units), owner, lengths / pairs.reach)


def _moves(units: AsymmetricUnits, positions: NDArray[np.float64]) -> NDArray[np.float64]:
    """(B, M) Angstrom between the representatives and where they came to lie."""
    return np.linalg.norm(np.einsum("bmi,bij->bmj", positions - units.positions, units.lattice), axis=-1)


def _from_copies(
    units: AsymmetricUnits,
    held: NDArray[np.bool_],
    rule: _Rule,
    rng: np.random.Generator,
    iterations: int,
) -> NDArray[np.float64]:
    """As ``_descend`` from displaced copies: of those that keep the distances the least moved one, else the best."""
    size, n = len(units), len(_COPIES)
    which = np.repeat(np.arange(size), n)
    copies = units.take(which)
    positions, ratio = _descend(copies, held[which], rule, rng, iterations, np.tile(_COPIES, size))
    moved = _moves(copies, positions).sum(1)
    cost = np.where(ratio >= _NEAR_ENOUGH, moved, 1e6 * (2.0 - ratio)).reshape(size, n)
    return positions[np.arange(size) * n + cost.argmin(1)]


def repair(
    units: AsymmetricUnits,
    held: NDArray[np.bool_] | None = None,
    most_expansion: float | NDArray[np.float64] = 1.1,
    least_ratio: float = LEAST_RATIO,
    start_ratio: float = START_RATIO,
    aim_ratio: float = AIM_RATIO,
    least_distance: float = LEAST_DISTANCE,
    rng: np.random.Generator | None = None,
    iterations: int = 60,
) -> Repaired:
    """Asymmetric units without overlaps, as far as their free parameters and the limits allow.

    Ratios are distances over sums of covalent radii, images under the group and the lattice included; a position is
    thereby also kept off the elements of higher symmetry, where its own images meet. Two atoms overlap below
    ``least_ratio`` or ``least_distance`` (Angstrom). A crystal with a contact below ``start_ratio`` is moved towards
    ``aim_ratio``; where it still overlaps, displaced copies and then the volume are tried.

    Orbits ``held`` (B, M) do not move. Cell edges grow at most by the factor ``most_expansion``, one number or one a
    crystal. Crystals that stay overlapped are returned in the best state found in their own volume, with ``ok`` false;
    those without a sound cell as they came. Random displacements come from ``rng`` (else a fixed seed).
    """
    rng = np.random.default_rng(0) if rng is None else rng
    start_ratio = max(start_ratio, least_ratio)
    least, start = _Rule(least_ratio, least_distance), _Rule(start_ratio, least_distance)
    aim = _Rule(max(aim_ratio, start_ratio), _CLEAR * least_distance)
    # Crystals that are hard to open are first brought just clear of overlaps, then on towards the aim.
    clear = _Rule(_CLEAR * least_ratio, _CLEAR * least_distance)
    sound = np.flatnonzero(is_sound(representatives(units)))
    ratio, scale, moved = np.zeros(len(units)), np.ones(len(units)), np.zeros(units.numbers.shape)
    ratio[sound] = _measure(units.take(sound), least)
    wrong = sound[_measure(units.take(sound), start) < 1.0]
    if not len(wrong):
        return Repaired(units, moved, scale, ratio)

    some = units.take(wrong)
    fast = np.zeros(some.numbers.shape, bool) if held is None else held[wrong]
    found, _ = _descend(some, fast, aim, rng, iterations, np.full(len(some), _KICK))
    left = np.flatnonzero(_measure(replace(some, positions=found), least) < 1.0)
    if len(left):
        opened = replace(some.take(left), positions=_from_copies(some.take(left), fast[left], clear, rng, iterations))
        found[left], _ = _descend(opened, fast[left], aim, rng, iterations, np.zeros(len(left)))
        left = left[_measure(replace(opened, positions=found[left]), least) < 1.0]
    grown = _expand(some, found, fast, left, np.broadcast_to(most_expansion, len(units))[wrong], clear, least, rng)

    far = _moves(some, found)
    moved[wrong] = np.where(far > 1e-9, far, 0.0)
    scale[wrong] = grown
    row, column = np.nonzero(moved)
    new = np.zeros_like(units.positions)
    new[wrong] = found
    positions, lattice = units.positions.copy(), units.lattice.copy()
    positions[row, column] = settle(units.wyckoff[row, column].astype(np.int64), new[row, column])
    lattice[scale > 1] *= scale[scale > 1, None, None]
    result = replace(units, lattice=lattice, positions=positions)
    ratio[wrong] = _measure(result.take(wrong), least)
    return Repaired(result, moved, scale, ratio)


def _expand(
    units: AsymmetricUnits,
    positions: NDArray[np.float64],
    held: NDArray[np.bool_],
    left: NDArray[np.int64],
    most: NDArray[np.float64],
    rule: _Rule,
    least: _Rule,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """(B,) factors by which the edges of the crystals ``left`` have to grow, ``positions`` (B, M, 3) moved in place.

    most : (B,) limits; a crystal that stays overlapped at its limit keeps its volume and its coordinates.
    """
    grown = np.ones(len(units))
    now = positions.copy()
    factor = 1.0
    while True:
        factor += _EXPANSION_STEP
        left = left[factor <= most[left] + 1e-9]
        if not len(left):
            return grown
        wider = replace(units.take(left), lattice=factor * units.lattice[left], positions=now[left])
        now[left], _ = _descend(wider, held[left], rule, rng, 20, np.zeros(len(left)))
        good = _measure(replace(wider, positions=now[left]), least) >= 1.0
        grown[left[good]] = factor
        positions[left[good]] = now[left[good]]
        left = left[~good]
