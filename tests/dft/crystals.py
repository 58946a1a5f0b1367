"""Crystals that DFT is asked about in these tests."""

from __future__ import annotations

import numpy as np

from crystal_studio.crystal.batches import Structures

LAYERED = Structures.from_lists(
    [np.array([[2.85, 0.0, 0.0], [-1.425, 2.4682, 0.0], [0.0, 0.0, 4.9]])],
    [[25, 8, 8, 3]],
    [[[0, 0, 0], [1 / 3, 2 / 3, 0.2], [2 / 3, 1 / 3, 0.8], [0, 0, 0.5]]],
)
"""LiMnO2 with one formula unit, elements in no order of any code."""

POTENTIALS = {"Li": "PAW_PBE Li_sv 10Sep2004", "Mn": "PAW_PBE Mn_pv 02Aug2007", "O": "PAW_PBE O 08Apr2002"}

FACE_CENTRED = Structures.from_lists(
    [5.64 * np.eye(3)],
    [[11] * 4 + [17] * 4],
    [[[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0], [0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5], [0.5] * 3]],
)
"""NaCl in its conventional cell of four formula units."""
