import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crystal_studio.crystal import lattice
from crystal_studio.crystal.asymmetric_unit import expand
from crystal_studio.crystal.batches import AsymmetricUnits, Structures
from crystal_studio.crystal.normalizers import describe, equivalents, normalizer
from crystal_studio.crystal.primitive import primitive
from crystal_studio.crystal.space_groups import tables
from crystal_studio.crystal.standardise import representative_on, space_group_numbers, to_asymmetric_units


def crystals(seed: int, groups) -> AsymmetricUnits:
    """Random points on random Wyckoff positions in random cells of the family."""
    rng = np.random.default_rng(seed)
    group = np.asarray(groups, np.int16)
    k = lattice.constrain(rng.normal(0, 0.15, (len(group), 6)) + np.array([0, 0, 0, 0, 0, 1.8]), group)
    table = tables()
    rows = np.array([rng.choice(table.wyckoff_rows(g), 3) for g in group])
    points = np.einsum("bmij,bmj->bmi", table.linear[rows], rng.random((len(group), 3, 3))) + table.origin[rows]
    numbers = rng.integers(1, 90, rows.shape).astype(np.int16)
    return AsymmetricUnits(group, lattice.from_k(k), numbers, rows.astype(np.int16), points % 1.0)


def textbook() -> Structures:
    """Rutile, rock salt, wurtzite, sphalerite, spinel, perovskite, olivine, pyrite, quartz, nickeline."""
    from pymatgen.core import Lattice, Structure

    cubic, hexagonal, box = Lattice.cubic, Lattice.hexagonal, Lattice.orthorhombic
    olivine = [(0, 0, 0), (0.282, 0.25, 0.975), (0.095, 0.25, 0.418)]
    olivine += [(0.097, 0.25, 0.743), (0.457, 0.25, 0.206), (0.166, 0.046, 0.285)]
    described = [
        ("P4_2/mnm", Lattice.tetragonal(4.59, 2.96), "Ti O", [(0, 0, 0), (0.305, 0.305, 0)]),
        ("Fm-3m", cubic(5.64), "Na Cl", [(0, 0, 0), (0.5, 0.5, 0.5)]),
        ("P6_3mc", hexagonal(3.82, 6.26), "Zn S", [(1 / 3, 2 / 3, 0), (1 / 3, 2 / 3, 0.375)]),
        ("F-43m", cubic(5.41), "Zn S", [(0, 0, 0), (0.25, 0.25, 0.25)]),
        ("Fd-3m", cubic(8.08), "Mg Al O", [(0.125, 0.125, 0.125), (0.5, 0.5, 0.5), (0.2624, 0.2624, 0.2624)]),
        ("Pm-3m", cubic(3.9), "Sr Ti O", [(0, 0, 0), (0.5, 0.5, 0.5), (0.5, 0.5, 0)]),
        (
            "Pnma",
            box(10.33, 6.01, 4.69),
            "Li Fe P O O O",
            olivine,
        ),
        ("Pa-3", cubic(5.42), "Fe S", [(0, 0, 0), (0.385, 0.385, 0.385)]),
        ("P3_121", hexagonal(4.91, 5.4), "Si O", [(0.47, 0, 1 / 3), (0.413, 0.267, 0.286)]),
        ("P6_3/mmc", hexagonal(3.6, 5.0), "Ni As", [(0, 0, 0), (1 / 3, 2 / 3, 0.25)]),
    ]
    found = [Structure.from_spacegroup(g, cell, names.split(), points) for g, cell, names, points in described]
    return Structures.from_lists(
        [s.lattice.matrix for s in found], [s.atomic_numbers for s in found], [s.frac_coords for s in found]
    )


# Index of the group in its Euclidean normalizer (affine where axes of orthorhombic cells are exchanged),
# without the continuous shifts of polar groups: International Tables A, tables 3.5.2.3 to 3.5.2.5.
INDEX = {
    14: 8, 15: 4, 16: 96, 19: 96, 47: 48, 62: 8, 63: 4, 123: 4, 139: 2, 147: 8, 148: 4, 164: 4, 166: 2,
    194: 2, 198: 8, 215: 4, 216: 8, 221: 2, 225: 2, 227: 2, 229: 1, 230: 1,
}  # fmt: skip


@pytest.mark.parametrize("number", INDEX)
def test_as_many_equivalent_descriptions_as_the_international_tables_list(number):
    assert len(normalizer(number)) == INDEX[number]


def shifts(number: int) -> set[tuple[float, ...]]:
    own = normalizer(number)
    return {tuple(s.tolist()) for a, s in zip(own.axes, own.shift, strict=True) if (a == np.eye(3)).all()}


def modulo(number: int, points: set) -> set[tuple[float, ...]]:
    """Shifts reduced by the lattice translations of the group."""
    rotations, translations = tables().operations(number)
    centring = translations[(rotations == np.eye(3)).all((1, 2))]
    return {min(tuple(((np.array(p) + c) % 1.0).round(6).tolist()) for c in centring) for p in points}


def test_known_origins():
    halves = {(x, y, z) for x in (0, 0.5) for y in (0, 0.5) for z in (0, 0.5)}
    assert shifts(62) == shifts(2) == halves
    assert modulo(225, shifts(225)) == modulo(225, {(0, 0, 0), (0.5, 0.5, 0.5)})
    assert modulo(216, shifts(216)) == modulo(216, {(q, q, q) for q in (0, 0.25, 0.5, 0.75)})
    assert shifts(194) == shifts(139) == {(0, 0, 0), (0, 0, 0.5)}
    assert {s[:2] for s in shifts(143)} == {(0, 0), (8 / 24, 16 / 24), (16 / 24, 8 / 24)}, "P3: three threefold axes"


def test_rock_salt_swaps_its_two_positions():
    """4a and 4b of Fm-3m change places when the origin moves to the other atom, 8c stays."""
    own, table = normalizer(225), tables()
    letters = {table.letter[o]: table.letter[n] for o, n in zip(own.row[0], own.row[1], strict=True)}
    assert (letters["a"], letters["b"], letters["c"]) == ("b", "a", "c")


def test_groups_of_an_enantiomorphic_pair_keep_their_hand():
    for number in (76, 78, 91, 144, 145, 152, 154, 169, 178, 212, 213):
        assert (np.linalg.det(normalizer(number).axes) > 0).all()


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 230))
def test_the_group_goes_onto_itself(number):
    rotations, translations = tables().operations(number)
    own = normalizer(number)
    at = {}
    for r, t in zip(rotations, translations, strict=True):
        at.setdefault(r.astype(int).tobytes(), []).append(t)
    for axes, shift in list(zip(own.axes, own.shift, strict=True))[:12]:
        inverse = np.linalg.inv(axes)
        for r, t in zip(rotations, translations, strict=True):
            turned = np.rint(axes @ r @ inverse).astype(int)
            moved = axes @ t + shift - turned @ shift
            gap = moved - np.array(at[turned.tobytes()])
            assert np.abs(gap - np.rint(gap)).max(1).min() < 1e-9


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 100_000))
def test_the_same_atoms_in_other_coordinates(seed):
    rng = np.random.default_rng(seed)
    units = crystals(seed, rng.integers(1, 231, 6))
    table = tables()
    coset = np.array([rng.integers(len(normalizer(g))) for g in units.space_group])
    polar = rng.random((6, 3))
    other = describe(units, coset, polar)
    before, after = expand(units), expand(other)
    assert (other.numbers == units.numbers).all() and (np.linalg.det(other.lattice) > 0).all()
    for i, g in enumerate(units.space_group.tolist()):
        own = normalizer(g)
        axes, shift = own.axes[coset[i]], own.shift[coset[i]] + own.polar * polar[i]
        back = axes.T @ other.lattice[i] @ other.lattice[i].T @ axes
        assert np.allclose(back, units.lattice[i] @ units.lattice[i].T), "the distances of the lattice"
        for m in range(3):
            old = before.positions[before.atoms(i)][before.orbit[before.atoms(i)] == m] @ axes.T + shift
            new = after.positions[after.atoms(i)][after.orbit[after.atoms(i)] == m]
            gap = old[:, None] - new
            gap = np.abs(gap - np.rint(gap)).max(-1)
            assert len(old) == len(new) and (gap.min(0) < 1e-7).all() and (gap.min(1) < 1e-7).all()
            row, old_row = int(other.wyckoff[i, m]), int(units.wyckoff[i, m])
            assert representative_on(table, row, other.positions[i, m][None], 1e-7)[0]
            assert table.multiplicity[row] == table.multiplicity[old_row]
            assert sorted(table.site_symmetry[row]) == sorted(table.site_symmetry[old_row])


def test_representatives_follow_the_rule_of_standardised_crystals():
    units, ok, _ = to_asymmetric_units(textbook())
    same = describe(units, np.zeros(len(units), np.int64), np.zeros((len(units), 3)))
    gap = same.positions - units.positions
    assert ok.all() and (same.wyckoff == units.wyckoff).all()
    assert np.abs(gap - np.rint(gap)).max() < 1e-6 and np.allclose(same.lattice, units.lattice)


def test_known_crystals_stay_what_they_are():
    from pymatgen.analysis.structure_matcher import StructureMatcher
    from pymatgen.core import Structure

    units, _, _ = to_asymmetric_units(textbook())
    matcher = StructureMatcher()
    changed = np.zeros(len(units), bool)
    for seed in range(2):
        other = equivalents(units, np.random.default_rng(seed))
        changed |= (other.wyckoff != units.wyckoff).any(1)
        cells = [primitive(expand(u), u.space_group) for u in (units, other)]
        assert (space_group_numbers(cells[1]) == units.space_group).all()
        for i in range(len(units)):
            a, b = (Structure(c.lattice[i], c.numbers[c.atoms(i)].tolist(), c.positions[c.atoms(i)]) for c in cells)
            assert matcher.get_rms_dist(a, b)[0] < 1e-4
    assert changed.sum() >= 4


def test_cells_keep_their_conventions():
    """k stays in the space of the family; monoclinic cells stay obtuse; polar origins move, others do not."""
    groups = np.tile([3, 5, 8, 14, 99, 143, 166, 221], 20)
    units = crystals(1, groups)
    other = equivalents(units, np.random.default_rng(1))
    k, family = lattice.to_k(other.lattice), lattice.to_k(units.lattice)
    assert np.allclose(lattice.constrain(k, groups), k, atol=1e-9)
    assert np.allclose(k[groups > 15], family[groups > 15], atol=1e-9)
    sign = np.sign(lattice.cell_parameters(units.lattice)[:, 4] - 90)
    monoclinic = groups < 16
    assert (np.sign(lattice.cell_parameters(other.lattice)[:, 4] - 90) == sign)[monoclinic].all()
