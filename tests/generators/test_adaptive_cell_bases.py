"""Radial and spherical functions are what their formulas say, and the line graph is summed as a loop would."""

from __future__ import annotations

import numpy as np
import torch
from scipy.special import eval_legendre, spherical_jn

from crystal_studio.generators.adaptive_cell import bases
from crystal_studio.generators.adaptive_cell.dimenet import met_at_the_far_end, spherical_harmonics


def test_legendre_polynomials():
    x = torch.linspace(-1, 1, 41, dtype=torch.float64)
    for order, values in enumerate(bases.legendre(x, 6)):
        assert np.allclose(values, eval_legendre(order, x.numpy()))


def test_envelope_ends_smoothly():
    x = torch.tensor([0.0, 0.5, 1.0, 1.7], dtype=torch.float64, requires_grad=True)
    value = bases.envelope(x)
    assert torch.equal(value[[0, 2, 3]].detach(), torch.tensor([1.0, 0.0, 0.0], dtype=torch.float64))
    assert 0.5 < value[1] < 1
    near = torch.linspace(0.99, 1, 11, dtype=torch.float64)
    assert (bases.envelope(near).diff().abs() < 1e-3).all()


def test_radial_functions():
    d = torch.tensor([1e-9, 0.3, 2.0, 5.0], dtype=torch.float64)
    n = np.arange(1, 5)
    expected = np.sqrt(2 / 5) * np.sin(n * np.pi * d.numpy()[:, None] / 5) / d.numpy()[:, None]
    assert np.allclose(bases.radial(d, 4, 5.0), expected, atol=1e-6)
    assert torch.isfinite(bases.radial(torch.zeros(1), 4, 5.0)).all()


def test_spherical_functions_vanish_at_the_cutoff_and_are_orthonormal():
    zeros = bases.spherical_roots(6, 5)
    assert (np.diff(zeros, axis=1) > 3).all() and np.allclose(spherical_jn(np.arange(7)[:, None], zeros), 0, atol=1e-12)
    assert np.allclose(zeros[0], np.arange(1, 6) * np.pi) and abs(zeros[1, 0] - 4.493409458) < 1e-8
    table = torch.as_tensor(bases.spherical_table(6, 5, 2.0, 1e-3))
    x = torch.rand(50) * 1.9
    told = bases.looked_up(table, x / 1e-3).view(50, 7, 5)
    order = np.arange(7)[:, None]
    norm = np.sqrt(2) / np.abs(spherical_jn(order + 1, zeros))
    assert np.allclose(told, norm * spherical_jn(order, zeros * x.numpy()[:, None, None]), atol=1e-3)
    inside = np.arange(1001) / 1000
    values = table[:1001].view(1001, 7, 5).numpy()
    for row in range(7):
        product = np.trapezoid(
            values[:, row, :, None] * values[:, row, None] * inside[:, None, None] ** 2, inside, axis=0
        )
        assert np.allclose(product, np.eye(5), atol=1e-3)
    assert torch.isfinite(bases.looked_up(table, torch.tensor([1e6]))).all()


def test_messages_of_the_line_graph_are_summed_as_a_loop_would():
    generator = torch.Generator().manual_seed(0)
    n, k, orders, width = 3, 4, 2, 5
    unit = torch.nn.functional.normalize(torch.randn(n, k, 3, generator=generator), dim=-1)
    messages = torch.randn(n, orders + 1, k, width, generator=generator)
    reverse = torch.randperm(n * k, generator=generator).view(n, k)
    told = met_at_the_far_end(messages, spherical_harmonics(unit, orders), reverse)
    for row in range(n):
        for edge in range(k):
            far, back = divmod(int(reverse[row, edge]), k)
            total = np.zeros(width)
            for other in range(k):
                if other == back:
                    continue
                cosine = float(unit[far, back] @ unit[far, other])
                for order in range(orders + 1):
                    harmonic = np.sqrt((2 * order + 1) / (4 * np.pi)) * eval_legendre(order, cosine)
                    total += harmonic * messages[far, order, other].numpy()
            assert np.allclose(told[row, edge], total, atol=1e-5)
