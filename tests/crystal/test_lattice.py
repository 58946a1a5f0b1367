import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from crystal_studio.crystal import lattice
from crystal_studio.crystal.batches import Structures

LENGTH = st.floats(2, 30)
ANGLE = st.floats(60, 120)


@st.composite
def cells(draw):
    """Cell parameters of a random crystal family with a space group of it."""
    a, b, c = draw(LENGTH), draw(LENGTH), draw(LENGTH)
    kind = draw(st.sampled_from([2, 14, 62, 139, 166, 194, 225]))
    if kind == 2:
        # Near-flat cells are no lattice: keep the angles where a cell closes.
        return kind, [a, b, c, draw(st.floats(75, 110)), draw(st.floats(75, 110)), draw(st.floats(75, 110))]
    return kind, {
        14: [a, b, c, 90, draw(ANGLE), 90],
        62: [a, b, c, 90, 90, 90],
        139: [a, a, c, 90, 90, 90],
        166: [a, a, c, 90, 90, 120],
        194: [a, a, c, 90, 90, 120],
        225: [a, a, a, 90, 90, 90],
    }[kind]


@given(cells())
def test_k_vector_is_exact_and_constrained(cell):
    number, parameters = cell
    matrix = lattice.from_parameters(np.array([parameters]))
    k = lattice.to_k(matrix)
    assert np.allclose(lattice.constrain(k, np.array([number])), k, atol=1e-8), "the family fixes what k already obeys"
    back = lattice.cell_parameters(lattice.from_k(k))[0]
    assert np.allclose(back, parameters, rtol=1e-7, atol=1e-5)


def test_the_published_monoclinic_error_is_avoided():
    """log of the triangular matrix distorts this cell to (4.48, 4, 9.30, 117.8); the symmetric root does not."""
    parameters = np.array([[5, 4, 9, 90, 125, 90.0]])
    k = lattice.to_k(lattice.from_parameters(parameters))
    assert np.allclose(lattice.cell_parameters(lattice.from_k(k)), parameters)


def test_volume_is_the_exponential_of_the_trace():
    k = np.array([[0.1, 0.2, -0.1, 0.3, -0.2, 1.7]])
    assert np.isclose(np.linalg.det(lattice.from_k(k))[0], np.exp(3 * 1.7))


def test_density_of_rock_salt():
    points = [[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]]
    points += [[p[0] + 0.5, p[1], p[2]] for p in points]
    salt = Structures.from_lists([np.eye(3) * 5.6402], [[11] * 4 + [17] * 4], [points])
    assert abs(lattice.densities(salt)[0] - 2.163) < 0.005
