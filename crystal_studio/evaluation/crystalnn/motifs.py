"""The 61 numbers: which order parameters belong to which coordination number, with their constants.

The motifs and constants are those that CrystalNNFingerprint's preset "ops" of matminer
takes from pymatgen (Zimmermann, Jain, RSC Adv. 10, 6063 (2020)).
"""

from __future__ import annotations

from math import asin, pi
from typing import NamedTuple

LARGEST = 24
"""Largest coordination number with a column of its own."""


class Motif(NamedTuple):
    """An order parameter: its name in the labels, its kind, and the constants of that kind."""

    name: str
    kind: str
    constants: dict[str, float]


_TETRAHEDRAL = 0.6081734479693927
_SOUTH = 0.75 * pi


def _bent(name: str, angle: float, width: float) -> Motif:
    return Motif(name, "bent", {"angle": angle, "width": width})


def _pyramid(name: str, width: float, fold: float) -> Motif:
    return Motif(name, "pyramid", {"width": width, "fold": fold})


def _bipyramid(name: str, width: float, fold: float, south_width: float, south: float = _SOUTH, **more: float) -> Motif:
    constants = {"width": width, "fold": fold, "south_width": south_width, "south": south, **more}
    return Motif(name, "bipyramid", constants)


def _steinhardt() -> tuple[Motif, ...]:
    return tuple(Motif(f"q{degree}", "steinhardt", {"degree": degree}) for degree in (2, 4, 6))


MOTIFS: dict[int, tuple[Motif, ...]] = {
    1: (Motif("sgl_bd", "single bond", {}),),
    2: (
        _bent("L-shaped", 0.5, 15.15),
        _bent("water-like", 0.5802777777777778, 13.95),
        _bent("bent 120 degrees", 0.666666666667, 13.25),
        _bent("bent 150 degrees", 0.833333333333333, 12.45),
        _bent("linear", 1.0, 8.667),
    ),
    3: (
        Motif("trigonal planar", "angular", {"angle": 0.66666666667, "width": 17.5, "fold": 1}),
        Motif("trigonal non-coplanar", "angular", {"angle": _TETRAHEDRAL, "width": 18.33, "fold": 1.5}),
        _pyramid("T-shaped", 15.5, 1),
    ),
    4: (
        _bipyramid("square co-planar", 17.7, 1, 13.5),
        Motif("tetrahedral", "angular", {"angle": _TETRAHEDRAL, "width": 18.5, "fold": 1.5}),
        _bipyramid("rectangular see-saw-like", 27, 2, 11.5, azimuth=_SOUTH),
        _bipyramid("see-saw-like", 15.75, 1.5, 12.75),
        _pyramid("trigonal pyramidal", 15.5, 1.5),
    ),
    5: (
        Motif("pentagonal planar", "pentagon", {"angle": 0.6, "width": 19.333}),
        _pyramid("square pyramidal", 14.9, 2),
        _bipyramid("trigonal bipyramidal", 16.6, 1.5, 12),
    ),
    6: (
        _bipyramid("hexagonal planar", 25, 1, 7.5, south=2.6179938779914944, tilt=0.16666667),
        _bipyramid("octahedral", 18, 2, 15),
        _pyramid("pentagonal pyramidal", 13.8, 2.5),
    ),
    7: (_pyramid("hexagonal pyramidal", 12.5, 3), _bipyramid("pentagonal bipyramidal", 14.75, 2.5, 12.5)),
    8: (
        Motif(
            "body-centered cubic",
            "body-centred",
            {"south": 2.5261129449194057, "south_width": 15, "south_weight": 6, "width": asin(1 / 3)},
        ),
        _bipyramid("hexagonal bipyramidal", 13.6, 3, 14.1),
    ),
    9: _steinhardt(),
    10: _steinhardt(),
    11: _steinhardt(),
    12: (
        Motif(
            "cuboctahedral",
            "cuboctahedron",
            {
                "south": 2.792526803190927,
                "south_width": 28.75,
                "south_weight": 1.8,
                "upper": 1.3089969389957472,
                "lower": 1.8325957145940461,
                "width": 25.5,
                "oblique_width": 31.25,
            },
        ),
        *_steinhardt(),
    ),
}
"""Order parameters of each coordination number; angles of "angle" and "tilt" in units of pi, widths inverse."""

LABELS: tuple[str, ...] = tuple(
    f"{name} CN_{number}"
    for number in range(1, LARGEST + 1)
    for name in ("wt", *(motif.name for motif in MOTIFS.get(number, ())))
)
"""Names of the columns, as matminer calls them."""

WIDTH = len(LABELS)

COLUMN: dict[int, int] = {number: LABELS.index(f"wt CN_{number}") for number in range(1, LARGEST + 1)}
"""Column of the weight of each coordination number; its order parameters follow."""
