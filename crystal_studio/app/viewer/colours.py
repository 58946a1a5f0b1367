"""Colours of atoms: by element (VESTA's and Jmol's tables) or by orbit; of axes and lines.

Colours are (n, 3) float64 sRGB in [0, 1].
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SCHEMES = ("vesta", "jmol")
COLOURINGS = ("element", "orbit", "block")

# One "rrggbb" an element from H on; grey where the program defines none.
_VESTA = """
ffcccc fce8ce 86df73 5ed77b 1fa20f 4c4c4c b0b9e6 fe0300 b0b9e6 fe37b5 f9dc3c fb7b15 81b2d6 1b3bfa c09cc2 fffa00
31fc02 cffec4 a121f6 5a96bd b563ab 78caff e51900 00009e a7089d b57100 0000af b7bbbd 2247dc 8f8f81 9ee373 7e6ea6
74d057 9aef0f 7e3102 fac1f3 702eb0 00ff00 94ffff 00ff00 73c2c9 54b5b5 3b9e9e 248f8f 0a7d8c 006985 c0c0c0 ffd98f
a67573 9a8eb9 9e63b5 d47a00 940094 429eb0 57178f 00c900 5ac449 ffffc7 d9ffc7 c7ffc7 a3ffc7 8fffc7 61ffc7 45ffc7
30ffc7 1fffc7 00ff9c 00e675 00d452 00bf38 00ab24 4dc2ff 4da6ff 2194d6 267dab 266696 175487 d0d0e0 ffd123 b8b8d0
a6544d 575961 9e4fb5 ab5c00 754f45 428296 420066 007d00 70abfa 00baff 00a1ff 008fff 0080ff 006bff 545cf2 785ce3
8a4fe3 a136d4 b31fd4 b31fba b30da6 bd0d87 c70066 cc0059 d1004f d90045 e00038 e6002e eb0026 9a9a9a 9a9a9a 9a9a9a
9a9a9a 9a9a9a 9a9a9a 9a9a9a 9a9a9a 9a9a9a
"""
_JMOL = """
ffffff d9ffff cc80ff c2ff00 ffb5b5 909090 3050f8 ff0d0d 90e050 b3e3f5 ab5cf2 8aff00 bfa6a6 f0c8a0 ff8000 ffff30
1ff01f 80d1e3 8f40d4 3dff00 e6e6e6 bfc2c7 a6a6ab 8a99c7 9c7ac7 e06633 f090a0 50d050 c88033 7d80b0 c28f8f 668f8f
bd80e3 ffa100 a62929 5cb8d1 702eb0 00ff00 94ffff 94e0e0 73c2c9 54b5b5 3b9e9e 248f8f 0a7d8c 006985 c0c0c0 ffd98f
a67573 668080 9e63b5 d47a00 940094 429eb0 57178f 00c900 70d4ff ffffc7 d9ffc7 c7ffc7 a3ffc7 8fffc7 61ffc7 45ffc7
30ffc7 1fffc7 00ff9c 00e675 00d452 00bf38 00ab24 4dc2ff 4da6ff 2194d6 267dab 266696 175487 d0d0e0 ffd123 b8b8d0
a6544d 575961 9e4fb5 ab5c00 754f45 428296 420066 007d00 70abfa 00baff 00a1ff 008fff 0080ff 006bff 545cf2 785ce3
8a4fe3 a136d4 b31fd4 b31fba b30da6 bd0d87 c70066 cc0059 d1004f d90045 e00038 e6002e eb0026 9a9a9a 9a9a9a 9a9a9a
9a9a9a 9a9a9a 9a9a9a 9a9a9a 9a9a9a 9a9a9a
"""
# Told apart by colour-blind readers for the first eight (Okabe and Ito 2008), then further hues of like strength.
_ORBITS = """
0072b2 e69f00 009e73 cc79a7 d55e00 56b4e9 b5a642 7f5fc4 8c564b 5fb233 c23b5e 9ad7c6 8f9bb3 6b5200 24307a f2b8a0
"""


def _table(text: str) -> NDArray[np.float64]:
    return np.array([[int(c[k : k + 2], 16) / 255 for k in (0, 2, 4)] for c in text.split()])


_UNKNOWN = np.array([[0.6, 0.6, 0.6]])
_BY_ELEMENT = {"vesta": np.concatenate([_UNKNOWN, _table(_VESTA)]), "jmol": np.concatenate([_UNKNOWN, _table(_JMOL)])}
_BY_ORBIT = _table(_ORBITS)
_AXES = {False: _table("c8322b 1f8a3b 2456c5"), True: _table("ff7066 5fd27a 7ba7ff")}


def element_colours(numbers: NDArray[np.int64], scheme: str = "vesta") -> NDArray[np.float64]:
    """(n, 3) colour of each atomic number."""
    return _BY_ELEMENT[scheme][numbers]


def orbit_colours(orbit: NDArray[np.int64]) -> NDArray[np.float64]:
    """(n, 3) colour of each orbit; neighbouring numbers differ strongly, -1 is grey."""
    return np.where((orbit < 0)[:, None], _UNKNOWN, _BY_ORBIT[orbit % len(_BY_ORBIT)])


def atom_colours(
    numbers: NDArray[np.int64], orbit: NDArray[np.int64], by: str = "element", scheme: str = "vesta"
) -> NDArray[np.float64]:
    """(n, 3) colours by "element", or by what ``orbit`` counts: "orbit", or "block" (kinds of building blocks)."""
    if by not in COLOURINGS:
        raise ValueError(f"unknown colouring {by!r}")
    return element_colours(numbers, scheme) if by == "element" else orbit_colours(orbit)


def readable(colours: NDArray[np.float64], dark: bool) -> NDArray[np.float64]:
    """The same hues, lifted where they would sink into a dark ground, toned down where into a white one."""
    luminance = colours @ np.array([0.299, 0.587, 0.114])
    if dark:
        lift = np.clip((0.36 - luminance) / (1.0 - luminance), 0.0, 1.0)[:, None]
        return colours + lift * (1.0 - colours)
    return colours * np.minimum(1.0, 0.90 / np.maximum(luminance, 1e-6))[:, None]


def fade(colours: NDArray[np.float64], where: NDArray[np.bool_], dark: bool) -> NDArray[np.float64]:
    """The same colours with those at ``where`` drawn back towards a neutral grey."""
    grey = np.array([0.26, 0.29, 0.33]) if dark else np.array([0.86, 0.88, 0.90])
    return np.where(where[:, None], 0.12 * colours + 0.88 * grey, colours)


def axis_colour(axis: int, dark: bool) -> NDArray[np.float64]:
    """Red, green, blue for a, b, c, fit for the background."""
    return _AXES[dark][axis]


def line_colour(dark: bool) -> NDArray[np.float64]:
    """The other edges of the cell."""
    return np.array([0.52, 0.58, 0.66]) if dark else np.array([0.42, 0.47, 0.54])


def background(dark: bool) -> NDArray[np.float64]:
    """Ground of the picture: the surface colour of the theme."""
    return np.array([0x18, 0x1E, 0x27]) / 255 if dark else np.array([1.0, 1.0, 1.0])
