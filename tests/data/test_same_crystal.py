"""Which pairs are compared at all, and what is the same crystal."""

from __future__ import annotations

import numpy as np

from crystal_studio.data.fingerprints import WIDTH
from crystal_studio.data.same_crystal import LIMIT, may_match, reduced, same

FCC = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
LATTICE, NUMBERS = 5.64 * np.eye(3), np.array([11] * 4 + [17] * 4)
POSITIONS = np.concatenate([FCC, FCC + np.array([0.5, 0, 0])]) % 1
PRIMITIVE = (LATTICE[0, 0] / 2 * (1 - np.eye(3)), np.array([11, 17]), np.array([[0, 0, 0], [0.5, 0.5, 0.5]]))


def test_pairs_within_the_limit_come_nearest_first_and_those_without_a_fingerprint_last() -> None:
    others = np.zeros((5, WIDTH), np.float32)
    others[:, 3] = [LIMIT * 1.1, LIMIT * 0.9, np.nan, 0.01, -LIMIT * 0.5]
    assert may_match(np.zeros(WIDTH, np.float32), others).tolist() == [3, 4, 1, 2]
    assert may_match(np.full(WIDTH, np.nan, np.float32), others).tolist() == [0, 1, 2, 3, 4]


def test_another_cell_and_origin_is_the_same_crystal_and_stretched_it_is_not() -> None:
    rock_salt = reduced(LATTICE, NUMBERS, POSITIONS)
    assert same(rock_salt, reduced(*PRIMITIVE))
    assert same(rock_salt, reduced(LATTICE * 1.01, NUMBERS, POSITIONS + np.array([0.13, 0.29, 0.4])))
    assert not same(rock_salt, reduced(LATTICE @ np.diag([1, 1, 2.2]), NUMBERS, POSITIONS))


def test_what_is_no_cell_is_the_same_as_nothing() -> None:
    flat = reduced(np.zeros((3, 3)), np.array([26]), np.zeros((1, 3)))
    assert flat is None and not same(flat, flat)
