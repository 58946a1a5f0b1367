"""Functions that distances, angles and times are written in."""

from __future__ import annotations

import itertools
from functools import cache
from math import pi, sqrt

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def sinusoids(t: Tensor, width: int) -> Tensor:
    """(B,) time in [0, 1] to (B, width)."""
    phase = t.unsqueeze(-1) * torch.exp(torch.linspace(0, 5.0, width // 2, device=t.device))
    return torch.cat([phase.sin(), phase.cos()], -1)


def legendre(cosine: Tensor, orders: int) -> list[Tensor]:
    """Legendre polynomials of order 0 to ``orders`` of cosines of any shape."""
    p = [torch.ones_like(cosine), cosine]
    for order in range(2, orders + 1):
        p.append(((2 * order - 1) * cosine * p[-1] - (order - 1) * p[-2]) / order)
    return p


def envelope(share: Tensor, power: int = 5) -> Tensor:
    """1 at 0, falling to 0 at 1 with two continuous derivatives, 0 beyond (DimeNet, Gasteiger et al. 2020, eq. 8)."""
    p = power
    x = share.clamp(0, 1)
    falling = (p + 1) * (p + 2) / 2 - p * (p + 2) * x + p * (p + 1) / 2 * x * x
    return 1 - x**p * falling


def radial(length: Tensor, count: int, cutoff: float) -> Tensor:
    """(...,) Angstrom to (..., count): sqrt(2 / c) sin(n pi d / c) / d (ibid., eq. 7), its limit at 0."""
    n = torch.arange(1, count + 1, device=length.device)
    scaled = length.unsqueeze(-1) / cutoff * n
    return sqrt(2 / cutoff) * pi / cutoff * n * torch.sinc(scaled)


@cache
def spherical_roots(orders: int, count: int) -> NDArray[np.float64]:
    """(orders + 1, count) the first positive zeros of the spherical Bessel functions of order 0 to ``orders``."""
    from scipy.optimize import brentq
    from scipy.special import spherical_jn

    def value(x: float, order: int) -> float:
        return float(spherical_jn(order, x))

    # Between two zeros of one order lies one of the next.
    zeros = [np.arange(1, count + orders + 1) * pi]
    for order in range(1, orders + 1):
        zeros.append(np.array([brentq(value, a, b, args=(order,)) for a, b in itertools.pairwise(zeros[-1])]))
    return np.stack([row[:count] for row in zeros])


def spherical_table(orders: int, count: int, most: float, spacing: float) -> NDArray[np.float32]:
    """(points, (orders + 1) * count) normalised spherical Bessel functions sqrt(2) / |j_(l+1)(z)| j_l(z x) at
    x = 0, ``spacing``, ... ``most``: recurrences lose all digits where x is small and l large."""
    from scipy.special import spherical_jn

    zeros = spherical_roots(orders, count)
    order = np.arange(orders + 1)[:, None]
    norm = sqrt(2) / np.abs(spherical_jn(order + 1, zeros))
    x = np.arange(round(most / spacing) + 2)[:, None, None] * spacing
    return (norm * spherical_jn(order, zeros * x)).reshape(len(x), -1).astype(np.float32)


def looked_up(table: Tensor, place: Tensor) -> Tensor:
    """(..., F) rows of a table (points, F) at places (...,) in units of its spacing, linear between them."""
    place = place.clamp(0, len(table) - 1.001)
    first = place.floor()
    index = first.long()
    return torch.lerp(table[index], table[index + 1], (place - first).unsqueeze(-1))
