"""Blocks that no valid framework can hold are known, and the others are not taken for such."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from crystal_studio.mof.block_validity import faults, shipped_sound
from crystal_studio.mof.blocks import LINKER
from crystal_studio.mof.library import shipped_blocks


def test_the_table_that_ships_says_what_the_checks_say() -> None:
    library, sound = shipped_blocks(), shipped_sound()
    some = np.concatenate([np.flatnonzero(sound)[::150], np.flatnonzero(~sound)[::50]])
    assert [not failed for failed in faults(library.take(some))] == sound[some].tolist()
    assert 0.7 < sound.mean() < 0.9


def test_a_linker_that_lacks_a_hydrogen_or_has_two_in_one_place_is_faulty() -> None:
    library = shipped_blocks()
    terephthalate = (library.kind == LINKER) & (library.formula == "C8H4O4") & shipped_sound()
    one = library.take(np.flatnonzero(terephthalate)[:1])
    hydrogens = np.flatnonzero(one.numbers == 1)
    places = one.positions.copy()
    places[hydrogens[0]] = places[hydrogens[1]] + 0.4
    assert faults(one) == [()]
    assert "hydrogen_over" in faults(replace(one, positions=places))[0]
    carbon = int(one.bonds[(one.bonds == hydrogens[0]).any(1)][0].sum() - hydrogens[0])
    kept = ~((one.bonds == carbon).any(1) & (np.cumsum((one.bonds == carbon).any(1)) > 1))
    fewer = replace(one, bonds=one.bonds[kept], order=one.order[kept], bond_offsets=np.array([0, int(kept.sum())]))
    assert "carbon_under" in faults(fewer)[0]
