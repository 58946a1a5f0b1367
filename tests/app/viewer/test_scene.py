"""Scene arrays: nothing is lost or doubled at cell borders and in supercells."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crystal_studio.app.viewer import colours
from crystal_studio.app.viewer.scene import STYLES, SceneOptions, build_scene
from crystal_studio.crystal.neighbours import bonds


def test_rock_salt_has_its_27_atoms_and_54_bonds(nacl):
    scene = build_scene(*nacl)
    assert len(scene.atom) == 27
    assert scene.inside.sum() == 8
    # 3 x 3 x 3 points with an edge between neighbours: 3 directions of 2 x 9.
    assert len(scene.bonds) == 54
    assert np.allclose(np.linalg.norm(scene.bond_end - scene.bond_start, axis=1), 2.82)
    assert len(np.unique(scene.positions.round(6), axis=0)) == 27


def test_boundary_atoms_just_below_a_face_are_completed_too(nacl):
    lattice, numbers, positions, orbit = nacl
    below = (positions - 1e-7) % 1.0
    assert len(build_scene(lattice, numbers, below, orbit).atom) == 27
    assert len(build_scene(lattice, numbers, below, orbit).bonds) == 54


def test_bonds_across_faces_are_completed_from_atoms_inside(rutile):
    lattice, numbers, positions, orbit = rutile
    scene = build_scene(lattice, numbers, positions, orbit)
    middle = next(i for i in range(len(scene.atom)) if scene.atom[i] == 1 and scene.inside[i])
    assert (scene.bonds == middle).any(1).sum() == 6
    shifted = build_scene(lattice, numbers, (positions + np.array([0.2, 0.2, 0.3])) % 1.0, orbit)
    for row in np.flatnonzero((shifted.numbers == 22) & shifted.inside):
        assert (shifted.bonds == row).any(1).sum() == 6
    without = build_scene(lattice, numbers, positions + 0.2, orbit, SceneOptions(complete_bonds=False))
    assert without.inside.all()


def test_metal_contacts_are_no_bonds_in_an_oxide_but_are_in_a_metal(rutile, iron):
    scene = build_scene(*rutile)
    assert {frozenset(pair) for pair in scene.numbers[scene.bonds].tolist()} == {frozenset((22, 8))}
    assert len(build_scene(*iron).bonds) > 0


@settings(max_examples=20, deadline=None)
@given(
    size=st.tuples(*[st.integers(1, 3)] * 3),
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(1, 5),
    style=st.sampled_from(STYLES),
)
def test_supercells_gain_and_lose_nothing(size, seed, n, style):
    """Each periodic atom of the supercell is drawn inside once; each periodic bond of it at least once, none else."""
    random = np.random.default_rng(seed)
    lattice = 4.0 * np.eye(3) + random.uniform(-0.8, 0.8, (3, 3))
    numbers = random.choice([6, 14], n)  # elements between which no contact is left out
    positions = random.uniform(0, 1, (n, 3))
    positions[0] = 0.0
    options = SceneOptions(style=style if style != "space-filling" else "wireframe", supercell=size)
    scene = build_scene(lattice, numbers, positions, None, options)
    cells = int(np.prod(size))
    inside = np.column_stack([scene.atom, scene.cell])[scene.inside]
    assert len(inside) == n * cells == len(np.unique(inside, axis=0))
    assert np.allclose(scene.fractional @ lattice, scene.positions)

    first, _, _ = bonds(lattice, numbers.astype(np.int16), positions)
    assert len(_periodic_bonds(scene, size)) == len(first) * cells


def _periodic_bonds(scene, size) -> set:
    """Drawn bonds modulo the lattice of the supercell."""
    found = set()
    for p, q in scene.bonds:
        ends = []
        for a, b in ((p, q), (q, p)):
            home = scene.cell[a] % size
            ends.append((int(scene.atom[a]), *home, int(scene.atom[b]), *(scene.cell[b] - scene.cell[a] + home)))
        found.add(min(ends))
    return found


def test_bond_colours_change_in_the_middle_of_the_visible_part(nacl):
    scene = build_scene(*nacl)
    first, second = scene.radii[scene.bonds].T
    length = np.linalg.norm(scene.bond_end - scene.bond_start, axis=1)
    assert np.allclose(scene.bond_split * length - first, (1 - scene.bond_split) * length - second)
    assert np.array_equal(scene.bond_colours[:, 0], scene.atom_colours[scene.bonds[:, 0]])


def test_colours_by_element_orbit_and_highlight(rutile):
    by_element = build_scene(*rutile)
    assert len(np.unique(by_element.atom_colours, axis=0)) == 2
    split = np.array([0, 2, 1, 1, 1, 1])  # the two titaniums as orbits of their own
    by_orbit = build_scene(*rutile[:3], split, SceneOptions(colour_by="orbit"))
    assert len(np.unique(by_orbit.atom_colours, axis=0)) == 3
    for orbit in range(3):
        assert len(np.unique(by_orbit.atom_colours[by_orbit.orbit == orbit], axis=0)) == 1
    lit = build_scene(*rutile, SceneOptions(highlight=1))
    spread = np.ptp(lit.atom_colours, axis=1)
    assert spread[lit.orbit == 1].min() > 0.5 > 0.2 > spread[lit.orbit == 0].max()


@pytest.mark.parametrize("dark", [False, True])
def test_every_element_stands_off_the_ground(dark):
    shown = colours.readable(colours.element_colours(np.arange(119)), dark)
    ground = colours.background(dark)
    weights = np.array([0.299, 0.587, 0.114])
    assert np.abs(shown @ weights - ground @ weights).min() > 0.09
    assert shown.min() >= 0 and shown.max() <= 1


def test_first_orbits_are_told_apart():
    palette = colours.orbit_colours(np.arange(16))
    distance = np.linalg.norm(palette[:, None] - palette[None], axis=2) + 9 * np.eye(16)
    assert distance.min() > 0.2
    assert np.allclose(colours.orbit_colours(np.array([-1])), 0.6)


def test_polyhedra_are_octahedra_around_titanium(rutile):
    scene = build_scene(*rutile, SceneOptions(style="polyhedra"))
    titanium = int((scene.numbers == 22).sum())
    assert len(scene.triangles) == 8 * titanium
    assert len(scene.outlines) == 12 * titanium


def test_cell_edges_of_a_supercell(nacl):
    assert len(build_scene(*nacl).edges) == 12
    scene = build_scene(*nacl, SceneOptions(supercell=(2, 1, 1)))
    assert (scene.edge_widths == 1.0).sum() == 12
    total = np.linalg.norm(scene.edges[:, 1] - scene.edges[:, 0], axis=1).sum()
    assert total == pytest.approx(5.64 * (4 * 2 + 6 + 6))


def test_an_empty_structure_has_a_cell_only():
    scene = build_scene(3.0 * np.eye(3), [], np.zeros((0, 3)))
    assert len(scene.atom) == 0 and len(scene.edges) == 12


def test_bad_options_are_refused():
    with pytest.raises(ValueError, match="style"):
        SceneOptions(style="cartoon")
    with pytest.raises(ValueError, match="cell"):
        SceneOptions(supercell=(0, 1, 1))


def test_known_bonds_are_drawn_in_place_of_those_by_distance(nacl):
    lattice, numbers, positions, orbit = nacl
    one = (np.array([[0, 4]], np.int32), np.array([[0, 0, 0]], np.int16), np.ones(1, np.float32))
    scene = build_scene(lattice, numbers, positions, orbit, SceneOptions(complete_bonds=False), one)
    assert {tuple(sorted(pair)) for pair in scene.atom[scene.bonds].tolist()} == {(0, 4)}
    shifted = (positions + 0.999999) % 1.0  # drawn from the lower faces: the vector of the bond stays what it is
    image = np.rint(positions[4] - positions[0] - (shifted[4] - shifted[0])).astype(np.int16)
    again = build_scene(
        lattice, numbers, shifted, orbit, SceneOptions(complete_bonds=False), (one[0], image[None], one[2])
    )
    assert len(again.bonds) == len(scene.bonds)
    length = np.linalg.norm(scene.bond_end - scene.bond_start, axis=1)
    assert np.allclose(np.linalg.norm(again.bond_end - again.bond_start, axis=1), length, atol=1e-4)
    assert len(build_scene(lattice, numbers, positions, orbit, bonds=(one[0][:0], one[1][:0], one[2][:0])).bonds) == 0
