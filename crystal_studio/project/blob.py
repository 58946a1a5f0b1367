"""Crystals as compact binary blobs, exact to the last bit, decoded many at a time.

Layout, little-endian, version 2 (n = orbits of a unit, atoms of a structure)::

    4 s   magic "CrSt"
    u1    version
    u1    kind: 1 asymmetric unit, 2 whole cell (3 bonds, 4 building blocks: blob_extras)
    i2    space group (0 for a whole cell)
    u4    n
    u4    CRC-32 of the 12 bytes before it and everything after it
    9 f8  lattice, rows a, b, c in Angstrom
    3n f8 fractional coordinates
    n i2  atomic numbers
    n i2  row of the Wyckoff tables (unit) or column of the orbit (whole cell)

An asymmetric unit of 5 orbits takes 228 bytes, a cell of 13 atoms 452. In version 1, which is still read, the
CRC covered only what comes after the header.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import AsymmetricUnits, Structures
from crystal_studio.errors import FileError

MAGIC = b"CrSt"
VERSION = 2
UNIT, STRUCTURE, BONDS, BLOCKS = 1, 2, 3, 4
DAMAGED = "A structure in the project file is damaged: restore the project from a copy."
_HEADER = np.dtype(
    [("magic", "S4"), ("version", "u1"), ("kind", "u1"), ("space_group", "<i2"), ("count", "<u4"), ("crc", "<u4")]
)
HEADER = struct.Struct("<4sBBhII")
_FRONT = struct.Struct("<4sBBhI")
_LATTICE_BYTES = 72
_SITE_BYTES = 28


def pack(kind: int, space_group: int, count: int, payload: bytes) -> bytes:
    """A blob: header, checksum, payload."""
    front = _FRONT.pack(MAGIC, VERSION, kind, space_group, count)
    return front + zlib.crc32(payload, zlib.crc32(front)).to_bytes(4, "little") + payload


def encode_units(units: AsymmetricUnits) -> list[bytes]:
    """One blob a crystal; padding is left out (orbits are moved to the front where it is not)."""
    lattice = np.ascontiguousarray(units.lattice, "<f8")
    order = np.argsort(~units.mask, axis=1, kind="stable")
    numbers = np.take_along_axis(units.numbers, order, 1).astype("<i2")
    wyckoff = np.take_along_axis(units.wyckoff, order, 1).astype("<i2")
    positions = np.take_along_axis(units.positions, order[..., None], 1).astype("<f8")
    blobs = []
    for i, n in enumerate(units.n_orbits.tolist()):
        payload = (
            lattice[i].tobytes() + positions[i, :n].tobytes() + numbers[i, :n].tobytes() + wyckoff[i, :n].tobytes()
        )
        blobs.append(pack(UNIT, int(units.space_group[i]), n, payload))
    return blobs


def encode_structures(structures: Structures) -> list[bytes]:
    """One blob a crystal."""
    lattice = np.ascontiguousarray(structures.lattice, "<f8")
    positions = np.ascontiguousarray(structures.positions, "<f8")
    numbers = structures.numbers.astype("<i2")
    orbit = structures.orbit.astype("<i2")
    blobs = []
    for i, n in enumerate(structures.n_atoms.tolist()):
        rows = structures.atoms(i)
        payload = lattice[i].tobytes() + positions[rows].tobytes() + numbers[rows].tobytes() + orbit[rows].tobytes()
        blobs.append(pack(STRUCTURE, 0, n, payload))
    return blobs


def decode_units(blobs: Sequence[bytes]) -> AsymmetricUnits:
    """The inverse of ``encode_units``, padded to the widest; raises ``FileError`` for a damaged blob."""
    headers, lattice, positions, numbers, wyckoff = _decode(blobs, UNIT)
    counts = headers["count"].astype(np.int64)
    width = int(counts.max(initial=0))
    mask = np.arange(width) < counts[:, None]
    shape = mask.shape
    padded = AsymmetricUnits(
        headers["space_group"].astype(np.int16),
        lattice,
        np.zeros(shape, np.int16),
        np.full(shape, -1, np.int16),
        np.zeros((*shape, 3)),
    )
    padded.numbers[mask] = numbers
    padded.wyckoff[mask] = wyckoff
    padded.positions[mask] = positions
    return padded


def decode_structures(blobs: Sequence[bytes]) -> Structures:
    """The inverse of ``encode_structures``; raises ``FileError`` for a damaged blob."""
    headers, lattice, positions, numbers, orbit = _decode(blobs, STRUCTURE)
    offsets = np.concatenate([[0], np.cumsum(headers["count"], dtype=np.int64)])
    return Structures(lattice, offsets, numbers, positions, orbit)


def require_sound(blob: bytes, kind: int) -> tuple[int, bytes]:
    """The count and the payload of a blob; raises ``FileError`` for one that is damaged, newer or of another kind."""
    if not isinstance(blob, bytes) or len(blob) < HEADER.size or blob[:4] != MAGIC:
        raise FileError(DAMAGED)
    _, version, found, _, count, crc = HEADER.unpack_from(blob)
    if version > VERSION:
        raise FileError("The project holds structures written by a newer Crystal Studio: update the program.")
    if found != kind or not _holds(blob, version, crc):
        raise FileError(DAMAGED)
    return count, blob[HEADER.size :]


def is_sound(blob: bytes) -> bool:
    """Whether a blob of any kind is as it was written."""
    if not isinstance(blob, bytes) or len(blob) < HEADER.size or blob[:4] != MAGIC:
        return False
    _, version, _, _, _, crc = HEADER.unpack_from(blob)
    return _holds(blob, version, crc)


def _holds(blob: bytes, version: int, crc: int) -> bool:
    view = memoryview(blob)
    return zlib.crc32(view[HEADER.size :], zlib.crc32(view[: _FRONT.size]) if version > 1 else 0) == crc


def _decode(blobs: Sequence[bytes], kind: int) -> tuple[NDArray, NDArray, NDArray, NDArray, NDArray]:
    """Headers (B,), lattice (B, 3, 3), and positions (N, 3), numbers (N,), last column (N,) of all sites in a row."""
    if not all(isinstance(b, bytes) for b in blobs):
        raise FileError(DAMAGED)
    sizes = np.fromiter((len(b) for b in blobs), np.int64, len(blobs))
    if (sizes < HEADER.size + _LATTICE_BYTES).any():
        raise FileError("A structure in the project file is cut short: restore the project from a copy.")
    # Every part of a blob starts on a multiple of two bytes and most on four: gather in 4-byte words, then halves.
    words = np.frombuffer(b"".join(blobs) + b"\0" * (-int(sizes.sum()) % 4), "<u2")
    starts = np.concatenate([[0], np.cumsum(sizes)])[:-1] // 2
    headers = _gather(words, starts, HEADER.size // 2).view(_HEADER).reshape(-1)
    counts = headers["count"].astype(np.int64)
    _check(blobs, headers, sizes, kind)
    lattice = _gather(words, starts + HEADER.size // 2, _LATTICE_BYTES // 2).view("<f8").reshape(-1, 3, 3)
    crystal = np.repeat(np.arange(len(blobs)), counts)
    site = np.arange(len(crystal)) - np.repeat(np.cumsum(counts) - counts, counts)
    first = starts[crystal] + (HEADER.size + _LATTICE_BYTES) // 2
    positions = _gather(words, first + 12 * site, 12).view("<f8").reshape(-1, 3)
    numbers = words[first + 12 * counts[crystal] + site].view("<i2")
    last = words[first + 13 * counts[crystal] + site].view("<i2")
    return headers, lattice.astype(np.float64), positions.astype(np.float64), numbers.astype("i2"), last.astype("i2")


def _gather(words: NDArray, starts: NDArray, length: int) -> NDArray:
    """(len(starts), length) words, contiguous."""
    return np.ascontiguousarray(words[starts[:, None] + np.arange(length)])


def _check(blobs: Sequence[bytes], headers: NDArray, sizes: NDArray, kind: int) -> None:
    if (headers["magic"] != MAGIC).any() or (headers["version"] < 1).any():
        raise FileError(DAMAGED)
    if (headers["version"] > VERSION).any():
        raise FileError("The project holds structures written by a newer Crystal Studio: update the program.")
    wrong = (headers["kind"] != kind) | (sizes != HEADER.size + _LATTICE_BYTES + _SITE_BYTES * headers["count"])
    versions, crcs = headers["version"].tolist(), headers["crc"].tolist()
    if wrong.any() or not all(map(_holds, blobs, versions, crcs)):
        raise FileError(DAMAGED)
