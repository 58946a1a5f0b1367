"""Blobs give back what went in, to the last bit, and notice damage."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crystal_studio.crystal.batches import AsymmetricUnits, Structures
from crystal_studio.errors import FileError
from crystal_studio.project import blob


def _units(counts: list[int], seed: int) -> AsymmetricUnits:
    rng = np.random.default_rng(seed)
    width = max(counts, default=0)
    mask = np.arange(width) < np.array(counts, int).reshape(-1, 1)
    return AsymmetricUnits(
        rng.integers(1, 231, len(counts)).astype(np.int16),
        rng.normal(size=(len(counts), 3, 3)),
        np.where(mask, rng.integers(1, 119, mask.shape), 0).astype(np.int16),
        np.where(mask, rng.integers(0, 1731, mask.shape), -1).astype(np.int16),
        np.where(mask[..., None], rng.random((*mask.shape, 3)), 0.0),
    )


def _structures(counts: list[int], seed: int) -> Structures:
    rng = np.random.default_rng(seed)
    total = sum(counts)
    return Structures(
        rng.normal(size=(len(counts), 3, 3)),
        np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        rng.integers(1, 119, total).astype(np.int16),
        rng.random((total, 3)),
        rng.integers(-1, 40, total).astype(np.int16),
    )


_COUNTS = st.lists(st.integers(0, 9), max_size=12)


@given(_COUNTS, st.integers(0, 2**32))
def test_units_come_back_exactly(counts: list[int], seed: int) -> None:
    units = _units(counts, seed)
    back = blob.decode_units(blob.encode_units(units))
    for field in fields(units):
        a, b = getattr(units, field.name), getattr(back, field.name)
        assert a.dtype == b.dtype and a.shape == b.shape and (a == b).all(), field.name


@given(_COUNTS, st.integers(0, 2**32))
def test_structures_come_back_exactly(counts: list[int], seed: int) -> None:
    structures = _structures(counts, seed)
    back = blob.decode_structures(blob.encode_structures(structures))
    for field in fields(structures):
        a, b = getattr(structures, field.name), getattr(back, field.name)
        assert a.dtype == b.dtype and a.shape == b.shape and (a == b).all(), field.name


@given(st.integers(0, 2**32), st.data())
def test_any_flipped_bit_is_noticed(seed: int, data: st.DataObject) -> None:
    good = blob.encode_structures(_structures([3], seed))[0]
    at = data.draw(st.integers(0, 8 * len(good) - 1))
    bad = bytearray(good)
    bad[at // 8] ^= 1 << at % 8
    # The group number of a whole cell is not used.
    if not 6 <= at // 8 < 8:
        with pytest.raises(FileError):
            blob.decode_structures([good, bytes(bad)])


def test_cut_and_foreign_blobs_are_refused() -> None:
    unit, cell = blob.encode_units(_units([2], 1))[0], blob.encode_structures(_structures([2], 1))[0]
    for bad in (b"", cell[:40], cell[:-2], cell + b"\0\0", b"x" * len(cell), unit):
        with pytest.raises(FileError):
            blob.decode_structures([bad])


def test_a_newer_version_asks_for_an_update() -> None:
    good = blob.encode_structures(_structures([1], 1))[0]
    with pytest.raises(FileError, match="update the program"):
        blob.decode_structures([good[:4] + bytes([blob.VERSION + 1]) + good[5:]])


def test_padding_between_orbits_is_closed_up() -> None:
    units = _units([3], 5)
    units.numbers[0, 1], units.wyckoff[0, 1] = 0, -1
    units.positions[0, 1] = 0
    back = blob.decode_units(blob.encode_units(units))
    assert back.numbers[0].tolist() == [units.numbers[0, 0], units.numbers[0, 2]]
    assert (back.positions[0, 1] == units.positions[0, 2]).all()
