"""Tables of the operations that make the atoms of every Wyckoff position, and of their inverses, for the multigraph."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crystal_studio.crystal.orbit_pairs import primitive_orbits
from crystal_studio.crystal.primitive import centring_bases
from crystal_studio.crystal.space_groups import tables


class OrbitImages(NamedTuple):
    """start, images (1731,) how many, into ``operation``, those that make the atoms of each Wyckoff position;
    rotation, translation of every operation; basis (230, 3, 3); inverse (operations,), counted within the group;
    slot: for each Wyckoff position, from ``slot_start`` on, which of its atoms each operation of the group makes."""

    start: Tensor
    images: Tensor
    operation: Tensor
    rotation: Tensor
    translation: Tensor
    basis: Tensor
    inverse: Tensor
    slot_start: Tensor
    slot: Tensor


@lru_cache(maxsize=4)
def on_device(device: str) -> OrbitImages:
    """The tables as tensors on a device, kept."""
    table = tables()
    start, operation = primitive_orbits()
    slot_start, slot = _slots()
    whole = (torch.as_tensor(a, dtype=torch.int64, device=device) for a in (start[:-1], np.diff(start), operation))
    real = (
        torch.as_tensor(a, dtype=torch.float32, device=device)
        for a in (table.rotations, table.translations, centring_bases())
    )
    rest = (torch.as_tensor(a, dtype=torch.int64, device=device) for a in (_inverses(), slot_start, slot))
    return OrbitImages(*whole, *real, *rest)


def _inverses() -> NDArray[np.int64]:
    """The inverse of every operation, counted from the first of its group."""
    table = tables()
    sizes = np.diff(table.operation_start)
    group = np.repeat(np.arange(len(sizes)), sizes)
    rotation = np.rint(np.linalg.inv(table.rotations.astype(float))).astype(np.int64)
    translation = -np.einsum("nij,nj->ni", rotation, table.translations)
    return (
        _match(
            np.column_stack([group, rotation.reshape(-1, 9), _key(translation)]),
            np.column_stack([group, table.rotations.reshape(-1, 9), _key(table.translations)]),
        )
        - table.operation_start[:-1][group]
    )


def _slots() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    table = tables()
    sizes = np.diff(table.operation_start)[table.wyckoff_group - 1]
    row = np.repeat(np.arange(len(sizes)), sizes)
    first = np.cumsum(sizes) - sizes
    every = np.arange(len(row)) - first[row] + table.operation_start[table.wyckoff_group[row] - 1]
    start, made = primitive_orbits()
    making = np.repeat(np.arange(len(sizes)), np.diff(start))
    generic = table.linear @ np.array([0.1234, 0.2718, 0.4131]) + table.origin
    to_basis = np.linalg.inv(centring_bases())[table.wyckoff_group - 1]

    def images(rows: NDArray, operation: NDArray) -> NDArray:
        at = np.einsum("nij,nj->ni", table.rotations[operation], generic[rows]) + table.translations[operation]
        return np.column_stack([rows, _key(np.einsum("ni,nij->nj", at, to_basis[rows]))])

    return first, _match(images(row, every), images(making, made)) - start[:-1][row]


def _key(fractional: NDArray) -> NDArray[np.int64]:
    return np.rint(fractional * 1e5).astype(np.int64) % 100_000


def _match(wanted: NDArray, among: NDArray) -> NDArray[np.int64]:
    """(n,) the row of ``among`` that equals each of ``wanted``."""
    _, code = np.unique(np.concatenate([among, wanted]), axis=0, return_inverse=True)
    code = code.reshape(-1)
    row = np.full(code.max() + 1, -1)
    row[code[: len(among)]] = np.arange(len(among))
    return row[code[len(among) :]]
