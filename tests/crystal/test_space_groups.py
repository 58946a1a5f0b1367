"""Every space group and every Wyckoff position, checked by spglib."""

import numpy as np
import pytest
import spglib

from crystal_studio.crystal import lattice
from crystal_studio.crystal.asymmetric_unit import expand
from crystal_studio.crystal.batches import AsymmetricUnits
from crystal_studio.crystal.primitive import primitive
from crystal_studio.crystal.space_groups import N_WYCKOFF, parse_space_group, tables
from crystal_studio.crystal.standardise import representative_on
from crystal_studio.crystal.symmetry_elements import SITE_CLASSES
from crystal_studio.errors import RequestError

GENERIC = np.array([0.13, 0.29, 0.41, 0.07, -0.05, 1.9])


def generic_crystals(number: int) -> AsymmetricUnits:
    """One crystal a Wyckoff position of the group; two general orbits keep the group from rising."""
    table = tables()
    rows = table.wyckoff_rows(number)
    n = len(rows)
    rng = np.random.default_rng(number)
    cell = lattice.from_k(lattice.constrain(GENERIC[None], np.array([number])))
    points = np.tile(rng.uniform(0.05, 0.95, (1, 3, 3)), (n, 1, 1))
    points[:, 0] = np.einsum("wij,j->wi", table.linear[rows], [0.137, 0.283, 0.391]) + table.origin[rows]
    wyckoff = np.stack([rows, np.full(n, rows[0]), np.full(n, rows[0])], 1)
    return AsymmetricUnits(
        np.full(n, number, np.int16),
        np.repeat(cell, n, axis=0),
        np.tile(np.array([[8, 22, 50]], np.int16), (n, 1)),
        wyckoff.astype(np.int16),
        points % 1.0,
    )


@pytest.mark.parametrize("number", range(1, 231))
def test_every_wyckoff_position_expands_and_is_found(number):
    table = tables()
    units = generic_crystals(number)
    cells = expand(units)
    rows = units.wyckoff[:, 0]
    in_first_orbit = np.bincount(cells.crystal, cells.orbit == 0, len(units))
    assert (in_first_orbit == table.multiplicity[rows]).all()
    small = primitive(cells, units.space_group)
    centring = table.n_centring[number - 1]
    assert (small.n_atoms * centring == cells.n_atoms).all()
    for i, row in enumerate(rows):
        atoms = small.atoms(i)
        data = spglib.get_symmetry_dataset(
            (small.lattice[i], small.positions[atoms], small.numbers[atoms]), symprec=1e-4
        )
        assert data.number == number
        first = data.equivalent_atoms[small.orbit[atoms] == 0]
        assert len(np.unique(first)) == 1, "the orbit is one orbit to spglib too"
        assert len(first) * centring == table.multiplicity[row]


def test_published_counts():
    table = tables()
    assert len(table.letter) == N_WYCKOFF == 1731
    # SymmCD: all 230 encodings differ, but only 1,154 (group, site symmetry) pairs are distinct.
    assert len(np.unique(table.encoding, axis=0)) == 230
    pairs = np.column_stack([table.wyckoff_group, table.site_class])
    assert len(np.unique(pairs, axis=0)) == 1154


def test_known_positions():
    table = tables()
    spinel = {table.letter[w]: w for w in table.wyckoff_rows(227)}
    assert table.multiplicity[spinel["e"]] == 32
    assert table.site_symmetry[spinel["d"]] == ".-3m"
    assert table.degrees_of_freedom[spinel["e"]] == 1
    axis = 3  # [111]
    assert SITE_CLASSES[table.site_class[spinel["e"], axis]] == "3"
    assert SITE_CLASSES[table.site_class[spinel["c"], axis]] == "-3"
    assert table.centrosymmetric[224] and not table.centrosymmetric[215]
    assert table.polar[98] and not table.polar[224]
    assert table.chiral[18] and not table.chiral[13]
    assert table.symbol[193] == "P6_3/mmc"


def test_projectors_are_projections_onto_the_representatives():
    table = tables()
    assert np.allclose(table.projector @ table.projector, table.projector)
    assert np.allclose(table.linear @ table.linear, table.linear)
    assert (np.rint(np.trace(table.projector, axis1=1, axis2=2)) == table.degrees_of_freedom).all()
    for row in range(0, N_WYCKOFF, 7):
        point = table.linear[row] @ [0.21, 0.34, 0.77] + table.origin[row]
        assert representative_on(table, row, point[None] + [[1, -2, 3]]).all()


@pytest.mark.parametrize(
    "text, number", [("225", 225), ("Fm-3m", 225), ("P6_3/mmc", 194), ("p 21/c", 14), ("P 1 21/c 1", 14)]
)
def test_space_groups_are_read_as_people_write_them(text, number):
    assert parse_space_group(text) == number


@pytest.mark.parametrize("text", ["231", "0", "-3", "Fm3", "", "nonsense"])
def test_what_is_no_space_group_is_said(text):
    with pytest.raises(RequestError):
        parse_space_group(text)


def test_every_symbol_reads_back():
    for number, symbol in enumerate(tables().symbol, 1):
        assert parse_space_group(symbol) == number
