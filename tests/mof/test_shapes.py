"""Nodes of one bond graph and several shapes: where the linkers stand says which."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from crystal_studio.mof.library import shipped_blocks, shipped_mofs
from crystal_studio.mof.shapes import fitting_shapes

TETRAHEDRAL, SQUARE = "Zn-4-9c7074-0", "Zn-4-9c7074-1"


@pytest.mark.parametrize(
    "right, other, names",
    [
        (TETRAHEDRAL, SQUARE, ("DUXZIG01_clean", "DITXOU_clean")),
        (SQUARE, TETRAHEDRAL, ("HEBTEP_clean", "LIVREP_clean")),
    ],
)
def test_places_say_whether_zinc_is_square_or_tetrahedral(right: str, other: str, names: tuple[str, ...]) -> None:
    """Known frameworks, as they are and with the other shape."""
    library, mofs = shipped_blocks(), shipped_mofs()
    row, wrong = (library.name.tolist().index(name) for name in (right, other))
    few = mofs.take(np.array([mofs.name.tolist().index(name) for name in names]))
    given = replace(few, block=np.where(few.block == row, wrong, few.block).astype(np.int32))
    assert (given.block != few.block).any()
    assert (fitting_shapes(given, library).block == few.block).all()
    assert (fitting_shapes(few, library).block == few.block).all()
