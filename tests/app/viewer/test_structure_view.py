"""The widget on a real OpenGL context: what is drawn, chosen, measured, written."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication, QImage

from crystal_studio.app.viewer import colours, overlay
from crystal_studio.app.viewer.structure_view import MOST_ATOMS, StructureView
from crystal_studio.errors import FileError


@pytest.fixture
def view(qtbot):
    view = StructureView()
    qtbot.addWidget(view)
    view.resize(340, 300)
    view.show()
    qtbot.waitExposed(view)
    view.set_theme(False)
    return view


def _pixels(image: QImage) -> np.ndarray:
    image = image.convertToFormat(QImage.Format.Format_RGBA8888)
    return np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4).astype(int)


def _place(view, row: int) -> QPoint:
    canvas = view.canvas
    x, y = canvas.camera.project(canvas.scene.positions[row], canvas.width(), canvas.height())[0]
    return QPoint(round(x), round(y))


def _visible(view) -> list[int]:
    """Drawn atoms that can be hit at their middle."""
    canvas = view.canvas
    return [r for r in range(len(canvas.scene.atom)) if canvas.at(_place(view, r).toPointF()) == r]


def test_empty_view_says_what_to_do(view, nacl):
    assert view.writing.empty.isVisible()
    assert "Select a candidate" in view.writing.empty.advice.text()
    assert not view.toolbar.isEnabled()
    view.show_structure(*nacl, title="NaCl")
    assert not view.writing.empty.isVisible() and view.toolbar.isEnabled() and view.shows_structure
    view.clear()
    assert view.writing.empty.isVisible() and not view.shows_structure


@pytest.mark.parametrize("dark", [False, True])
def test_atoms_have_their_colours_and_the_ground_its_own(view, nacl, dark):
    view.set_theme(dark)
    view.show_structure(*nacl)
    image = _pixels(view.canvas.render_image(view.canvas.width(), view.canvas.height(), False))
    assert np.abs(image[2, -3, :3] - 255 * colours.background(dark)).max() <= 1
    for row in _visible(view):
        place = _place(view, row)
        shown = image[place.y(), place.x(), :3]
        wanted = view.canvas.scene.atom_colours[row]
        assert shown.argmax() == wanted.argmax() or np.ptp(np.sort(wanted)[1:]) < 0.2
        assert np.abs(shown - 255 * wanted).max() < 140


def test_the_window_and_a_picture_show_the_same(view, nacl, qtbot):
    view.show_structure(*nacl)
    qtbot.wait(250)
    screen = _pixels(view.canvas.grabFramebuffer())[..., :3]
    picture = _pixels(view.canvas.render_image(screen.shape[1], screen.shape[0], False))[..., :3]
    assert (np.abs(screen - picture).max(2) > 60).mean() < 0.01
    assert (screen != screen[0, 0]).any()


def test_transparent_pictures_have_no_halo(view, nacl):
    view.show_structure(*nacl)
    image = _pixels(view.canvas.render_image(300, 260, True))
    alpha = image[..., 3]
    assert alpha[0, -1] == 0 and alpha.max() == 255
    border = (alpha > 20) & (alpha < 235)
    assert border.any()
    # Colours at the border are those of the atoms, not mixed with black.
    assert image[border][:, :3].max(1).mean() > 90


def test_clicks_choose_and_measure(view, nacl, qtbot):
    view.show_structure(*nacl, orbit_labels=("4a", "4b"))
    rows = _visible(view)[:4]
    told = []
    view.atom_chosen.connect(told.append)
    for row in rows:
        qtbot.mouseClick(view.canvas, Qt.MouseButton.LeftButton, pos=_place(view, row))
    assert view.canvas.chosen == rows
    scene = view.canvas.scene
    assert told == [int(scene.atom[row]) for row in rows]
    view.canvas.choose(rows[:1])
    name = {11: "Na 4a", 17: "Cl 4b"}[int(scene.numbers[rows[0]])]
    assert view.writing.reading.text().startswith(name)
    view.canvas.choose(rows[:2])
    length = np.linalg.norm(scene.positions[rows[0]] - scene.positions[rows[1]])
    assert f"{length:.3f} Å" in view.writing.reading.text()
    view.canvas.choose(rows[:3])
    assert view.writing.reading.text().startswith("Angle") and view.writing.reading.text().endswith("°")
    view.canvas.choose(rows)
    assert view.writing.reading.text().startswith("Dihedral")
    qtbot.mouseClick(view.canvas, Qt.MouseButton.LeftButton, pos=_place(view, rows[0]))
    assert view.canvas.chosen == rows[1:]
    qtbot.keyClick(view.canvas, Qt.Key.Key_Escape)
    assert view.canvas.chosen == [] and not view.writing.reading.text()


def test_hovering_reads_the_atom(view, nacl):
    view.show_structure(*nacl)
    row = _visible(view)[0]
    view.canvas.hovered.emit(row)
    x = f"{view.canvas.scene.fractional[row][0]:.4f}"
    assert x in view.writing.reading.text() and "orbit" in view.writing.reading.text()
    view.canvas.hovered.emit(None)
    assert not view.writing.reading.text()


def test_mouse_and_keys_move_the_camera(view, nacl, qtbot):
    view.show_structure(*nacl)
    start = view.canvas.camera
    qtbot.keyClick(view.canvas, Qt.Key.Key_Left)
    turned = view.canvas.camera
    assert not np.allclose(turned.rotation, start.rotation) and turned.half_height == start.half_height
    qtbot.keyClick(view.canvas, Qt.Key.Key_Plus)
    assert view.canvas.camera.half_height < start.half_height
    qtbot.mousePress(view.canvas, Qt.MouseButton.LeftButton, pos=QPoint(150, 120))
    qtbot.mouseMove(view.canvas, QPoint(200, 150))
    qtbot.mouseRelease(view.canvas, Qt.MouseButton.LeftButton, pos=QPoint(200, 150))
    assert not np.allclose(view.canvas.camera.rotation, turned.rotation)
    assert view.canvas.chosen == []
    view.reset()
    assert np.allclose(view.canvas.camera.rotation, start.rotation)
    assert view.canvas.camera.half_height == pytest.approx(start.half_height)
    view.look_along("c")
    assert np.allclose(view.canvas.camera.rotation[2], [0, 0, 1])
    view.set_perspective(False)
    assert not view.canvas.camera.perspective


def test_styles_supercells_and_bonds(view, rutile, qtbot):
    view.show_structure(*rutile)
    for style in ("space-filling", "wireframe", "polyhedra", "ball-stick"):
        view.set_style(style)
        assert view.options.style == style
        assert (_pixels(view.canvas.render_image(120, 100, True))[..., 3] > 0).mean() > 0.02
    view.set_supercell(2, 2, 3)
    assert view.canvas.scene.inside.sum() == 12 * 6
    bonds = len(view.canvas.scene.bonds)
    view.set_bond_scale(0.8)
    qtbot.waitUntil(lambda: len(view.canvas.scene.bonds) < bonds, timeout=2000)
    view.set_colouring("orbit")
    assert len(view.writing.legend.entries) == 2 and "orbit" in view.writing.legend.entries[0][0]


def test_a_supercell_too_large_is_made_smaller_and_says_so(view):
    n = 100
    positions = np.random.default_rng(0).uniform(0, 1, (n, 3))
    view.show_structure(60 * np.eye(3), np.full(n, 14), positions)
    view.set_supercell(20, 20, 20)
    assert view.canvas.scene.inside.sum() <= MOST_ATOMS
    assert f"{MOST_ATOMS:,}" in view.writing.reading.text()


def test_pictures_are_written_and_copied(view, nacl, tmp_path, qtbot):
    view.show_structure(*nacl)
    path = view.save_picture(tmp_path / "salt", 640, 480)
    assert path.name == "salt.png"
    image = QImage(str(path))
    assert (image.width(), image.height()) == (640, 480)
    with pytest.raises(FileError, match="could not be written"):
        view.save_picture(tmp_path / "missing" / "salt.png", 64, 48)
    view.save_picture_later(tmp_path / "later.png", 64, 48)
    qtbot.waitUntil(lambda: "later.png" in view.writing.reading.text(), timeout=10_000)
    assert (tmp_path / "later.png").is_file()
    view.save_picture_later(tmp_path / "missing" / "later.png", 64, 48)
    qtbot.waitUntil(lambda: "could not be written" in view.writing.reading.text(), timeout=10_000)
    view.copy_picture()
    assert not QGuiApplication.clipboard().image().isNull()


def test_a_new_context_draws_again(view, nacl, qtbot):
    """A floated dock gives the widget a new parent window and OpenGL a new context."""
    view.show_structure(*nacl)
    qtbot.wait(250)
    before = _pixels(view.canvas.grabFramebuffer())
    view.setParent(None)
    view.show()
    view.canvas.initializeGL()
    view.canvas.update()
    qtbot.wait(250)
    assert (np.abs(_pixels(view.canvas.grabFramebuffer()) - before).max(2) > 60).mean() < 0.02


def test_readings_have_true_minus_signs_and_no_minus_zero(nacl):
    from crystal_studio.app.viewer.scene import build_scene

    scene = build_scene(nacl[0], nacl[1], nacl[2] - 1e-9, nacl[3])
    assert "\u22120.0000" not in overlay.describe_atom(scene, 0, overlay.Labels())
    assert overlay.cell_text(nacl[0]).splitlines()[0].endswith("c 5.640 Å")


def drawn(view) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of all that is drawn of the crystal, in pixels of the widget."""
    points = np.concatenate([view.canvas.scene.positions, view.canvas.scene.corners])
    radii = np.concatenate([view.canvas.scene.radii, np.zeros(8)])
    camera, width, height = view.canvas.camera, view.canvas.width(), view.canvas.height()
    right, up = camera.rotation[0], camera.rotation[1]
    rims = np.concatenate([points + radii[:, None] * way for way in (right, -right, up, -up)])
    places = camera.project(rims, width, height)
    return (*places.min(0), *places.max(0))


@pytest.mark.parametrize("size", [(340, 300), (700, 420), (420, 700)])
@pytest.mark.parametrize("perspective", [True, False])
def test_nothing_written_covers_an_atom(view, nacl, qtbot, size, perspective):
    view.resize(*size)
    view.set_perspective(perspective)
    view.show_structure(*nacl, title="<b>NaCl</b> Fm-3m")
    qtbot.wait(50)
    left, top, right, bottom = drawn(view)
    assert 0 <= left < right <= view.canvas.width() and 0 <= top < bottom <= view.canvas.height()
    for box in (view.writing.title, view.writing.cell, view.writing.legend):
        if not box.isVisible():
            continue
        place = box.geometry()
        assert place.right() <= left or place.bottom() <= top, (box, place, (left, top, right, bottom))
    # And the structure still uses what is free.
    assert max((right - left) / view.canvas.width(), (bottom - top) / view.canvas.height()) > 0.5


def test_options_are_a_model_that_view_and_controls_follow(view, rutile, qtbot):
    view.show_structure(*rutile)
    told = []
    view.model.changed.connect(lambda before, now: told.append((before.style, now.style)))
    view.model.set(style="polyhedra")
    assert told == [("ball-stick", "polyhedra")]
    assert [a.text() for a in view.toolbar._styles.actions() if a.isChecked()] == ["Polyhedra"]
    view.model.set(style="polyhedra")
    assert len(told) == 1  # nothing has changed
    view.model.set(supercell=(2, 1, 3))
    assert [box.value() for box in view.toolbar._cells] == [2, 1, 3] and view.canvas.scene.inside.sum() == 6 * 6
    view.toolbar._cells[1].setValue(2)
    assert view.model.scene.supercell == (2, 2, 3)
    view.model.set_perspective(False)
    assert not view.canvas.camera.perspective and not view.toolbar._perspective.isChecked()
