"""A few well-known structures as (lattice, numbers, positions, orbit)."""

from __future__ import annotations

import numpy as np
import pytest

_F = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])


@pytest.fixture(scope="session")
def nacl():
    positions = np.concatenate([_F, _F + 0.5]) % 1.0
    return 5.64 * np.eye(3), np.repeat([11, 17], 4), positions, np.repeat([0, 1], 4)


@pytest.fixture(scope="session")
def rutile():
    x = 0.305
    oxygen = [[x, x, 0], [-x, -x, 0], [0.5 - x, 0.5 + x, 0.5], [0.5 + x, 0.5 - x, 0.5]]
    positions = np.array([[0, 0, 0], [0.5, 0.5, 0.5], *oxygen]) % 1.0
    return np.diag([4.594, 4.594, 2.958]), np.array([22, 22, 8, 8, 8, 8]), positions, np.array([0, 0, 1, 1, 1, 1])


@pytest.fixture(scope="session")
def iron():
    return 2.87 * np.eye(3), np.array([26, 26]), np.array([[0, 0, 0], [0.5, 0.5, 0.5]]), np.array([0, 0])
