"""The library of building blocks that ships, and the known frameworks made of it."""

from __future__ import annotations

import numpy as np

from crystal_studio.mof.blocks import NODE
from crystal_studio.mof.collecting import places_of
from crystal_studio.mof.library import library_fault, shipped_blocks, shipped_mofs


def test_the_library_is_sound() -> None:
    library = shipped_blocks()
    assert library_fault(library) == ""
    assert {"Zn", "Cu2"} <= set(library.formula[library.kind == NODE])
    acids = set(library.inchikey)
    assert {"KKEYFWRCBNTPAC-UHFFFAOYSA-N", "QMKYBPDZANOJGF-UHFFFAOYSA-N"} <= acids  # terephthalic, trimesic
    assert (library.count > 0).all() and (library.inchikey[library.kind == NODE] == "").all()


def test_frameworks_are_made_of_it() -> None:
    """Every connection point is used once, and the two of each connection stand within an Angstrom of each other."""
    library, mofs = shipped_blocks(), shipped_mofs()
    np.testing.assert_array_equal(np.bincount(mofs.block, minlength=len(library)), library.count)
    assert mofs.deviation.max() <= 0.3001
    np.testing.assert_allclose(np.linalg.det(mofs.rotation), 1, atol=1e-3)
    for i in range(0, len(mofs), max(len(mofs) // 25, 1)):
        kinds, rows = mofs.block[mofs.blocks(i)], mofs.connections(i)
        ends, places = mofs.ends[rows], places_of(mofs, library, i)
        assert len(np.unique(ends.reshape(-1, 2), axis=0)) == library.n_points[kinds].sum()
        for ((node, a), (linker, b)), image in zip(ends.tolist(), mofs.image[rows], strict=True):
            assert (library.kind[kinds[node]], library.kind[kinds[linker]]) == (NODE, 1)
            first = places[node][library.n_atoms[kinds[node]] + a]
            second = places[linker][library.n_atoms[kinds[linker]] + b] + image @ mofs.lattice[i]
            assert np.linalg.norm(first - second) < 1.5
