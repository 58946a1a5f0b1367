"""Blocks of the library by the names that people write."""

from __future__ import annotations

import numpy as np
import pytest

from crystal_studio.mof.blocks import LINKER, NODE
from crystal_studio.mof.library import shipped_blocks
from crystal_studio.mof.naming import UnknownBlock, named_blocks, rows_called


@pytest.mark.parametrize("kind", [NODE, LINKER])
def test_every_block_has_one_name_and_the_name_means_it_alone(kind):
    library = shipped_blocks()
    blocks = named_blocks(library, kind)
    assert sorted(np.concatenate([block.rows for block in blocks])) == np.flatnonzero(library.kind == kind).tolist()
    assert len({block.name for block in blocks}) == len(blocks)
    for block in [*blocks[:20], *blocks[20::25]]:
        assert set(rows_called(library, kind, block.name)) == set(block.rows), block.name
        assert set(library.n_points[block.rows]) == {block.points}


def test_an_abbreviation_a_formula_a_key_and_the_name_of_a_shape():
    library = shipped_blocks()
    bdc = set(rows_called(library, LINKER, "bdc"))
    assert bdc == set(rows_called(library, LINKER, "KKEYFWRCBNTPAC-UHFFFAOYSA-N"))
    assert set(rows_called(library, LINKER, "BDC/4")) < bdc
    assert set(rows_called(library, LINKER, "C8H4O4")) - bdc  # isophthalate
    (row,) = rows_called(library, LINKER, str(library.name[550]))
    assert row == 550
    assert set(rows_called(library, NODE, "Zn4O")) == set(rows_called(library, NODE, "OZn4"))


@pytest.mark.parametrize("name", ["", "/4", "cu2", "BDC/0", "Zn4O"])
def test_what_is_no_linker_is_told(name):
    with pytest.raises(UnknownBlock):
        rows_called(shipped_blocks(), LINKER, name)
