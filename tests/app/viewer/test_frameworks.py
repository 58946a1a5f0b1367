"""Frameworks of building blocks: blocks whole, metals as polyhedra, linkers as sticks with their bond orders."""

from __future__ import annotations

import numpy as np
import pytest
from framework_parts import in_blocks
from PySide6.QtWidgets import QMenu

from crystal_studio.app.viewer import overlay
from crystal_studio.app.viewer.frameworks import metal_polyhedra
from crystal_studio.app.viewer.scene import SceneOptions, build_scene
from crystal_studio.app.viewer.structure_view import StructureView
from crystal_studio.mof.elements import IS_METAL
from crystal_studio.mof.makeup import makeup_of


def _scene(name: str, moved: tuple[float, float, float] = (0.0, 0.0, 0.0), **options):
    framework = in_blocks(name)
    structures = framework.structures
    positions = (structures.positions + moved) % 1.0
    placed = framework.with_geometry(
        type(structures)(structures.lattice, structures.offsets, structures.numbers, positions, structures.orbit)
    )
    return build_scene(
        structures.lattice[0],
        structures.numbers,
        positions,
        None,
        SceneOptions(style="framework", **options),
        placed.bonds.of(0),
        makeup_of(framework),
    )


@pytest.mark.parametrize("name", ["HKUST-1", "MOF-5", "UiO-66"])
@pytest.mark.parametrize("moved", [(0.0, 0.0, 0.0), (0.31, 0.77, 0.52)])
def test_no_block_is_cut_by_a_face_of_the_cell(name, moved):
    framework = in_blocks(name)
    scene = _scene(name, moved)
    block = framework.blocks.block
    atoms, _, _ = framework.bonds.of(0)
    inner = atoms[block[atoms[:, 0]] == block[atoms[:, 1]]]
    wanted = np.bincount(inner.ravel(), minlength=len(block))
    drawn_inner = scene.bonds[block[scene.atom[scene.bonds[:, 0]]] == block[scene.atom[scene.bonds[:, 1]]]]
    found = np.bincount(drawn_inner.ravel(), minlength=len(scene.atom))
    assert sorted(scene.atom[scene.inside].tolist()) == list(range(len(block)))
    assert np.array_equal(found[scene.inside], wanted[scene.atom[scene.inside]])


@pytest.mark.parametrize("name", ["HKUST-1", "MOF-5"])
def test_bonds_keep_their_lengths_and_a_supercell_has_the_atoms_of_its_cells(name):
    scene = _scene(name, (0.4, 0.1, 0.8), supercell=(2, 1, 2))
    assert scene.inside.sum() == 4 * len(in_blocks(name).structures.numbers)
    length = np.linalg.norm(scene.bond_end - scene.bond_start, axis=1)
    assert length.min() > 0.9 and length.max() < 2.9


@pytest.mark.parametrize("moved", [(0.0, 0.0, 0.0), (0.31, 0.77, 0.52)])
def test_every_linker_ends_in_a_whole_node(moved):
    framework = in_blocks("MOF-5")
    scene = _scene("MOF-5", moved)
    metal = IS_METAL[scene.numbers]
    bonded = {side: scene.bonds[metal[scene.bonds[:, 1 - side]], side] for side in (0, 1)}
    to_metal = np.bincount(np.concatenate(list(bonded.values())), minlength=len(scene.atom))
    carboxylate = (scene.numbers == 8) & (framework.blocks.of(0)[0][framework.blocks.block[scene.atom]] == "C8H4O4")
    assert (to_metal[carboxylate & scene.inside] == 1).all()
    assert (scene.numbers == 30).sum() % 4 == 0


def test_nodes_stand_on_every_corner_that_is_the_same():
    """The two nodes of MOF-5 stand inside its cell; moved onto the corner, one of them is drawn eight times."""
    framework = in_blocks("MOF-5")
    oxygen = next(i for i in range(106) if framework.blocks.block[i] == 0 and framework.structures.numbers[i] == 8)
    scene = _scene("MOF-5", tuple(-framework.structures.positions[oxygen]), complete_bonds=False)
    assert (scene.atom == oxygen).sum() == 8


def test_metals_are_polyhedra_of_what_they_are_bonded_to():
    scene = _scene("MOF-5", complete_bonds=False)
    zinc = int((scene.numbers == 30).sum())
    assert (len(scene.triangles), len(scene.outlines)) == (4 * zinc, 6 * zinc)
    completed = _scene("MOF-5")
    for row in np.flatnonzero(IS_METAL[completed.numbers]):
        assert (completed.bonds == row).any(1).sum() == 4
    assert len(_scene("HKUST-1").triangles) >= 2 * 12  # a square of oxygens each, or a pyramid with the copper


def test_four_ligands_in_a_plane_make_a_square():
    around = np.array([[0.7, 0.5, 0.5], [0.5, 0.7, 0.5], [0.3, 0.5, 0.5], [0.5, 0.3, 0.5]])
    links = np.zeros(4, np.int64), np.arange(1, 5), np.zeros((4, 3), np.int64)
    triangles, tints, edges = metal_polyhedra(
        10 * np.eye(3),
        np.concatenate([[[0.5, 0.5, 0.5]], around]),
        np.array([29, 8, 8, 8, 8]),
        links,
        np.zeros(2, np.int64),
        np.array([[0, 0, 0], [1, 0, 0]]),
        np.ones((5, 3)),
    )
    assert (len(triangles), len(tints), len(edges)) == (4, 4, 8)
    area = np.linalg.norm(np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]), axis=1) / 2
    assert area.sum() == pytest.approx(2 * 8.0)
    assert triangles[:, :, 0].max() == pytest.approx(17.0)


def test_hydrogen_is_left_out_where_asked():
    shown, hidden = _scene("MOF-5"), _scene("MOF-5", hydrogens=False)
    assert (shown.numbers == 1).any() and not (hidden.numbers == 1).any()
    assert len(hidden.atom) == (shown.numbers != 1).sum()


def test_lines_of_aromatic_bonds_lie_within_their_rings():
    framework = in_blocks("MOF-5")
    scene = _scene("MOF-5")
    atoms, _, order = framework.bonds.of(0)
    carbon = (framework.structures.numbers[atoms] == 6).all(1)
    ring = set(atoms[carbon & (order == 1.5)].ravel().tolist())
    in_ring = np.isin(scene.atom[scene.bonds], list(ring)).all(1)
    middle = scene.order_lines.mean(1)
    bonds = 0.5 * (scene.bond_start + scene.bond_end)
    rings = np.flatnonzero(in_ring)
    assert len(rings) >= 36
    rows = np.flatnonzero(np.isin(scene.atom, list(ring)))
    for at in rings[:6]:
        own = scene.atom[scene.bonds[at, 0]]
        # The middle of the ring: six ring atoms of the same block and cell.
        block = framework.blocks.block
        cell = scene.cell[scene.bonds[at, 0]]
        six = [r for r in rows if block[scene.atom[r]] == block[own] and (scene.cell[r] == cell).all()]
        heart = scene.positions[six].mean(0)
        nearest = np.linalg.norm(middle - bonds[at], axis=1).argsort()[:2]
        assert (np.linalg.norm(middle[nearest] - heart, axis=1) < np.linalg.norm(bonds[at] - heart)).all()


def test_colours_tell_blocks_apart_where_they_are_known(nacl):
    scene = _scene("MOF-5", colour_by="block")
    labels = overlay.Labels.of((), makeup_of(in_blocks("MOF-5")))
    assert [name for name, _ in overlay.legend_entries(scene, labels)] == ["Node Zn₄O", "Linker C₈H₄O₄"]
    assert len(np.unique(scene.atom_colours, axis=0)) == 2
    zinc = int(np.flatnonzero(scene.numbers == 30)[0])
    assert overlay.describe_atom(scene, zinc, labels).startswith("Zn   Node Zn₄O")
    without = build_scene(*nacl, SceneOptions(colour_by="block"))
    assert [name for name, _ in overlay.legend_entries(without, overlay.Labels())] == ["Na", "Cl"]


def test_kinds_of_one_formula_are_counted():
    from crystal_studio.mof.makeup import BlockKind, Makeup

    kinds = tuple(BlockKind(1, "C8H4O4", 4, 1, name) for name in "ab")
    both = Makeup(np.zeros(0, np.int64), kinds, np.zeros(2, np.int64), 3)
    assert overlay.Labels.of((), both).blocks == ("Linker C₈H₄O₄", "Linker C₈H₄O₄ (2)")


@pytest.fixture
def view(qtbot):
    view = StructureView()
    qtbot.addWidget(view)
    view.resize(340, 300)
    view.show()
    qtbot.waitExposed(view)
    return view


def _show(view: StructureView, name: str) -> None:
    framework = in_blocks(name)
    structures = framework.structures
    view.show_structure(
        structures.lattice[0],
        structures.numbers,
        structures.positions,
        bonds=framework.bonds.of(0),
        makeup=makeup_of(framework),
    )


def _action(view: StructureView, text: str):
    return next(a for menu in view.findChildren(QMenu) for a in menu.actions() if a.text() == text)


def test_frameworks_and_crystals_keep_styles_of_their_own(view, nacl):
    view.show_structure(*nacl)
    view.set_style("polyhedra")
    _show(view, "HKUST-1")
    assert view.options.style == "framework" and len(view.canvas.scene.triangles)
    view.set_style("wireframe")
    view.show_structure(*nacl)
    assert view.options.style == "polyhedra"
    assert _action(view, "Polyhedra").isChecked()
    _show(view, "HKUST-1")
    assert view.options.style == "wireframe"


def test_tools_know_what_is_known(view, nacl):
    view.show_structure(*nacl)
    assert not _action(view, "By building block").isEnabled()
    assert "put together from is not known" in _action(view, "By building block").toolTip()
    _show(view, "MOF-5")
    by_block, hydrogens = _action(view, "By building block"), _action(view, "Hydrogen atoms")
    assert by_block.isEnabled() and hydrogens.isChecked()
    by_block.trigger()
    assert [name for name, _ in view.writing.legend.entries] == ["Node Zn₄O", "Linker C₈H₄O₄"]
    hydrogens.trigger()
    assert not (view.canvas.scene.numbers == 1).any()
    view.set_hydrogens(True)
    assert hydrogens.isChecked()
