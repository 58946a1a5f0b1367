"""The metals, nodes and linkers of the shipped library, to pick from."""

from __future__ import annotations

from functools import partial

import numpy as np

from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.design.offers import Offer, Sketch
from crystal_studio.mof.blocks import LINKER, NODE, BlockLibrary
from crystal_studio.mof.elements import IS_METAL
from crystal_studio.mof.library import shipped_blocks
from crystal_studio.mof.naming import NamedBlock, named_blocks


def metals() -> tuple[Offer, ...]:
    """Those that nodes hold, the commonest first."""
    library = shipped_blocks()
    seen = np.zeros(len(SYMBOLS), np.int64)
    for row in np.flatnonzero(library.kind == NODE).tolist():
        own = np.unique(library.numbers[library.atoms(row)])
        seen[own[IS_METAL[own]]] += library.count[row]
    order = sorted(np.flatnonzero(seen).tolist(), key=lambda z: -int(seen[z]))
    return tuple(Offer(SYMBOLS[z], SYMBOLS[z], count=int(seen[z])) for z in order)


def nodes() -> tuple[Offer, ...]:
    """By metals and connection points, the commonest first."""
    return _blocks(NODE)


def linkers() -> tuple[Offer, ...]:
    """By abbreviation or formula and connection points, the commonest first."""
    return _blocks(LINKER)


def _blocks(kind: int) -> tuple[Offer, ...]:
    library = shipped_blocks()
    return tuple(
        Offer(
            block.name,
            block.called or block.formula,
            block.formula,
            block.points,
            block.count,
            _about(block, library),
            partial(sketch, library, int(block.rows[0])),
        )
        for block in named_blocks(library, kind)
    )


def _about(block: NamedBlock, library: BlockLibrary) -> str:
    """Full name, SMILES and InChIKey of the commonest shape, as far as there are any."""
    row = int(block.rows[0])
    said = (block.in_full, str(library.smiles[row]), str(library.inchikey[row]))
    return "\n".join(filter(None, said))


def sketch(library: BlockLibrary, row: int) -> Sketch:
    """A block as it is drawn."""
    atoms, bonds, points = library.atoms(row), library.bond_rows(row), library.point_rows(row)
    return Sketch(
        tuple(SYMBOLS[z] for z in library.numbers[atoms]),
        library.positions[atoms],
        library.bonds[bonds],
        library.order[bonds],
        library.points[points],
        library.point_atom[points],
    )
