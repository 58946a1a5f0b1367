import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from crystal_studio.crystal.space_groups import tables
from crystal_studio.crystal.wyckoff_sets import can_hold, draw_set


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
