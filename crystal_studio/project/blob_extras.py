"""Bonds and building blocks of one crystal as blobs, behind the header that ``blob`` describes.

Bonds (kind 3, n bonds)::                   Building blocks (kind 4, n atoms)::

    2n i4  both atoms of each bond              n i4  block of each atom, -1 for none
    n f4   bond orders                          u4    number of blocks
    3n i2  lattice translations                 text  their names in UTF-8, a zero byte between them
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from crystal_studio.candidates.blocks import Blocks
from crystal_studio.candidates.bonds import Bonds
from crystal_studio.candidates.ragged import offsets_of
from crystal_studio.errors import FileError
from crystal_studio.project.blob import BLOCKS, BONDS, DAMAGED, pack, require_sound

_BOND_BYTES = 18


def encode_bonds(bonds: Bonds) -> list[bytes | None]:
    """One blob a crystal, None where its bonds are not known."""
    blobs: list[bytes | None] = []
    for i, known in enumerate(bonds.known.tolist()):
        rows = slice(int(bonds.offsets[i]), int(bonds.offsets[i + 1]))
        payload = (
            np.ascontiguousarray(bonds.atoms[rows], "<i4").tobytes()
            + np.ascontiguousarray(bonds.order[rows], "<f4").tobytes()
            + np.ascontiguousarray(bonds.image[rows], "<i2").tobytes()
        )
        blobs.append(pack(BONDS, 0, rows.stop - rows.start, payload) if known else None)
    return blobs


def decode_bonds(blobs: Sequence[bytes | None]) -> Bonds:
    """The inverse of ``encode_bonds``; raises ``FileError`` for a damaged blob."""
    counts, atoms, orders, images = [], [], [], []
    for blob in blobs:
        n, payload = (0, b"") if blob is None else require_sound(blob, BONDS)
        if len(payload) != n * _BOND_BYTES:
            raise FileError(DAMAGED)
        counts.append(n)
        atoms.append(np.frombuffer(payload, "<i4", 2 * n))
        orders.append(np.frombuffer(payload, "<f4", n, 8 * n))
        images.append(np.frombuffer(payload, "<i2", 3 * n, 12 * n))
    return Bonds(
        np.array([b is not None for b in blobs], bool),
        offsets_of(np.array(counts, np.int64)),
        np.concatenate([*atoms, np.zeros(0)]).astype(np.int32).reshape(-1, 2),
        np.concatenate([*images, np.zeros(0)]).astype(np.int16).reshape(-1, 3),
        np.concatenate([*orders, np.zeros(0)]).astype(np.float32),
    )


def encode_blocks(blocks: Blocks) -> list[bytes | None]:
    """One blob a crystal, None where nobody has cut it into blocks."""
    blobs: list[bytes | None] = []
    for i, known in enumerate(blocks.known.tolist()):
        atoms = np.ascontiguousarray(blocks.block[blocks.atom_offsets[i] : blocks.atom_offsets[i + 1]], "<i4")
        names = [str(n) for n in blocks.name[blocks.offsets[i] : blocks.offsets[i + 1]]]
        payload = atoms.tobytes() + len(names).to_bytes(4, "little") + "\0".join(names).encode()
        blobs.append(pack(BLOCKS, 0, len(atoms), payload) if known else None)
    return blobs


def decode_blocks(blobs: Sequence[bytes | None], n_atoms: Sequence[int]) -> Blocks:
    """The inverse of ``encode_blocks`` for crystals of ``n_atoms`` (B,) atoms; raises ``FileError`` for damage."""
    names: list[list[str]] = []
    atoms = []
    for blob, size in zip(blobs, n_atoms, strict=True):
        if blob is None:
            names.append([])
            atoms.append(np.full(size, -1, "<i4"))
            continue
        n, payload = require_sound(blob, BLOCKS)
        if n != size or len(payload) < 4 * n + 4:
            raise FileError(DAMAGED)
        atoms.append(np.frombuffer(payload, "<i4", n))
        count = int.from_bytes(payload[4 * n : 4 * n + 4], "little")
        names.append(payload[4 * n + 4 :].decode().split("\0") if count else [])
    flat = np.empty(sum(map(len, names)), object)
    flat[:] = [name for each in names for name in each]
    return Blocks(
        np.array([b is not None for b in blobs], bool),
        offsets_of(np.array([len(n) for n in names], np.int64)),
        flat,
        offsets_of(np.array([len(a) for a in atoms], np.int64)),
        np.concatenate([*atoms, np.zeros(0)]).astype(np.int32),
    )
