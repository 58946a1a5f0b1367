import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.core import Lattice, Structure
from pymatgen_oracle import fingerprint, order_parameter

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.standardise import to_asymmetric_units
from crystal_studio.evaluation.crystalnn import LABELS, WIDTH, crystalnn_fingerprints
from crystal_studio.evaluation.crystalnn.motifs import MOTIFS
from crystal_studio.evaluation.crystalnn.order_parameters import order_parameters


def batch(*crystals: Structure) -> Structures:
    return Structures.from_lists(
        [c.lattice.matrix for c in crystals],
        [np.array(c.atomic_numbers) for c in crystals],
        [c.frac_coords for c in crystals],
    )


def cubic(edge: float, species: list[str], points: list[list[float]], group: str = "P1") -> Structure:
    return Structure.from_spacegroup(group, np.eye(3) * edge, species, points)


ROCK_SALT = cubic(5.64, ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]], "Fm-3m")
DIAMOND = cubic(3.57, ["C"], [[0, 0, 0]], "Fd-3m")
PEROVSKITE = cubic(3.905, ["Sr", "Ti", "O"], [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]], "Pm-3m")
TUNGSTEN = cubic(3.165, ["W"], [[0, 0, 0]], "Im-3m")
COPPER = cubic(3.61, ["Cu"], [[0, 0, 0]], "Fm-3m")
RUTILE = Structure.from_spacegroup(
    "P4_2/mnm", np.diag([4.594, 4.594, 2.959]), ["Ti", "O"], [[0, 0, 0], [0.305, 0.305, 0]]
)
QUARTZ = Structure.from_spacegroup(
    "P3_221",
    Lattice.hexagonal(4.913, 5.405),
    ["Si", "O"],
    [[0.4697, 0, 2 / 3], [0.4135, 0.2669, 0.7858]],
)
GRAPHITE = Structure.from_spacegroup(
    "P6_3/mmc",
    Lattice.hexagonal(2.464, 6.711),
    ["C", "C"],
    [[0, 0, 0.25], [1 / 3, 2 / 3, 0.25]],
)
CRYSTALS = [ROCK_SALT, DIAMOND, PEROVSKITE, TUNGSTEN, COPPER, RUTILE, QUARTZ, GRAPHITE]


def prototype(group: str, cell: Lattice, species: list[str], points: list[list[float]]) -> Structure:
    return Structure.from_spacegroup(group, cell, species, points).get_primitive_structure()


THIRD = [1 / 3, 2 / 3]
PROTOTYPES = [
    prototype("Pm-3m", Lattice.cubic(4.12), ["Cs", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]]),
    prototype("Pm-3m", Lattice.cubic(3.75), ["Au", "Cu"], [[0, 0, 0], [0.5, 0.5, 0]]),
    prototype("Pm-3m", Lattice.cubic(3.35), ["Po"], [[0, 0, 0]]),
    prototype("Fm-3m", Lattice.cubic(5.46), ["Ca", "F"], [[0, 0, 0], [0.25, 0.25, 0.25]]),
    prototype("F-43m", Lattice.cubic(5.41), ["Zn", "S"], [[0, 0, 0], [0.25, 0.25, 0.25]]),
    prototype("P6_3mc", Lattice.hexagonal(3.82, 6.26), ["Zn", "S"], [[*THIRD, 0], [*THIRD, 0.3748]]),
    prototype("P6_3/mmc", Lattice.hexagonal(3.62, 5.03), ["Ni", "As"], [[0, 0, 0], [*THIRD, 0.25]]),
    prototype("P6_3/mmc", Lattice.hexagonal(3.21, 5.21), ["Mg"], [[*THIRD, 0.25]]),
    prototype("P-3m1", Lattice.hexagonal(4.24, 6.84), ["Cd", "I"], [[0, 0, 0], [*THIRD, 0.2492]]),
    prototype("P6/mmm", Lattice.hexagonal(3.07, 3.52), ["Ti", "B"], [[0, 0, 0], [*THIRD, 0.5]]),
    prototype("P3_121", Lattice.hexagonal(4.366, 4.954), ["Se"], [[0.2254, 0, 1 / 3]]),
    prototype("I4_1/amd", Lattice.tetragonal(5.82, 3.17), ["Sn"], [[0, 0, 0]]),
    prototype("Cmcm", Lattice.orthorhombic(2.854, 5.869, 4.955), ["U"], [[0, 0.1025, 0.25]]),
    prototype("P4_2/mmc", Lattice.tetragonal(3.08, 6.11), ["Pt", "S"], [[0, 0.5, 0], [0, 0, 0.25]]),
]


def value(crystal: Structure, label: str) -> float:
    return float(crystalnn_fingerprints(batch(crystal))[0, LABELS.index(label)])


def test_labels():
    assert WIDTH == 61 and len(set(LABELS)) == 61
    assert LABELS[:4] == ("wt CN_1", "sgl_bd CN_1", "wt CN_2", "L-shaped CN_2") and LABELS[-1] == "wt CN_24"


@pytest.mark.parametrize(
    ("crystal", "weight", "motif"),
    [
        (ROCK_SALT, "wt CN_6", "octahedral CN_6"),
        (DIAMOND, "wt CN_4", "tetrahedral CN_4"),
        (GRAPHITE, "wt CN_3", "trigonal planar CN_3"),
        (COPPER, "wt CN_12", "cuboctahedral CN_12"),
    ],
)
def test_textbook_coordination(crystal, weight, motif):
    assert value(crystal, weight) > 0.95
    assert value(crystal, motif) == pytest.approx(value(crystal, weight), rel=0.02)


def test_same_numbers_as_pymatgen():
    ours = crystalnn_fingerprints(batch(*CRYSTALS))
    theirs = np.array([fingerprint(c.get_primitive_structure()) for c in CRYSTALS])
    np.testing.assert_allclose(ours, theirs, atol=2e-6)


def test_same_numbers_as_pymatgen_without_symmetry():
    """Random triclinic crystals: no two weights alike, so that nothing depends on the order of equals."""
    rng = np.random.default_rng(5)
    crystals = []
    for _ in range(8):
        cell = np.diag(rng.uniform(3.5, 6.5, 3)) + rng.normal(0, 0.6, (3, 3))
        n = rng.integers(1, 4)
        crystals.append(Structure(cell, rng.choice(["Na", "O", "Fe", "Cs", "Ar", "Si"], n), rng.random((n, 3))))
    ours = crystalnn_fingerprints(batch(*crystals))
    np.testing.assert_allclose(ours, [fingerprint(c) for c in crystals], atol=1e-8)


def test_same_numbers_as_pymatgen_for_prototypes():
    """The parameter of the body-centred cube hangs on the order of equal neighbours and has its own test."""
    ours = crystalnn_fingerprints(batch(*PROTOTYPES))
    theirs = np.array([fingerprint(c) for c in PROTOTYPES])
    np.testing.assert_allclose(ours, theirs, atol=1e-3)
    settled = [not label.startswith("body-centered") for label in LABELS]
    np.testing.assert_allclose(ours[:, settled], theirs[:, settled], atol=1e-6)


def test_equal_neighbours_share_the_order_of_the_body_centred_parameter():
    """Pymatgen's value hangs on the order of the neighbours; ours, for equal weights, is the mean over orders."""
    rng = np.random.default_rng(2)
    vectors = rng.normal(size=(8, 3))
    orders = [rng.permutation(8) for _ in range(400)]
    theirs = [order_parameter(8, "body-centered cubic", vectors[o]) for o in orders[:60]]
    equal = order_parameters(vectors[None], np.ones((1, 8)))[0, 0]
    ranked = -np.arange(8.0)
    ours = [order_parameters(vectors[None, o], ranked[None])[0, 0] for o in orders]
    np.testing.assert_allclose(ours[:60], theirs, atol=1e-10)
    assert equal == pytest.approx(np.mean(ours), abs=4 * np.std(ours) / 20)
    # Exactly: an order and its reverse together count every pair both ways.
    back = order_parameters(vectors[None, orders[0][::-1]], ranked[None])[0, 0]
    assert equal == pytest.approx((ours[0] + back) / 2, abs=1e-12)


def test_open_voronoi_cells():
    """Layers 20 A apart: the cell closes among the atoms of 14 A or 28 A only."""
    layer = Structure(np.diag([3.0, 3.0, 20.0]), ["C", "O"], [[0, 0, 0], [0.5, 0.5, 0.03]])
    np.testing.assert_allclose(crystalnn_fingerprints(batch(layer))[0], fingerprint(layer), atol=1e-8)


@pytest.mark.parametrize("n", sorted(MOTIFS))
def test_order_parameters_of_random_neighbours(n):
    rng = np.random.default_rng(n)
    vectors = rng.normal(size=(3, n, 3))
    weights = -np.sort(-rng.random((3, n)), axis=1)
    ours = order_parameters(vectors, weights)
    for column, motif in enumerate(MOTIFS[n]):
        theirs = [order_parameter(n, motif.name, v) for v in vectors]
        np.testing.assert_allclose(ours[:, column], theirs, atol=1e-10, err_msg=motif.name)


def test_other_cells_of_the_same_crystal():
    for crystal in CRYSTALS:
        big = crystal.copy()
        big.make_supercell([[1, 1, 0], [0, 1, 0], [0, 0, 2]])
        shifted = crystal.copy()
        shifted.translate_sites(list(range(len(crystal))), [0.37, 0.11, 0.73])
        skewed = Structure(
            np.array([[1, 0, 0], [3, 1, 0], [-1, 2, 1]]) @ crystal.lattice.matrix,
            crystal.species,
            crystal.cart_coords,
            coords_are_cartesian=True,
        )
        cells = batch(crystal, crystal.get_primitive_structure(), big, shifted, skewed)
        found = crystalnn_fingerprints(cells, collinear=1e-3)
        np.testing.assert_allclose(found, found[:1].repeat(5, 0), atol=1e-5, err_msg=crystal.formula)


def test_orbits_stand_for_their_atoms():
    cells = batch(*CRYSTALS)
    units, ok, _ = to_asymmetric_units(cells)
    assert ok.all()
    atoms = crystalnn_fingerprints(cells, collinear=1e-3)
    np.testing.assert_allclose(crystalnn_fingerprints(units, collinear=1e-3), atoms, atol=1e-4)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_any_crystal(seed):
    """Rotated and in another order of atoms: the same; weights are shares."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 6))
    cell, points = np.diag(rng.uniform(3, 7, 3)) + rng.normal(0, 0.5, (3, 3)), rng.random((n, 3))
    numbers = rng.integers(1, 95, n)
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    order = rng.permutation(n)
    found = crystalnn_fingerprints(
        Structures.from_lists([cell, cell @ turn], [numbers, numbers[order]], [points, points[order]])
    )
    np.testing.assert_allclose(found[0], found[1], atol=2e-3)
    shares = found[0, [i for i, label in enumerate(LABELS) if label.startswith("wt")]]
    assert (shares >= 0).all() and shares.sum() <= 1 + 1e-9


def test_large_batches_give_the_same():
    cells = Structures.concatenate([batch(*CRYSTALS)] * 26)
    found = crystalnn_fingerprints(cells)
    assert len(found) == 208
    np.testing.assert_array_equal(found[:8], crystalnn_fingerprints(cells.take(np.arange(8))))
    np.testing.assert_allclose(found[-8:], found[:8], atol=1e-12)


def test_what_has_no_fingerprint():
    broken = [
        (np.eye(3) * np.nan, [6], [[0, 0, 0]]),
        (np.eye(3) * 4.0, [], []),
        (np.eye(3) * 0.3, [6], [[0, 0, 0]]),
        (np.eye(3) * 4.0, [6, 6], [[0, 0, 0], [0, 0, 0]]),
        (np.eye(3) * 4.0, [118], [[0, 0, 0]]),
        (np.eye(3) * 4.0, [6], [[np.nan, 0, 0]]),
        # Each atom has three others within 7 A: pymatgen finds no faces.
        (np.eye(3) * 20.0, [6] * 4, [[0, 0, 0], [0.1, 0, 0], [0, 0.1, 0], [0, 0, 0.1]]),
        (np.eye(3) * 3.3, [6], [[0, 0, 0]]),
    ]
    found = crystalnn_fingerprints(Structures.from_lists(*zip(*broken, strict=True)))
    assert np.isnan(found).any(1).tolist() == [True] * 7 + [False]
    assert crystalnn_fingerprints(batch()).shape == (0, WIDTH)
