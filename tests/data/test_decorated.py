"""Decorated templates: counted on known crystals, and in step with the shipped marginals."""

from collections import Counter

import numpy as np

from crystal_studio.crystal.batches import AsymmetricUnits
from crystal_studio.crystal.space_groups import tables
from crystal_studio.data.decorated import count, decorated_templates, mendeleev_numbers
from crystal_studio.data.marginals import marginals


def units(*crystals: tuple[int, list[tuple[int, str]]]) -> AsymmetricUnits:
    """Crystals by group and (atomic number, Wyckoff letter) of each orbit."""
    numbers, wyckoff = np.zeros((len(crystals), 5), np.int16), np.full((len(crystals), 5), -1, np.int16)
    for i, (group, orbits) in enumerate(crystals):
        for m, (z, letter) in enumerate(orbits):
            numbers[i, m], wyckoff[i, m] = z, tables().wyckoff_row(group, letter)
    groups = np.array([c[0] for c in crystals], np.int16)
    return AsymmetricUnits(
        groups, np.tile(np.eye(3), (len(crystals), 1, 1)), numbers, wyckoff, np.zeros((*numbers.shape, 3))
    )


def test_counted_by_element():
    salts = [(225, [(11, "a"), (17, "b")]), (225, [(17, "b"), (19, "a")]), (225, [(12, "a"), (8, "b")])]
    perovskites = [(62, [(22, "b"), (20, "c"), (8, "c"), (8, "d")])]
    found = count(units(*salts, *perovskites))
    number = mendeleev_numbers()
    assert list(found) == ["225:a|b", "62:b|c|c d"]
    crystals, mean, spread = found["225:a|b"]
    assert crystals == 3
    assert np.allclose(mean, [number[[11, 19, 12]].mean(), number[[17, 17, 8]].mean()], atol=0.05)
    assert np.allclose(spread, [number[[11, 19, 12]].std(), number[[17, 17, 8]].std()], atol=0.05)
    assert found["62:b|c|c d"] == [1, [], []], "single crystals do not tell their elements"


def test_shipped_templates_are_those_of_the_marginals():
    """Without the elements they are the Wyckoff templates, counted over the same crystals."""
    letter, plain = tables().letter, Counter()
    for group, templates in decorated_templates().items():
        for known in templates:
            plain[f"{group}:{' '.join(sorted(letter[r] for r in known.all_rows))}"] += known.crystals
            assert len(known.mean) == len(known.spread) and (known.crystals >= 3) == bool(known.mean)
    assert plain == Counter(marginals().templates)
