"""A checksum over a whole closed project, so that a flipped bit anywhere in it is noticed when it is opened.

Behind SQLite's pages, where SQLite does not look, a closed project carries 24 bytes: the magic "CRYSSEAL", the
number of bytes before it (u8, little-endian), their CRC-32 (u4) and the CRC-32 of these 20 bytes (u4). SQLite cuts
them off with the first thing that is written, so a project that a program was writing when it was killed has none.
"""

from __future__ import annotations

import contextlib
import struct
import zlib
from pathlib import Path

from crystal_studio.errors import FileError
from crystal_studio.project.connection import read_header, wal_has_content
from crystal_studio.project.files import Held, held

MAGIC = b"CRYSSEAL"
_FRONT = struct.Struct("<8sQI")
LENGTH = _FRONT.size + 4
_BLOCK = 1 << 20

_found: dict[tuple[int, int], tuple[int, int]] = {}
"""By file (device, inode) when and how long it was as this process found its seal right: once is enough."""


def holds(path: Path, file: Held) -> bool | None:
    """Whether a project is as it was closed; None where it carries no seal, or is being written."""
    size = file.size()
    if wal_has_content(path) or size <= LENGTH or size % 512 != LENGTH:
        return None
    before = file.changed()
    if _found.get(file.key) == before:
        return True
    trailer = file.read(size - LENGTH, LENGTH)
    right = _trailer(size - LENGTH, _crc(file, size - LENGTH)) == trailer
    if right and file.changed() == before:
        _found[file.key] = before
    # A writer that came in the meantime has opened the seal itself.
    return None if not right and (file.changed() != before or wal_has_content(path)) else right


def put(path: Path) -> None:
    """Seal a project that is closed and whose log is folded in; the caller keeps other writers away.

    A disk that does not take it leaves the project without a seal, which loses nothing.
    """
    with contextlib.suppress(OSError, FileError), held(path) as file:
        header = read_header(path)
        size = header.pages * header.page_size
        if not wal_has_content(path) and file.size() == size:
            file.end_at(size, _trailer(size, _crc(file, size)))


def open_up(path: Path) -> None:
    """Take the seal away before anything is written; the caller holds the lock of the only writer."""
    with held(path) as file:
        size = file.size()
        if size > LENGTH and size % 512 == LENGTH:
            file.end_at(size - LENGTH)


def _trailer(size: int, crc: int) -> bytes:
    front = _FRONT.pack(MAGIC, size, crc)
    return front + zlib.crc32(front).to_bytes(4, "little")


def _crc(file: Held, size: int) -> int:
    crc = at = 0
    while at < size:
        block = file.read(at, min(_BLOCK, size - at))
        if not block:
            return -1 & 0xFFFFFFFF
        crc = zlib.crc32(block, crc)
        at += len(block)
    return crc
