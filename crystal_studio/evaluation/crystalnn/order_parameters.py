"""Local order parameters of many sites with equally many neighbours, at once.

Definitions: Zimmermann et al., Frontiers in Materials 4, 34 (2017); Zimmermann, Jain,
RSC Adv. 10, 6063 (2020); Peters, J. Chem. Phys. 131, 244103 (2009) for the body-centred
cube; Steinhardt et al., Phys. Rev. B 28, 784 (1983) for q2, q4, q6.

Neighbour j is put on the north pole and k gives the prime meridian; theta is the angle
between two neighbours, phi the azimuth of the others m. Most parameters are the largest
over all (j, k) of a mean of Gaussians of theta times squared cosines of multiples of phi.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import eval_legendre

from crystal_studio.evaluation.crystalnn.motifs import MOTIFS, Motif

COLLINEAR = 1e-12
"""Sine below which two directions count as one line and have no azimuth: pymatgen's, met by exact coordinates only."""

_EQUAL = 1e-6
"""Angles (radians) and weights this close count as equal, so that rounding errors decide nothing."""

_TRIPLES_AT_ONCE = 400_000


def order_parameters(
    vectors: NDArray[np.float64], weights: NDArray[np.float64], collinear: float = COLLINEAR
) -> NDArray[np.float64]:
    """(S, P) order parameters of S sites with n neighbours each, as ``MOTIFS[n]`` lists them.

    vectors : (S, n, 3) from the site to its neighbours, Angstrom
    weights : (S, n) of the neighbours; the parameter of the body-centred cube depends on their order
    collinear : sine below which two directions have no azimuth
    """
    sites, n = vectors.shape[:2]
    motifs = MOTIFS.get(n, ())
    result = np.zeros((sites, len(motifs)))
    step = max(_TRIPLES_AT_ONCE // n**3, 1)
    for start in range(0, sites if motifs else 0, step):
        rows = slice(start, start + step)
        geometry = _Geometry(vectors[rows], weights[rows], collinear)
        for column, motif in enumerate(motifs):
            result[rows, column] = _KINDS[motif.kind](geometry, motif)
    return result


class _Geometry:
    """Angles of S sites with n neighbours: cosine and theta (S, n, n), azimuths (S, n, n, n) indexed j, k, m."""

    def __init__(self, vectors: NDArray, weights: NDArray, collinear: float) -> None:
        unit = vectors / np.linalg.norm(vectors, axis=2, keepdims=True)
        self.n = vectors.shape[1]
        self.unit = unit
        self.collinear = collinear
        self.cosine = np.clip(unit @ unit.transpose(0, 2, 1), -1.0, 1.0)
        self.weights = weights
        self.others = ~np.eye(self.n, dtype=bool)

    @cached_property
    def theta(self) -> NDArray:
        return np.arccos(self.cosine)

    @cached_property
    def across(self) -> NDArray:
        """(S, n, n, 3): the part of direction k that is perpendicular to j, not normalised."""
        return self.unit[:, None] - self.cosine[..., None] * self.unit[:, :, None]

    @cached_property
    def oblique(self) -> NDArray:
        """(S, n, n): j and k are two directions that are not on one line."""
        return (np.linalg.norm(self.across, axis=3) >= self.collinear) & self.others

    @cached_property
    def triples(self) -> NDArray:
        """(S, n, n, n): j, k, m differ and both k and m have an azimuth around j."""
        return self.oblique[:, :, :, None] & self.oblique[:, :, None, :] & self.others[None, None]

    @cached_property
    def n_triples(self) -> NDArray:
        return self.triples.sum(3)

    @cached_property
    def azimuth(self) -> NDArray:
        """Cosine of phi; 0 where there is none."""
        norm = np.where(self.oblique, np.linalg.norm(self.across, axis=3), 1.0)
        meridian = self.across / norm[..., None]
        part = meridian @ meridian.transpose(0, 1, 3, 2)
        return np.where(self.triples, np.clip(part, -1.0, 1.0), 0.0)

    def lobes(self, fold: float) -> NDArray:
        """cos(fold * phi)^2, 0 where there is no azimuth; 2 * fold must be whole."""
        # (1 + T_2f(cos phi)) / 2 with the Chebyshev polynomial T.
        return np.where(self.triples, 0.5 + 0.5 * _chebyshev(round(2 * fold), self.azimuth), 0.0)


def _chebyshev(degree: int, x: NDArray) -> NDArray:
    before, now = np.ones_like(x), x
    for _ in range(degree - 1):
        before, now = now, 2 * x * now - before
    return now if degree else before


def _gauss(x: NDArray) -> NDArray:
    return np.exp(-0.5 * x * x)


def _largest(total: NDArray, norm: NDArray) -> NDArray:
    """(S,) largest mean over (j, k); 0 where nothing contributes."""
    return np.where(norm > 1e-12, total / np.where(norm > 1e-12, norm, 1.0), 0.0).max((1, 2))


def _over_m(triples: NDArray, profile: NDArray) -> NDArray:
    """(S, n, n): sum over m of triples[j, k, m] * profile[j, m]."""
    return (triples @ profile[..., None])[..., 0]


def _single_bond(g: _Geometry, motif: Motif) -> NDArray:
    return np.ones(len(g.cosine))


def _bent(g: _Geometry, motif: Motif) -> NDArray:
    constants = motif.constants
    return _gauss(constants["width"] * (g.theta[:, 0, 1] / np.pi - constants["angle"]))


def _around(g: _Geometry, profile: NDArray, fold: float) -> NDArray:
    """Parameters whose every neighbour counts alike: a profile of theta and ``fold`` lobes of phi."""
    total = (profile + _over_m(g.lobes(fold), profile)) * g.others
    return _largest(total, (1.0 + g.n_triples) * g.others)


def _angular(g: _Geometry, motif: Motif) -> NDArray:
    constants = motif.constants
    return _around(g, _gauss(constants["width"] * (g.theta / np.pi - constants["angle"])), constants["fold"])


def _pyramid(g: _Geometry, motif: Motif) -> NDArray:
    return _around(g, _gauss(motif.constants["width"] * (g.theta / np.pi - 0.5)), motif.constants["fold"])


def _pentagon(g: _Geometry, motif: Motif) -> NDArray:
    constants = motif.constants
    target = np.where(g.theta <= constants["angle"] * np.pi + _EQUAL, 0.4, 0.8)
    return _around(g, _gauss(constants["width"] * (g.theta / np.pi - target)), 1)


def _bipyramid(g: _Geometry, motif: Motif) -> NDArray:
    """Neighbours near the south pole count by their distance from it, the others by theta and phi."""
    constants = motif.constants
    turn = g.theta / np.pi - 0.5
    if "tilt" in constants:
        turn = np.abs(turn) - constants["tilt"]
    profile = _gauss(constants["width"] * turn)
    low = (g.theta < constants["south"] - _EQUAL) & g.others
    southern = ~low & g.others
    south = np.where(southern, _gauss(constants["south_width"] * (g.theta / np.pi - 1.0)), 0.0)
    # All m at the south pole but k itself.
    souths = np.where(g.oblique, south.sum(2, keepdims=True) - south, 0.0)
    n_souths = np.where(g.oblique, southern.sum(2, keepdims=True) - southern, 0)
    both = g.triples & low[:, :, :, None] & low[:, :, None, :]
    if "azimuth" in constants:
        both &= g.azimuth > np.cos(constants["azimuth"]) + _EQUAL
    total = np.where(low, profile, 0.0) + souths + _over_m(g.lobes(constants["fold"]) * both, profile)
    return _largest(total, low + n_souths + both.sum(3))


def _body_centred(g: _Geometry, motif: Motif) -> NDArray:
    constants = motif.constants
    # Each pair once, north the one of larger weight; equal ones share it, for their order is arbitrary.
    ahead = g.weights[:, :, None] - g.weights[:, None, :]
    share = np.where(np.abs(ahead) < _EQUAL, 0.5, ahead > 0) * g.others
    low = g.theta < constants["south"] - _EQUAL
    south = constants["south_weight"] * _gauss(constants["south_width"] * (g.theta / np.pi - 1.0))
    turn = (g.theta - np.pi / 2) / constants["width"]
    profile = np.exp(0.5) * turn * _gauss(turn)
    lobes = np.where(g.triples, _chebyshev(3, g.azimuth), 0.0)
    hemisphere = np.where(g.theta > np.pi / 2 + _EQUAL, 1.0, -1.0)
    value = np.where(low, hemisphere * _over_m(lobes, profile), south)
    return (share * value).sum((1, 2)) / (0.5 * g.n * (6 + (g.n - 2) * (g.n - 3)))


def _cuboctahedron(g: _Geometry, motif: Motif) -> NDArray:
    constants = motif.constants
    upper, lower = constants["upper"], constants["lower"]
    southern = (g.theta >= constants["south"] - _EQUAL) & g.others
    south = constants["south_weight"] * _gauss(constants["south_width"] * (g.theta / np.pi - 1.0))
    level = (g.theta > upper) & (g.theta < lower)
    on_level = np.where(level, _gauss(constants["width"] * (g.theta / np.pi - 0.5)), 0.0)
    target = np.where(g.theta < upper, 1 / 3, 2 / 3)
    slanted = np.where(level, 0.0, _gauss(constants["oblique_width"] * (g.theta / np.pi - target)))
    valid = g.triples & level[:, :, :, None] & ~southern[:, :, None, :]
    cosine = g.azimuth
    above = _gauss(0.0556 * (np.sqrt(1.0 - cosine**2) - 0.81649658))
    total = np.where(southern, south, 0.0) + _over_m(cosine**2 * valid, on_level) + _over_m(above * valid, slanted)
    return _largest(total, constants["south_weight"] * southern + valid.sum(3))


def _steinhardt(g: _Geometry, motif: Motif) -> NDArray:
    # The addition theorem turns the sum over m of |Y_lm|^2 into Legendre polynomials of the angles.
    power = eval_legendre(int(motif.constants["degree"]), g.cosine).mean((1, 2))
    return np.sqrt(np.maximum(power, 0.0))


_KINDS = {
    "single bond": _single_bond,
    "bent": _bent,
    "angular": _angular,
    "pyramid": _pyramid,
    "pentagon": _pentagon,
    "bipyramid": _bipyramid,
    "body-centred": _body_centred,
    "cuboctahedron": _cuboctahedron,
    "steinhardt": _steinhardt,
}
