import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from crystal_studio.crystal.assignment import assign


def total(costs: np.ndarray, column: np.ndarray) -> np.ndarray:
    return np.take_along_axis(costs, column[..., None], 2)[..., 0].sum(1)


@settings(max_examples=80, deadline=None)
@given(
    st.integers(0, 100_000),
    st.integers(1, 9),
    st.integers(0, 8),
    st.sampled_from(["uniform", "ties", "negative", "axes"]),
    st.floats(0, 0.8),
)
def test_totals_equal_those_of_scipy(seed, n, more, kind, forbidden):
    rng = np.random.default_rng(seed)
    shape = (20, n, n + more)
    costs = {
        "uniform": rng.random(shape),
        "ties": rng.integers(0, 3, shape).astype(float),
        "negative": rng.normal(0, 100, shape),
        "axes": rng.integers(0, 5, shape) * 1e4 + rng.random(shape),
    }[kind]
    costs[rng.random(shape) < forbidden] = np.inf
    costs[:, np.arange(n), more + np.arange(n)] = 2e4 + rng.random((20, n))  # so that a solution exists
    column = assign(costs)
    assert all(len(set(c)) == n for c in column.tolist())
    best = [costs[i][linear_sum_assignment(costs[i])].sum() for i in range(len(costs))]
    assert np.allclose(total(costs, column), best, rtol=1e-12, atol=1e-9)


def test_a_long_chain_of_displacements():
    """Each row but the last likes the column of the one before a little less than its own."""
    n = 30
    costs = np.full((2, n, n), np.inf)
    i = np.arange(n)
    costs[:, i, i] = 0.0
    costs[:, i[:-1], i[1:]] = 1.0
    costs[1, n - 1] = np.inf
    costs[1, n - 1, 0] = 0.0
    column = assign(costs)
    assert (column[0] == i).all()
    assert column[1].tolist() == [*range(1, n), 0]


def test_problems_without_solution_are_refused():
    costs = np.zeros((1, 2, 3))
    costs[0, :, 1:] = np.inf
    with pytest.raises(ValueError, match="finite"):
        assign(costs)
    with pytest.raises(ValueError, match="columns"):
        assign(np.zeros((1, 3, 2)))
    assert assign(np.zeros((0, 2, 3))).shape == (0, 2)
