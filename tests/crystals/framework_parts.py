"""Well-known frameworks cut into their blocks, as candidates that know their bonds and blocks."""

from __future__ import annotations

from functools import cache

import numpy as np
from known_mofs import known

from crystal_studio.candidates.batch import Candidates
from crystal_studio.candidates.blocks import Blocks
from crystal_studio.mof.bonds import perceive_bonds
from crystal_studio.mof.fragments import fragment


@cache
def in_blocks(name: str) -> Candidates:
    """One of ``known_mofs.NAMES``; blocks are called by their formulas."""
    structures = known(name)
    cut = fragment(structures)
    block = np.full(len(structures.numbers), -1, np.int32)
    for k, atoms in enumerate(cut.atoms):
        block[atoms] = k
    names = np.array([b.formula for b in cut.blocks], object)
    blocks = Blocks(np.ones(1, bool), np.array([0, len(names)]), names, np.array([0, len(block)]), block)
    return Candidates(structures, np.zeros(1, np.int16), bonds=perceive_bonds(structures), blocks=blocks)
