"""How far what a round makes has drifted from the base data."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import Structures


def distances(made: Structures, groups: NDArray, base: Structures, base_groups: NDArray) -> dict[str, float]:
    """Jensen-Shannon distances (natural logarithm) of elements and space groups, Wasserstein distances of the number
    of elements and of the density (g/cm3); nothing where one of the sets is empty."""
    from scipy.spatial.distance import jensenshannon

    from crystal_studio.crystal.composition import counts
    from crystal_studio.evaluation.metrics import density_distance, element_count_distance, space_group_distance

    if not len(made) or not len(base):
        return {}
    elements = [(counts(s) > 0).sum(0) for s in (made, base)]
    groups, base_groups = np.asarray(groups, np.int64), np.asarray(base_groups, np.int64)
    some = (groups > 0).any() and (base_groups > 0).any()
    return {
        "distance_elements": float(jensenshannon(*elements)),
        **({"distance_groups": space_group_distance(groups, base_groups)} if some else {}),
        "distance_element_count": element_count_distance(made, base),
        "distance_density": density_distance(made, base),
    }
