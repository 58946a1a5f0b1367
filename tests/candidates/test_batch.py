"""Candidates as a batch: parts stay with their crystals through taking and joining."""

from __future__ import annotations

import numpy as np
import pytest

from crystal_studio.candidates.batch import Candidates
from crystal_studio.candidates.blocks import Blocks
from crystal_studio.candidates.bonds import Bonds
from crystal_studio.candidates.quantities import Method, Quantity
from crystal_studio.candidates.registry import quantities
from crystal_studio.candidates.verdicts import ReasonKind
from crystal_studio.crystal.batches import Structures


def bonded(*bonds: int) -> Candidates:
    """One two-atom box a number, with that many bonds, the image counting through."""
    size = len(bonds)
    structures = Structures.from_lists(
        [np.eye(3) * (4 + i) for i in range(size)], [[1, 8]] * size, [[[0, 0, 0], [0.5, 0.5, 0.5]]] * size
    )
    total = sum(bonds)
    image = np.zeros((total, 3), np.int16)
    image[:, 0] = np.arange(total)
    offsets = np.concatenate([[0], np.cumsum(bonds)]).astype(np.int64)
    stated = Bonds(
        np.ones(size, bool),
        offsets,
        np.tile(np.array([[0, 1]], np.int32), (total, 1)),
        image,
        np.ones(total, np.float32),
    )
    blocks = Blocks(
        np.ones(size, bool),
        np.arange(size + 1),
        np.array([f"box{i}" for i in range(size)], object),
        structures.offsets,
        np.zeros(2 * size, np.int32),
    )
    return Candidates(structures, np.zeros(size, np.int16), None, stated, blocks)


def test_parts_follow_their_crystals() -> None:
    taken = bonded(1, 3, 0, 2).take(np.array([3, 1]))
    assert taken.bonds is not None and taken.blocks is not None
    assert taken.bonds.count.tolist() == [2, 3]
    assert taken.bonds.image[:, 0].tolist() == [4, 5, 1, 2, 3]
    assert taken.blocks.name.tolist() == ["box3", "box1"]
    assert taken.structures.lattice[:, 0, 0].tolist() == [7.0, 5.0]


def test_a_part_that_only_some_know_is_marked_as_missing_in_the_others() -> None:
    plain = Candidates.of_structures(bonded(0).structures)
    joined = Candidates.concatenate([plain, bonded(2)])
    assert joined.bonds is not None and joined.blocks is not None
    assert joined.bonds.known.tolist() == [False, True]
    assert joined.bonds.count.tolist() == [0, 2]
    assert joined.blocks.known.tolist() == [False, True]
    assert joined.blocks.block.tolist() == [-1, -1, 0, 0]
    assert joined.take(np.array([1])).bonds.image[:, 0].tolist() == [0, 1]  # type: ignore[union-attr]


def test_no_candidates_at_all() -> None:
    empty = bonded(1, 1).take(np.zeros(0, int))
    assert len(empty) == 0
    assert len(Candidates.concatenate([empty, bonded(1)])) == 1


def test_a_batch_of_unequal_parts_is_refused() -> None:
    whole = bonded(1, 1)
    with pytest.raises(ValueError, match="part of 1"):
        Candidates(whole.structures, whole.asked_space_group[:1])


def test_values_are_written_by_their_quantity() -> None:
    assert quantities()["e_hull"].text(0.12345, unit=True) == "0.123 eV/atom"
    assert quantities()["e_hull"].text(float("nan")) == ""
    assert Quantity("a", "A", kind="flag").text(1.0) == "yes"
    assert Quantity("a", "A", kind="count").text(3.0) == "3"
    with pytest.raises(ValueError, match="unknown kind"):
        Method("x", "guess")


def test_a_reason_of_another_version_still_reads() -> None:
    kind = ReasonKind("overlap", "Atoms overlap", "{first} and {second} are {distance:.2f} Å apart.")
    assert kind.text({"first": "O", "second": "Ti", "distance": 0.5}) == "O and Ti are 0.50 Å apart."
    assert kind.text({"first": "O"}) == "Atoms overlap."


def test_bonds_follow_atoms_through_cell_faces_and_end_with_another_cell():
    before = Structures.from_lists([5.0 * np.eye(3)], [[6, 8]], [[[0.99, 0.5, 0.5], [0.2, 0.5, 0.5]]])
    after = Structures.from_lists([5.1 * np.eye(3)], [[6, 8]], [[[0.01, 0.5, 0.5], [0.21, 0.5, 0.5]]])
    table = (np.array([[0, 1]], np.int32), np.array([[1, 0, 0]], np.int16), np.ones(1, np.float32))
    bonded = Candidates(before, np.zeros(1, np.int16), bonds=Bonds.of_tables([table]))
    assert bonded.with_geometry(after).bonds.of(0)[1].tolist() == [[0, 0, 0]]
    assert bonded.with_geometry(before).bonds.of(0)[1].tolist() == [[1, 0, 0]]
    single = Structures.from_lists([5.0 * np.eye(3)], [[6]], [[[0, 0, 0]]])
    assert bonded.with_geometry(single).bonds.of(0) is None
