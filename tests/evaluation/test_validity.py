"""Validity as published, against enumeration with SMACT itself."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import smact
from smact.screening import pauling_test

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.evaluation import validity


def published(composition: tuple[tuple[int, int], ...]) -> bool:
    """Every product of oxidation states, as the published evaluation goes through them."""
    elements = smact.element_dictionary()
    symbols = [SYMBOLS[z] for z, _ in composition]
    if len(symbols) == 1 or all(s in smact.metals for s in symbols):
        return True
    states = [elements[s].oxidation_states_smact14 or () for s in symbols]
    for chosen in product(*states):
        balanced = sum(q * n for q, (_, n) in zip(chosen, composition, strict=True)) == 0
        if balanced and pauling_test(chosen, [elements[s].pauling_eneg for s in symbols]):
            return True
    return False


def test_compositions_as_smact_enumerates_them() -> None:
    rng = np.random.default_rng(3)
    answers = []
    for _ in range(400):
        size = int(rng.integers(1, 5))
        numbers = np.sort(rng.choice(np.arange(1, 95), size, replace=False))
        times = rng.integers(1, 6, size)
        composition = tuple((int(z), int(n)) for z, n in zip(numbers, times // np.gcd.reduce(times), strict=True))
        answers.append(published(composition))
        assert validity.neutral(composition) == answers[-1], composition
    assert 0.2 < np.mean(answers) < 0.8


def test_too_many_combinations_are_invalid() -> None:
    rich = [z for z in range(1, 95) if len(smact.Element(SYMBOLS[z]).oxidation_states_smact14 or ()) >= 7][:8]
    assert not validity.neutral((*((z, 1) for z in sorted([*rich, 8])),))


def cube(edge: float, numbers: list[int], points: list[list[float]]) -> Structures:
    return Structures.from_lists([np.eye(3) * edge], [numbers], [points])


@pytest.mark.parametrize(
    ("crystal", "published_answer", "ours"),
    [
        (cube(4.12, [55, 17], [[0, 0, 0], [0.5, 0.5, 0.5]]), True, True),
        (cube(5.0, [55, 17], [[0, 0, 0], [0.099, 0, 0]]), False, False),  # 0.495 A
        (cube(5.0, [55, 17], [[0, 0, 0], [0.101, 0, 0]]), True, True),  # 0.505 A
        (cube(5.0, [55, 17], [[0.95, 0, 0], [0.03, 0, 0]]), False, False),  # across the face
        (cube(0.48, [6], [[0, 0, 0]]), True, False),  # its own images alone
        (cube(0.46, [6], [[0, 0, 0]]), False, False),  # 0.097 A^3
        (cube(40.1, [6], [[0, 0, 0]]), False, False),
    ],
)
def test_published_thresholds(crystal: Structures, published_answer: bool, ours: bool) -> None:
    assert validity.structurally_valid(crystal, own_images=False).tolist() == [published_answer]
    assert validity.structurally_valid(crystal).tolist() == [ours]


def test_physical_validity_is_stricter() -> None:
    close = cube(4.12, [55, 17], [[0, 0, 0], [0.3, 0.3, 0.3]])  # 2.14 A, radii add up to 3.46 A
    far = cube(7.0, [11, 17], [[0, 0, 0], [0.5, 0.5, 0.5]])  # 171 A^3 an atom
    both = Structures.concatenate([close, far, cube(4.12, [55, 17], [[0, 0, 0], [0.5, 0.5, 0.5]])])
    assert validity.physically_valid(both).tolist() == [True, False, True]
    assert validity.physically_valid(cube(4.12, [55, 17], [[0, 0, 0], [0.25, 0.25, 0.25]])).tolist() == [False]
