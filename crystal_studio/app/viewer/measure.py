"""Picking and measuring: rays against spheres; distances, angles and dihedrals of chosen atoms. Plain numpy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crystal_studio.app.viewer.scene import Scene


def pick(scene: Scene, origin: NDArray[np.float64], direction: NDArray[np.float64]) -> int | None:
    """Row of the drawn atom that a ray (unit ``direction``) meets first, or None."""
    to_centre = scene.positions - origin
    along = to_centre @ direction
    inside = scene.radii**2 - ((to_centre - along[:, None] * direction) ** 2).sum(1)
    hit = along - np.sqrt(np.maximum(inside, 0.0))
    hit[(inside < 0) | (along < 0)] = np.inf
    return int(hit.argmin()) if len(hit) and np.isfinite(hit.min()) else None


def distance(points: NDArray[np.float64]) -> float:
    """Angstrom between two points (2, 3)."""
    return float(np.linalg.norm(points[1] - points[0]))


def angle(points: NDArray[np.float64]) -> float:
    """Degrees at the middle one of three points (3, 3)."""
    u, v = points[0] - points[1], points[2] - points[1]
    return float(np.degrees(np.arctan2(np.linalg.norm(np.cross(u, v)), u @ v)))


def dihedral(points: NDArray[np.float64]) -> float:
    """Degrees of torsion, -180 to 180, about the line from the second to the third of four points (IUPAC sign)."""
    first, axis, last = np.diff(points, axis=0)
    m, n = np.cross(first, axis), np.cross(axis, last)
    return float(np.degrees(np.arctan2(np.linalg.norm(axis) * (first @ n), m @ n)))
