from collections import Counter
from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from crystal_studio.crystal.space_groups import tables
from crystal_studio.crystal.wyckoff_sets import (
    can_hold,
    draw_assignment,
    draw_set,
)
from crystal_studio.crystal.wyckoff_sums import WyckoffSets


def test_known_answers():
    assert can_hold(225, (4, 4), 4)  # rock salt
    assert can_hold(227, (8, 16, 32), 4)  # spinel
    assert not can_hold(225, (3,), 20)  # no multiplicity divides 3
    assert not can_hold(221, (1, 1, 1), 20)  # only two positions of multiplicity 1, both fixed
    assert not can_hold(225, (4, 4, 4), 20)  # likewise 4a and 4b


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 230), st.lists(st.integers(1, 24), min_size=1, max_size=3), st.integers(0, 1000))
def test_a_drawn_set_holds_exactly_the_composition(number, counts, seed):
    atoms = {z + 1: n for z, n in enumerate(counts)}
    drawn = draw_set(number, atoms, 12, np.random.default_rng(seed))
    if drawn is None:
        return
    table = tables()
    elements, rows = drawn
    assert can_hold(number, tuple(counts), 12)
    assert (table.wyckoff_group[rows] == number).all()
    for z, n in atoms.items():
        assert sum(table.multiplicity[r] for e, r in zip(elements, rows, strict=True) if e == z) == n
    fixed = [r for r in rows if table.degrees_of_freedom[r] == 0]
    assert len(set(fixed)) == len(fixed)


def rows(number: int, letters: str) -> list[int]:
    return [tables().wyckoff_row(number, letter) for letter in letters]


def generating_function(number: int, most: list[int], max_orbits: int) -> np.ndarray:
    """[a, b, ..., n]: sets of n orbits with a atoms of the first element, b of the second, ... per primitive cell.

    Every position is a factor: 1 + (x_1^m + x_2^m + ...) y if it is fixed, else 1 / prod(1 - x_e^m y).
    """
    table = tables()
    ways = np.zeros([n + 1 for n in (*most, max_orbits)])
    ways.flat[0] = 1.0
    for row in table.wyckoff_rows(number):
        m = int(table.multiplicity[row] // table.n_centring[number - 1])
        before = ways.copy()
        for e in range(len(most)):
            old, new = np.moveaxis(before, e, 0), np.moveaxis(ways, e, 0)
            source = old if table.degrees_of_freedom[row] == 0 else new
            for n in range(m, len(new)):
                new[n, ..., 1:] += source[n - m, ..., :-1]
    return ways


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 230), st.lists(st.integers(1, 4), min_size=1, max_size=3), st.integers(2, 9))
def test_as_many_sets_as_the_generating_function_counts(number, counts, max_orbits):
    """Against all counts of atoms at once, built up position by position."""
    centring = int(tables().n_centring[number - 1])
    most = [2 * n for n in counts]
    found = WyckoffSets(number, [n * centring for n in most], max_orbits).by_orbits
    assert np.allclose(found, generating_function(number, most, max_orbits)[tuple(most)])
    assert (found.sum() > 0) == can_hold(number, tuple(n * centring for n in most), max_orbits)


def test_sets_are_drawn_as_their_weights_say():
    """A + 2 B on two orbits of P-1: A on one of eight fixed positions, B on the general one."""
    weight = np.ones(1731)
    weight[rows(2, "a")] = 5.0
    weight[rows(2, "i")] = 2.0
    ways = WyckoffSets(2, (1, 2), 3, weight)
    rng = np.random.default_rng(0)
    drawn = Counter(tuple(sorted(ways.draw(2, rng))) for _ in range(4000))
    fixed = rows(2, "abcdefgh")
    exact = {tuple(sorted([(0, f), (1, rows(2, "i")[0])])): weight[f] * 2.0 for f in fixed}
    assert set(drawn) == set(exact)
    assert np.isclose(ways.by_orbits[2], sum(exact.values()))
    for key, w in exact.items():
        assert abs(drawn[key] / 4000 - w / sum(exact.values())) < 0.03
    three = Counter(len({r for _, r in ways.draw(3, rng)}) for _ in range(200))
    assert set(three) == {3}, "three different fixed positions"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([4, 8, 12]), min_size=1, max_size=6), st.integers(0, 1000))
def test_orbits_are_given_to_elements_in_every_way(sizes, seed):
    chosen = [rows(221, {4: "e", 8: "g", 12: "i"}[s])[0] for s in sizes]  # 6e, 8g, 12i
    sizes = tables().multiplicity[chosen].tolist()
    rng = np.random.default_rng(seed)
    owner = rng.integers(0, 3, len(sizes))
    atoms = {z: int(sum(s for s, o in zip(sizes, owner, strict=True) if o == z)) for z in set(owner.tolist())}
    ways = {
        pick
        for pick in product(atoms, repeat=len(sizes))
        if all(sum(s for s, p in zip(sizes, pick, strict=True) if p == z) == n for z, n in atoms.items())
    }
    drawn = {tuple(draw_assignment(chosen, atoms, rng)) for _ in range(20 * len(ways))}
    assert drawn == ways
    assert draw_assignment(chosen, {z: n + 1 for z, n in atoms.items()}, rng) is None
