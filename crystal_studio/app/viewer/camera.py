"""The eye: turns, zooms and shifts the drawing; projects points and casts rays. Plain numpy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

_HALF_FIELD = np.tan(np.radians(13.0))  # of the perspective view, which is as narrow as a portrait lens
_MARGIN = 1.15


def rotation(axis: ArrayLike, angle: float) -> NDArray[np.float64]:
    """(3, 3) right-handed rotation by ``angle`` radians about an axis (Rodrigues)."""
    x, y, z = np.asarray(axis, float) / np.linalg.norm(np.asarray(axis, float))
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def looking_along(direction: ArrayLike, up: ArrayLike) -> NDArray[np.float64]:
    """(3, 3) rotation whose eye stands out on ``direction`` and looks back along it, with ``up`` upwards."""
    z = np.asarray(direction, float) / np.linalg.norm(np.asarray(direction, float))
    x = np.cross(np.asarray(up, float), z)
    x /= np.linalg.norm(x)
    return np.stack([x, np.cross(z, x), z])


@dataclass(frozen=True)
class Camera:
    """Immutable; every movement gives a new one.

    rotation : (3, 3) rows are the screen's right, up and towards the eye, in the crystal's Cartesian axes
    target : (3,) point in the middle of the screen, Angstrom
    half_height : Angstrom from the middle to the upper border, at the depth of the target
    perspective : false for a parallel projection
    """

    rotation: NDArray[np.float64] = field(default_factory=lambda: np.eye(3))
    target: NDArray[np.float64] = field(default_factory=lambda: np.zeros(3))
    half_height: float = 10.0
    perspective: bool = True

    @property
    def distance(self) -> float:
        """Angstrom from the eye to the target; a far one in the parallel projection, where only depth uses it."""
        return self.half_height / _HALF_FIELD

    def with_(self, **changes: object) -> Camera:
        """A copy with some fields changed."""
        return replace(self, **changes)  # type: ignore[arg-type]

    def turned(self, right: float, up: float, roll: float = 0.0) -> Camera:
        """Turn the crystal by radians about the screen's vertical, horizontal and viewing axes."""
        turn = rotation((0, 1, 0), right) @ rotation((1, 0, 0), -up) @ rotation((0, 0, 1), roll)
        matrix = turn @ self.rotation
        left, _, right_hand = np.linalg.svd(matrix)  # keep it a rotation after many small steps
        return self.with_(rotation=left @ right_hand)

    def zoomed(self, factor: float) -> Camera:
        """Larger than 1 comes nearer."""
        return self.with_(half_height=float(np.clip(self.half_height / factor, 0.3, 5000.0)))

    def shifted(self, right: float, up: float) -> Camera:
        """Move the crystal on the screen by fractions of the half height."""
        return self.with_(target=self.target - self.half_height * np.array([right, up, 0.0]) @ self.rotation)

    def fitted(
        self,
        points: NDArray[np.float64],
        radii: NDArray[np.float64],
        aspect: float,
        margins: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0),
    ) -> Camera:
        """Frame spheres (n, 3), (n,) tightly in a view of width / height ``aspect``, in this orientation.

        ``margins`` (left, top, right, bottom) stay free of them, as fractions of the view's height.
        """
        if not len(points):
            return self
        centre = points.mean(0)
        eye = (points - centre) @ self.rotation.T
        # In perspective, what stands nearer to the eye looks larger: its share grows with its depth.
        slope = _HALF_FIELD if self.perspective else 0.0
        size = radii * np.hypot(1.0, slope)
        nearer = slope * eye[:, 2]
        left, top, right, bottom = (2 * m for m in margins)
        share = max(aspect, 0.1)
        borders = ((share - right, share - left), (1.0 - top, 1.0 - bottom))  # from the middle, in half heights
        reach = []
        wanted = 0.5
        for k, (far, near) in enumerate(borders):
            high = float((eye[:, k] + size + nearer * far).max())
            low = float((-eye[:, k] + size + nearer * near).max())
            reach.append((high, low))
            wanted = max(wanted, (high + low) / max(far + near, 0.1))
        wanted *= _MARGIN
        middle = np.zeros(3)
        for k, ((far, near), (high, low)) in enumerate(zip(borders, reach, strict=True)):
            middle[k] = ((high - wanted * far) + (wanted * near - low)) / 2  # as much room on either side
        return self.with_(target=centre + middle @ self.rotation, half_height=wanted)

    def to_eye(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, 3) Angstrom in the eye's axes: the eye at the origin looks down -z."""
        eye = (np.asarray(points, float) - self.target) @ self.rotation.T
        eye[:, 2] -= self.distance
        return eye

    def view_matrix(self) -> NDArray[np.float32]:
        """(4, 4) row-vector convention (points @ matrix), as gloo takes it."""
        matrix = np.eye(4)
        matrix[:3, :3] = self.rotation.T
        matrix[3, :3] = -self.rotation @ self.target
        matrix[3, 2] -= self.distance
        return matrix.astype(np.float32)

    def projection_matrix(self, aspect: float, depth: float) -> NDArray[np.float32]:
        """(4, 4) row-vector convention; ``depth`` Angstrom on either side of the target stay in view."""
        near = max(self.distance - depth, 0.02 * self.distance) if self.perspective else self.distance - depth
        far = self.distance + depth
        height = self.half_height
        matrix = np.zeros((4, 4))
        if self.perspective:
            matrix[0, 0] = 1 / (_HALF_FIELD * aspect)
            matrix[1, 1] = 1 / _HALF_FIELD
            matrix[2, 2] = -(far + near) / (far - near)
            matrix[3, 2] = -2 * far * near / (far - near)
            matrix[2, 3] = -1
        else:
            matrix[0, 0] = 1 / (height * aspect)
            matrix[1, 1] = 1 / height
            matrix[2, 2] = -2 / (far - near)
            matrix[3, 2] = -(far + near) / (far - near)
            matrix[3, 3] = 1
        return matrix.astype(np.float32)

    def project(self, points: NDArray[np.float64], width: float, height: float) -> NDArray[np.float64]:
        """(n, 2) pixels from the upper left corner."""
        eye = self.to_eye(np.atleast_2d(points))
        scale = self.distance / np.maximum(-eye[:, 2], 1e-6) if self.perspective else np.ones(len(eye))
        pixels = eye[:, :2] * (scale * height / (2 * self.half_height))[:, None]
        return np.stack([width / 2 + pixels[:, 0], height / 2 - pixels[:, 1]], 1)

    def ray(self, x: float, y: float, width: float, height: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Origin and unit direction, in the crystal's Cartesian axes, of the ray through a pixel."""
        u = (2 * x - width) / height * self.half_height
        v = (height - 2 * y) / height * self.half_height
        if self.perspective:
            origin, direction = np.zeros(3), np.array([u, v, -self.distance])
        else:
            origin, direction = np.array([u, v, 0.0]), np.array([0.0, 0.0, -1.0])
        origin = (origin + np.array([0, 0, self.distance])) @ self.rotation + self.target
        direction = direction / np.linalg.norm(direction) @ self.rotation
        return origin, direction


def framed(
    camera: Camera,
    points: NDArray[np.float64],
    radii: NDArray[np.float64],
    width: float,
    height: float,
    choices: Sequence[tuple[float, float, float, float]],
) -> Camera:
    """Of the ``choices`` of margins (left, top, right, bottom; pixels) the view that shows the spheres largest."""
    height = max(height, 1.0)
    views = [
        camera.fitted(points, radii, width / height, (a / height, b / height, c / height, d / height))
        for a, b, c, d in choices
        if a + c < 0.8 * width and b + d < 0.8 * height
    ]
    return min(views, key=lambda view: view.half_height, default=camera.fitted(points, radii, width / height))


def direction_of(name: str, lattice: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Viewing direction and upward direction for "a", "b", "c", "a*", "b*" or "c*" (Cartesian)."""
    reciprocal = np.linalg.inv(lattice).T
    vectors = reciprocal if name.endswith("*") else lattice
    axis = "abc".index(name[0])
    return vectors[axis], lattice[(2, 2, 1)[axis]]


def standard_rotation(lattice: NDArray[np.float64]) -> NDArray[np.float64]:
    """(3, 3) the textbook view: c upwards, a towards the eye and a little to the left, seen from slightly above."""
    c = lattice[2] / np.linalg.norm(lattice[2])
    a = lattice[0] - lattice[0] @ c * c
    a /= np.linalg.norm(a)
    side = np.cross(c, a)
    if side @ lattice[1] < 0:  # a left-handed cell: keep b to the right
        side = -side
    turn, tilt = np.radians(22.0), np.radians(14.0)
    level = np.cos(turn) * a + np.sin(turn) * side
    return looking_along(np.cos(tilt) * level + np.sin(tilt) * c, c)
