"""The layers of CHGNet with their backward passes written out: less work and memory than recording them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from crystal_studio.potentials.chgnet.weights import WIDTH, Gate

_NORM = 1e-5
_POWER = 8
"""The power of the polynomial that takes bonds to zero at the cutoff (DimeNet's envelope, arXiv:2003.03123, eq. 8)."""


_FEW = 8


@contextmanager
def flushing_denormals() -> Iterator[None]:
    """Numbers below 1e-38 are taken for zero: they mean nothing here, and a processor is slow on them.

    It is a state of the thread; numpy obeys it too, so it is left as it was found.
    """
    were_kept = bool(np.nextafter(np.float32(0), np.float32(1)) * np.float32(1))
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        if were_kept:
            torch.set_flush_denormal(False)


def product(x: Tensor, matrix: Tensor, added: Tensor | None = None) -> Tensor:
    """x @ matrix, plus a bias or a table.

    Libraries multiply a handful of rows in another order than many: few rows are filled up with zeros, so that a
    crystal's energy does not depend, not even in its last digit, on what is evaluated beside it.
    """
    rows = len(x)
    if rows >= _FEW:
        return x @ matrix if added is None else torch.addmm(added, x, matrix)
    filled = F.pad(x, (0, 0, 0, _FEW - rows))
    if added is None:
        return (filled @ matrix)[:rows]
    added = F.pad(added, (0, 0, 0, _FEW - rows)) if added.dim() == 2 else added
    return torch.addmm(added, filled, matrix)[:rows]


def add_product(to: Tensor, x: Tensor, matrix: Tensor) -> None:
    """to += x @ matrix, likewise."""
    if len(x) >= _FEW:
        to.addmm_(x, matrix)
    else:
        to.copy_(product(x, matrix, to))


def product_into(to: Tensor, x: Tensor, matrix: Tensor) -> None:
    """to = x @ matrix, likewise; ``to`` may be a half of the columns of a table."""
    if len(x) >= _FEW:
        torch.mm(x, matrix, out=to)
    else:
        to.copy_(product(x, matrix))


def silu(x: Tensor) -> tuple[Tensor, Tensor]:
    """x sigmoid(x), and its slope, which costs less now than to be found again on the way back."""
    gate = torch.sigmoid(x)
    value = x * gate
    return value, (gate + value).addcmul_(gate, value, value=-1.0)


class Scatter:
    """Adds rows (n, width) into ``size`` rows by index (n,), the sums of one row always in the same order."""

    def __init__(self, index: Tensor, size: int, ordered: bool = False) -> None:
        rows = torch.arange(len(index), device=index.device)
        self._order = rows if ordered else torch.argsort(index, stable=True)
        arranged = index if ordered else index[self._order]
        self._starts = torch.searchsorted(arranged, torch.arange(size + 1, device=index.device))

    def __call__(self, rows: Tensor) -> Tensor:
        return torch.embedding_bag(rows, self._order, self._starts, False, 0, False, None, True)[0]


@dataclass(frozen=True)
class GateTape:
    """What a gate's backward pass needs."""

    hidden_slope: Tensor | None
    core: Tensor
    gate: Tensor
    core_statistics: tuple[Tensor, Tensor]
    gate_statistics: tuple[Tensor, Tensor]
    core_slope: Tensor
    open_core: Tensor
    open_gate: Tensor


def gated(hidden: Tensor, weights: Gate) -> tuple[Tensor, GateTape]:
    """(n, WIDTH) core * gate of (n, 2 WIDTH) first products."""
    slope = None
    if weights.second is not None:
        active, slope = silu(hidden)
        core = product(active[:, :WIDTH], weights.second.core.there, weights.second.core_bias)
        gate = product(active[:, WIDTH:], weights.second.gate.there, weights.second.gate_bias)
    else:
        core, gate = hidden[:, :WIDTH].contiguous(), hidden[:, WIDTH:].contiguous()
    normed_core, *of_core = norm(core, weights.core_scale, weights.core_shift)
    normed_gate, *of_gate = norm(gate, weights.gate_scale, weights.gate_shift)
    open_core, core_slope = silu(normed_core)
    open_gate = torch.sigmoid(normed_gate)
    tape = GateTape(
        slope, core, gate, (of_core[0], of_core[1]), (of_gate[0], of_gate[1]), core_slope, open_core, open_gate
    )
    return open_core * open_gate, tape


def gated_back(slope: Tensor, tape: GateTape, weights: Gate) -> Tensor:
    """(n, 2 WIDTH) derivative by the first products; ``slope`` (n, WIDTH) is used up."""
    of_core = (slope * tape.open_gate).mul_(tape.core_slope)
    of_gate = torch.ops.aten.sigmoid_backward(slope.mul_(tape.open_core), tape.open_gate)
    of_core = norm_back(of_core, tape.core, tape.core_statistics, weights.core_scale, weights.core_shift)
    of_gate = norm_back(of_gate, tape.gate, tape.gate_statistics, weights.gate_scale, weights.gate_shift)
    if weights.second is None or tape.hidden_slope is None:
        return torch.cat([of_core, of_gate], 1)
    of_active = torch.empty_like(tape.hidden_slope)
    product_into(of_active[:, :WIDTH], of_core, weights.second.core.back)
    product_into(of_active[:, WIDTH:], of_gate, weights.second.gate.back)
    return of_active.mul_(tape.hidden_slope)


def norm(x: Tensor, scale: Tensor, shift: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """A layer norm over WIDTH features, and the means and inverse deviations that its backward pass needs."""
    return torch.native_layer_norm(x, [WIDTH], scale, shift, _NORM)


def norm_back(slope: Tensor, x: Tensor, statistics: tuple[Tensor, ...], scale: Tensor, shift: Tensor) -> Tensor:
    """The backward pass of a layer norm, for its input alone."""
    mean, spread = statistics
    return torch.ops.aten.native_layer_norm_backward(
        slope, x, [WIDTH], mean, spread, scale, shift, [True, False, False]
    )[0]


@dataclass(frozen=True)
class RadialTape:
    """What the backward pass of ``radial`` needs."""

    sine: Tensor
    cosine: Tensor
    of_sine: Tensor
    of_cosine: Tensor
    frequencies: Tensor


def radial(lengths: Tensor, cutoff: float, frequencies: Tensor) -> tuple[Tensor, RadialTape]:
    """(n, k) Bessel functions of lengths (n,) that go smoothly to zero at the cutoff."""
    p = _POWER
    a, b, c = -(p + 1) * (p + 2) / 2, p * (p + 2), -p * (p + 1) / 2
    x = lengths / cutoff
    inside = (x < 1).to(lengths.dtype)
    # By products: the powers of a library may differ in the last digit with the place in the array.
    x2 = x * x
    x4 = x2 * x2
    x7 = x4 * x2 * x
    envelope = (1 + x7 * x * (a + x * (b + c * x))) * inside
    change = x7 * (p * a + x * ((p + 1) * b + (p + 2) * c * x)) * inside / cutoff
    factor = (2 / cutoff) ** 0.5
    angle = x[:, None] * frequencies
    sine, cosine = torch.sin(angle), torch.cos(angle)
    height = factor * envelope / lengths
    slope = factor * (change - envelope / lengths) / lengths
    return sine * height[:, None], RadialTape(sine, cosine, slope, height / cutoff, frequencies)


def radial_back(slope: Tensor, tape: RadialTape) -> Tensor:
    """(n,) derivative by the lengths."""
    return (slope * tape.sine).sum(1) * tape.of_sine + (slope * tape.cosine * tape.frequencies).sum(1) * tape.of_cosine
