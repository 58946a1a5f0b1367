"""Frameworks in a few words."""

from __future__ import annotations

import numpy as np
import pytest

from crystal_studio.candidates.batch import Candidates
from crystal_studio.crystal.batches import Structures
from crystal_studio.funnel.mof_validity import MofValidityStage, RelaxedMofValidityStage
from crystal_studio.funnel.protocol import Batch
from crystal_studio.mof.contents import contents
from crystal_studio.mof.library import shipped_blocks, shipped_mofs
from crystal_studio.mof.linker_names import LINKER_NAMES
from crystal_studio.mof.whole import whole_atoms


def known(name: str) -> Candidates:
    mofs = shipped_mofs()
    return whole_atoms(mofs.take(np.flatnonzero(mofs.name == name)), shipped_blocks())


@pytest.mark.parametrize(
    ("name", "nodes", "linkers"),
    [("FIQCEN_clean", "Cu2", "BTC"), ("EDUSIF_clean", "Zn4O", "BDC"), ("OFERUN_clean", "Zn", "mIm")],
)
def test_the_same_words_by_stated_blocks_and_cut_anew(name, nodes, linkers):
    stated = known(name)
    assert contents(stated, 0) == (nodes, linkers)
    assert contents(Candidates.of_structures(stated.structures), 0) == (nodes, linkers)


def test_the_funnel_finds_them_once_and_nothing_of_what_is_no_framework(rock_salt):
    batch = Batch(np.arange(2), Candidates.concatenate([known("FIQCEN_clean"), rock_salt]), {})
    found = {f.quantity: f.values.tolist() for f in MofValidityStage(charges=False)(batch, None).findings}
    assert found == {"nodes": ["Cu2", None], "linkers": ["BTC", None]}
    assert not RelaxedMofValidityStage(charges=False)(batch, None).findings


@pytest.fixture
def rock_salt() -> Candidates:
    positions = np.array([[0, 0, 0], [0.5, 0.5, 0.5]])
    return Candidates.of_structures(Structures.from_lists([2.8 * (1 - np.eye(3))], [np.array([11, 17])], [positions]))


def test_names_are_of_linkers_of_the_library_and_each_of_one():
    library = shipped_blocks()
    assert set(LINKER_NAMES) <= set(library.inchikey.tolist())
    assert len({short for short, _ in LINKER_NAMES.values()}) == len(LINKER_NAMES)
    assert not any(mark in short for short, _ in LINKER_NAMES.values() for mark in " ,/")
