"""What plans guarantee before any network is asked: compositions, templates, kept orbits, elements."""

from collections import Counter
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crystal_studio.crystal import lattice
from crystal_studio.crystal.elements import atomic_number
from crystal_studio.crystal.space_groups import tables
from crystal_studio.crystal.standardise import representative_on
from crystal_studio.crystal.wyckoff_sets import describe_template
from crystal_studio.design.fixed_sites import Kept, KeptOrbit, parse_template
from crystal_studio.design.request import ChemicalSystem, DesignRequest
from crystal_studio.errors import RequestError
from crystal_studio.funnel.composition import reason_against
from crystal_studio.generators import templates
from crystal_studio.generators.anchors import on_representative
from crystal_studio.generators.compositions import PSEUDO, doubt
from crystal_studio.generators.symmcd.charges import pin_required
from crystal_studio.generators.symmcd.plan import check, draw, draw_again


def plans(request, priors, count=40, seed=0):
    check(request, priors)
    return draw(request, priors, count, np.random.default_rng(seed))


def made(plan) -> dict[int, int]:
    """Atoms of each element, per primitive cell; every orbit of the plan has to be settled."""
    table = tables()
    assert min(plan.elements) >= 0 and (table.wyckoff_group[list(plan.wyckoff)] == plan.space_group).all()
    fixed = [r for r in plan.wyckoff if table.degrees_of_freedom[r] == 0]
    assert len(set(fixed)) == len(fixed)
    counts: Counter[int] = Counter()
    for e, r in zip(plan.elements, plan.wyckoff, strict=True):
        counts[e + 1] += int(table.multiplicity[r] // table.n_centring[plan.space_group - 1])
    return dict(counts)


def is_composition(plan, formula: str) -> bool:
    want = {atomic_number(s): n for s, n in DesignRequest(composition=formula).reduced_composition.items()}
    found = made(plan)
    units = {found.get(z, 0) / n for z, n in want.items()}
    return set(found) == set(want) and len(units) == 1 and units.pop() in range(1, 25)


def test_spinel_is_found(priors):
    asked = DesignRequest(composition="MgAl2O4", space_groups=(227,))
    drawn = Counter(describe_template(sorted(p.wyckoff)[::-1]) for p in plans(asked, priors, 200))
    assert drawn["8a,16d,32e"] + drawn["8b,16c,32e"] > 100, "as the crystals of the training set mostly are"
    assert set(drawn) > {"8a,16d,32e"}, "but not only"


def test_rock_salt_has_one_way(priors):
    asked = DesignRequest(composition="NaCl", space_groups=(225,), max_atoms=2)
    for plan in plans(asked, priors):
        assert describe_template(sorted(plan.wyckoff)[::-1]) == "4a,4b" and plan.distinct == 2


@pytest.mark.parametrize("formula", ["NaCl", "SrTiO3", "LiMn2O4", "Li3PO4", "MgAl2O4", "Si"])
def test_compositions_in_open_groups(priors, formula):
    asked = DesignRequest(composition=formula)
    drawn = plans(asked, priors, 60)
    assert all(is_composition(p, formula) for p in drawn)
    assert len({p.space_group for p in drawn}) > 1


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 230),
    st.dictionaries(st.sampled_from(["Li", "Fe", "P", "O"]), st.integers(1, 6), min_size=1),
    st.integers(0, 99),
)
def test_any_group_holds_the_composition_or_says_so(priors, number, counts, seed):
    formula = "".join(f"{s}{n}" for s, n in counts.items())
    asked = DesignRequest(composition=formula, space_groups=(number,), max_atoms=24)
    try:
        drawn = plans(asked, priors, 3, seed)
    except RequestError as error:
        assert error.field == "composition"
        return
    assert all(is_composition(p, formula) and p.space_group == number for p in drawn)


def test_no_composition_in_a_group_that_cannot_hold_it(priors):
    for formula, group in (("NaClBr", 225), ("KBC", 221)):
        with pytest.raises(RequestError) as caught:
            check(DesignRequest(composition=formula, space_groups=(group,), max_atoms=5), priors)
        assert caught.value.field == "composition"


def test_sites_that_make_a_higher_group_are_told():
    row = tables().wyckoff_row

    def sure(number: int, letters: str, elements: list[int]) -> float:
        return doubt(number, elements, [row(number, letter) for letter in letters])

    assert sure(225, "ab", [11, 11]) == 1 and sure(225, "ab", [11, 17]) == 0
    assert sure(216, "ab", [11, 17]) == 1, "rock salt"
    assert sure(216, "ac", [30, 16]) == 0, "sphalerite"
    assert sure(227, "a", [6]) == 0, "diamond"
    assert sure(221, "ab", [55, 55]) == 1, "body-centred"
    assert sure(225, "abce", [22, 22, 38, 8]) == PSEUDO, "SrTiO3 as a double perovskite"
    assert sure(225, "abce", [22, 40, 38, 8]) == 0 and sure(62, "cccd", [20, 22, 8, 8]) == 0


def test_template_with_free_elements(priors):
    asked = DesignRequest(
        chemical_system=ChemicalSystem(("Mg", "Al", "O", "S"), "subset", required=("O",)),
        space_groups=(227,),
        options={"template": ("8a", "16d", "e")},
    )
    for plan in plans(asked, priors):
        assert describe_template(plan.wyckoff) == "8a,16d,32e"
        assert Counter(plan.elements) == {-1: 2, 7: 1}
    assert len({p.elements.index(7) for p in plans(asked, priors)}) == 3, "oxygen may be anywhere"


def test_template_elements_are_mostly_neutral(priors):
    """Mg, Sc and S on the sites of spinel: 8a 16d 32e is MgSc2S4 in nine draws of ten, and always holds all three."""
    system = ChemicalSystem(("Mg", "Sc", "S"), "exact")
    drawn = plans(
        DesignRequest(chemical_system=system, space_groups=(227,), options={"template": ("8a", "16d", "32e")}),
        priors,
        100,
    )
    assert all(sorted(p.elements) == [11, 15, 20] for p in drawn)
    assert sum(p.elements == (11, 20, 15) for p in drawn) > 75
    assert len({p.elements for p in drawn}) > 1


@given(
    st.lists(st.integers(1, 94), min_size=2, max_size=3, unique=True),
    st.lists(st.sampled_from([1, 2, 4, 8, 16]), min_size=3, max_size=3),
)
@settings(max_examples=40, deadline=None)
def test_required_elements_go_where_the_funnel_finds_them_neutral(must, sizes):
    """Of the ways to put each element on one orbit, nine draws of ten, if the funnel accepts any."""
    sizes = sizes[: len(must)]
    accepted = {way for way in permutations(must) if reason_against(tuple(zip(way, sizes, strict=True))) is None}
    drawn = [tuple(pin_required(must, sizes, True, np.random.default_rng(seed))) for seed in range(30)]
    assert {tuple(sorted(way)) for way in drawn} == {tuple(sorted(must))}
    assert not accepted or sum(way in accepted for way in drawn) >= 18


def test_template_with_composition(priors):
    asked = DesignRequest(composition="MgAl2O4", space_groups=(227,), options={"template": ("8a", "16d", "32e")})
    assert {p.elements for p in plans(asked, priors)} == {(11, 12, 7)}
    inverse = DesignRequest(
        composition="MgTiAl2O4", space_groups=(227,), options={"template": ("8a", "8b", "16d", "32e")}
    )
    assert {p.elements for p in plans(inverse, priors)} == {(11, 21, 12, 7), (21, 11, 12, 7)}


def test_template_of_an_unseen_group(priors):
    asked = DesignRequest(space_groups=(48,), options={"template": parse_template("2a, 2x8m")})
    for plan in plans(asked, priors):
        assert describe_template(plan.wyckoff) == "2a,2x8m" and plan.space_group == 48


@pytest.mark.parametrize(
    "changes, field",
    [
        ({"composition": "MgAl2O5"}, "template"),
        ({"composition": "MgAlO2"}, "template"),
        ({"chemical_system": ChemicalSystem(("Mg", "Al", "O", "S"), "exact")}, "template"),
        ({"max_atoms": 10}, "max_atoms"),
        ({"options": {"template": ("8a", "16d", "32e"), "max_orbits": 2}}, "template"),
    ],
)
def test_templates_that_cannot_be_filled(priors, changes, field):
    asked = DesignRequest(space_groups=(227,), options={"template": ("8a", "16d", "32e")}).with_(**changes)
    with pytest.raises(RequestError) as caught:
        check(asked, priors)
    assert caught.value.field == field


SPINEL = (
    KeptOrbit("Mg", "8a", (0.875, 0.875, 0.875)),
    KeptOrbit("O", "32e", (0.2624 + 0.5, 0.2624, 0.2624 + 0.5)),
)


def test_kept_orbits_are_pinned_and_others_added(priors):
    asked = DesignRequest(space_groups=(227,), options={"keep": Kept(SPINEL, (8.08, 8.08, 8.08, 90, 90, 90))})
    table = tables()
    sizes = set()
    for plan in plans(asked, priors):
        sizes.add(plan.n_orbits)
        assert plan.elements[:2] == (11, 7) and plan.elements[2:] == (-1,) * (plan.n_orbits - 2)
        assert describe_template(plan.wyckoff[:2]) == "8a,32e" and set(plan.wyckoff[2:]) == {-1}
        for row, point in zip(plan.wyckoff[:2], plan.positions[:2], strict=True):
            assert representative_on(table, row, np.array([point]), 1e-9)[0]
        assert np.allclose(np.ptp(plan.positions[1]), 0) and np.isnan(plan.positions[2]).all()
        assert np.allclose(lattice.from_k(np.array(plan.k)), np.eye(3) * 8.08)
    assert len(sizes) > 1 and min(sizes) == 3


def test_kept_orbits_are_completed_to_a_composition(priors):
    asked = DesignRequest(composition="MgAl2O4", space_groups=(227,), options={"keep": Kept(SPINEL)})
    for plan in plans(asked, priors):
        assert is_composition(plan, "MgAl2O4") and describe_template(plan.wyckoff[:2]) == "8a,32e"
        assert len(plan.positions) == plan.n_orbits and plan.k == ()


def test_as_many_orbits_are_added_as_asked_for_and_required_elements_with_them(priors):
    system = ChemicalSystem(("Mg", "O", "Ti"), "exact")
    asked = DesignRequest(chemical_system=system, space_groups=(227,), options={"keep": Kept(SPINEL, added=2)})
    for plan in plans(asked, priors):
        assert plan.n_orbits == 4 and plan.elements[2:].count(21) == 1


@pytest.mark.parametrize("most", [8, 14, 20])
def test_kept_crystals_stay_within_the_limit_of_atoms(priors, most):
    """Two orbits of P4/mmm with five atoms: what is added fits and never sits on the same fixed position."""
    table = tables()
    orbits = (KeptOrbit("Sr", "1a", (0, 0, 0)), KeptOrbit("O", "4j", (0.3, 0.3, 0)))
    asked = DesignRequest(
        chemical_system=ChemicalSystem(("Ti",), "contains"),
        space_groups=(123,),
        max_atoms=most,
        options={"keep": Kept(orbits)},
    )
    for plan in plans(asked, priors):
        rows = list(plan.wyckoff)
        assert table.multiplicity[rows].sum() <= most and len(rows) > 2 and 21 in plan.elements
        fixed = [r for r in rows if table.degrees_of_freedom[r] == 0]
        assert len(set(fixed)) == len(fixed)
    with pytest.raises(RequestError) as caught:
        check(asked.with_(max_atoms=5), priors)
    assert caught.value.field == "max_atoms"


def test_a_kept_lattice_alone(priors):
    asked = DesignRequest(space_groups=(194,), options={"keep": Kept((), (3.0, 3.0, 5.0, 90, 90, 120))})
    drawn = plans(asked, priors)
    assert len({p.n_orbits for p in drawn}) > 1
    got = lattice.cell_parameters(lattice.from_k(np.array([p.k for p in drawn])))
    assert np.allclose(got, [3, 3, 5, 90, 90, 120])


@pytest.mark.parametrize(
    "keep, more",
    [
        (Kept((KeptOrbit("Mg", "8a", (0.2, 0.1, 0.3)),)), {}),
        (Kept((KeptOrbit("Mg", "32e", (0.125, 0.125, 0.125)),)), {}),
        (Kept((), (8.0, 8.0, 9.0, 90, 90, 90)), {}),
        (Kept((), (8.0, 8.0, 8.0, 170, 20, 90)), {}),
        (Kept(SPINEL, added=1), {"chemical_system": ChemicalSystem(("Mg", "O", "Ti", "S"), "exact")}),
        (Kept(SPINEL), {"options": {"max_orbits": 2}}),
    ],
)
def test_what_cannot_be_kept_is_said(priors, keep, more):
    with pytest.raises(RequestError) as caught:
        check(DesignRequest(space_groups=(227,), **more).with_options(keep=keep), priors)
    assert caught.value.field == "keep"


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1730), st.integers(0, 10_000))
def test_any_atom_of_an_orbit_names_the_same_representative(row, seed):
    table = tables()
    number = int(table.wyckoff_group[row])
    rng = np.random.default_rng(seed)
    point = table.linear[row] @ rng.random(3) + table.origin[row]
    rotations, translations = table.orbit(row)
    image = rng.integers(len(rotations))
    other = rotations[image] @ point + translations[image] + rng.integers(-2, 3, 3)
    try:
        found, again = on_representative(row, point), on_representative(row, other)
    except RequestError:
        return  # by chance on a position of higher symmetry
    gap = found - again
    assert np.abs(gap - np.rint(gap)).max() < 1e-6
    assert representative_on(table, row, found[None], 1e-7)[0]
    images = np.einsum("kij,j->ki", table.operations(number)[0], point) + table.operations(number)[1]
    gap = images - found
    assert np.abs(gap - np.rint(gap)).max(1).min() < 1e-6, "an atom of the orbit"


def test_unseen_groups_and_required_elements(priors):
    """Group 48 has no crystal in the training set: its orbit counts are borrowed."""
    asked = DesignRequest(chemical_system=ChemicalSystem(("O",), "contains", required=("Ti",)), space_groups=(48, 225))
    drawn = plans(asked, priors, 60)
    assert {p.space_group for p in drawn} == {48, 225}
    assert all({7, 21} <= set(p.elements) for p in drawn)


def test_drawn_again_in_the_same_group(priors):
    """Little seen groups get an orbit on their general position; what is pinned stays pinned."""
    rng, table = np.random.default_rng(0), tables()
    must = ChemicalSystem(("O",), "contains")
    for number, general in ((48, True), (225, False)):
        asked = DesignRequest(chemical_system=must, space_groups=(48, 225, 1))
        first = next(p for p in plans(asked, priors) if p.space_group == number)
        again = [draw_again(asked, priors, first, rng) for _ in range(20)]
        assert {p.space_group for p in again} == {number} and all(7 in p.elements for p in again)
        assert all((table.wyckoff_start[number - 1] in p.wyckoff) == general for p in again)
    tight = DesignRequest(chemical_system=must, space_groups=(48,), max_atoms=6)
    assert set(draw_again(tight, priors, plans(tight, priors, 1)[0], rng).wyckoff) == {-1}
    fixed = DesignRequest(space_groups=(48,), options={"template": ("2a", "4e")})
    assert describe_template(draw_again(fixed, priors, plans(fixed, priors, 1)[0], rng).wyckoff) == "2a,4e"
    spinel = DesignRequest(composition="MgAl2O4", space_groups=(227, 225))
    assert is_composition(draw_again(spinel, priors, plans(spinel, priors, 1)[0], rng), "MgAl2O4")


def test_a_template_may_name_elements():
    """Of some orbits: the others are shared out among what is left, or stay open."""
    exact = DesignRequest(composition="MgAl2O4", space_groups=(227,), options={"template": ["8a", "Al 16d", "32e"]})
    templates.check(exact, ("8a", "Al 16d", "32e"), 20)
    assert templates.elements(exact, ("8a", "Al 16d", "32e"), np.random.default_rng(0)) == [12, 13, 8]
    with pytest.raises(RequestError, match="cannot be shared out"):
        templates.check(exact, ("8a", "O 16d", "32e"), 20)
    system = DesignRequest(chemical_system=ChemicalSystem(("Mg", "Al", "O"), "exact"), space_groups=(227,))
    with pytest.raises(RequestError, match="leaves 1 orbits without an element, but 2 elements"):
        templates.check(system, ("8a", "Al 16d", "Al 32e"), 20)


def test_elements_of_a_template_hold_in_its_plans(priors):
    request = DesignRequest(
        chemical_system=ChemicalSystem(("Mg", "Al", "O"), "exact"),
        space_groups=(227,),
        options={"template": ["8a", "Al 16d", "32e"]},
    )
    for plan in draw(request, priors, 20, np.random.default_rng(0)):
        assert plan.elements[1] == 12 and {11, 12, 7} == set(plan.elements)
