import numpy as np
from scipy.spatial.distance import jensenshannon

from crystal_studio.crystal.batches import Structures
from crystal_studio.evaluation import metrics


def cubic(edge: float, numbers: list[int], points: list[list[float]]) -> Structures:
    return Structures.from_lists([np.eye(3) * edge], [numbers], [points])


CAESIUM_CHLORIDE = cubic(4.12, [55, 17], [[0, 0, 0], [0.5, 0.5, 0.5]])


def test_compositional_validity():
    batch = Structures.concatenate(
        [
            CAESIUM_CHLORIDE,
            cubic(4, [55, 55, 17], [[0, 0, 0], [0.5, 0.5, 0], [0.5, 0.5, 0.5]]),  # Cs2Cl
            cubic(3.2, [28, 13], [[0, 0, 0], [0.5, 0.5, 0.5]]),  # alloy
            cubic(3.5, [6], [[0, 0, 0]]),  # element
        ]
    )
    assert metrics.compositionally_valid(batch).tolist() == [True, False, True, True]


def test_a_set_has_no_distance_from_itself():
    batch = Structures.concatenate([CAESIUM_CHLORIDE] * 3)
    groups = np.array([221, 221, 1])
    assert metrics.density_distance(batch, batch) == 0
    assert metrics.element_count_distance(batch, batch) == 0
    assert metrics.space_group_distance(groups, groups[::-1]) == 0


def test_space_groups_229_and_230_have_bins_of_their_own():
    found = metrics.space_group_distance(np.array([229] * 5), np.array([230] * 5))
    assert np.isclose(found, np.sqrt(np.log(2)))
    assert np.isclose(found, jensenshannon([1, 0], [0, 1]))


def test_density_distance_is_a_shift():
    heavier = cubic(4.12 / 2 ** (1 / 3), [55, 17], [[0, 0, 0], [0.5, 0.5, 0.5]])
    assert np.isclose(metrics.density_distance(heavier, CAESIUM_CHLORIDE), 168.36 * 1.66054 / 4.12**3, rtol=1e-3)
