"""The eye, rays and measures agree with each other and with plain geometry."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crystal_studio.app.viewer.camera import Camera, direction_of, looking_along, rotation, standard_rotation
from crystal_studio.app.viewer.measure import angle, dihedral, distance, pick
from crystal_studio.app.viewer.scene import build_scene

angles = st.floats(-3, 3)


@settings(max_examples=50, deadline=None)
@given(angles, angles, angles, st.booleans(), st.floats(1, 30))
def test_a_projected_point_lies_on_the_ray_of_its_pixel(right, up, roll, perspective, height):
    camera = Camera(target=np.array([1.0, 2.0, 3.0]), half_height=height, perspective=perspective)
    camera = camera.turned(right, up, roll).shifted(0.1, -0.2)
    assert np.allclose(camera.rotation @ camera.rotation.T, np.eye(3))
    point = camera.target + np.array([0.3, -0.2, 0.4]) * height
    x, y = camera.project(point, 640, 480)[0]
    origin, direction = camera.ray(x, y, 640, 480)
    off = point - origin - (point - origin) @ direction * direction
    assert np.linalg.norm(off) < 1e-6 * height
    clip = np.append(point, 1.0) @ camera.view_matrix() @ camera.projection_matrix(640 / 480, 10 * height)
    assert np.allclose([(1 + clip[0] / clip[3]) * 320, (1 - clip[1] / clip[3]) * 240], [x, y], atol=0.05)


@pytest.mark.parametrize("perspective", [True, False])
@pytest.mark.parametrize("aspect", [0.5, 1.0, 2.5])
def test_framing_keeps_every_sphere_in_view(rutile, perspective, aspect):
    scene = build_scene(*rutile)
    camera = Camera(standard_rotation(rutile[0]), perspective=perspective).fitted(scene.positions, scene.radii, aspect)
    width, height = 400 * aspect, 400
    pixels = camera.project(scene.positions, width, height)
    radius = scene.radii * height / (2 * camera.half_height)
    assert (pixels - radius[:, None] > 0).all()
    assert (pixels + radius[:, None] < [width, height]).all()
    filled = np.ptp(pixels, axis=0) / [width, height]
    assert filled.max() > 0.5


@pytest.mark.parametrize("name", ["a", "b", "c", "a*", "b*", "c*"])
def test_views_along_axes(name):
    lattice = np.array([[3.0, 0, 0], [-1.5, 2.6, 0], [0.4, 0.3, 5.0]])
    direction, up = direction_of(name, lattice)
    seen = looking_along(direction, up)
    basis = np.linalg.inv(lattice).T if name.endswith("*") else lattice
    axis = basis["abc".index(name[0])]
    assert np.allclose(seen @ axis / np.linalg.norm(axis), [0, 0, 1])
    assert np.linalg.det(seen) == pytest.approx(1.0)


def test_picking_meets_the_nearest_atom(nacl):
    scene = build_scene(*nacl)
    for perspective in (True, False):
        camera = Camera(standard_rotation(nacl[0]), perspective=perspective).fitted(scene.positions, scene.radii, 1.0)
        depth = camera.to_eye(scene.positions)[:, 2]
        for row, (x, y) in enumerate(camera.project(scene.positions, 500, 500)):
            found = pick(scene, *camera.ray(x, y, 500, 500))
            assert found is not None
            assert found == row or depth[found] > depth[row]
        assert pick(scene, *camera.ray(1, 1, 500, 500)) is None


def test_distance_and_angle():
    points = np.array([[1.0, 0, 0], [0, 0, 0], [0, 2.0, 0]])
    assert distance(points[:2]) == pytest.approx(1.0)
    assert angle(points) == pytest.approx(90.0)
    assert angle(np.array([[1.0, 0, 0], [0, 0, 0], [-1.0, 0, 0]])) == pytest.approx(180.0)


@given(st.floats(-179, 179))
def test_dihedral_sign_and_size(wanted):
    turned = rotation((0, 0, 1), np.radians(wanted)) @ [1.0, 0, 0]
    points = np.array([[1.0, 0, 0], [0, 0, 0], [0, 0, 1.5], [*turned[:2], 1.5]])
    # Looking down the axis from the second to the third atom, clockwise is positive (IUPAC).
    assert dihedral(points) == pytest.approx(wanted, abs=1e-6)
