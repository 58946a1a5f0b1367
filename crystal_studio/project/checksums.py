"""Checksums of rows: CRC-32 of what a row says, so that a flipped bit is noticed when the row is read.

Numbers go in as little-endian 8-byte words (an integer column that may be empty as -1 where it is, as none of
them is ever negative; an empty real number as NaN), texts in UTF-8 with a zero byte between them. The layout is
part of the file's format: change it and the schema version changes.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

_CANDIDATE = struct.Struct("<7q3d")
_VERDICT = struct.Struct("<2qd")
_QUANTITY = struct.Struct("<3q2dq")
_CAMPAIGN = struct.Struct("<3qd")
_ROUND = struct.Struct("<6qd")
_PART = struct.Struct("<q")
_NAME = struct.Struct("<q")


def _texts(*texts: str) -> bytes:
    return "\0".join(texts).encode()


def campaign(
    id: int,
    created: str,
    name: str,
    kind: str,
    request: str,
    provenance: str,
    state: str,
    requested: int,
    chunk_size: int | None,
    seconds: float,
) -> int:
    """Of a row of ``campaigns``; like its fellows it takes the columns in their order in the schema."""
    numbers = _CAMPAIGN.pack(id, requested, -1 if chunk_size is None else chunk_size, seconds)
    return zlib.crc32(_texts(created, name, kind, request, provenance, state), zlib.crc32(numbers))


def round_(
    id: int,
    improvement: int,
    number: int,
    created: str,
    plan: str,
    state: str,
    parent: str,
    model: str,
    campaign_id: int | None,
    check_id: int | None,
    kept: int | None,
    figures: str,
    seconds: float,
) -> int:
    """Of a row of ``rounds``."""
    optional = (-1 if value is None else value for value in (campaign_id, check_id, kept))
    numbers = _ROUND.pack(id, improvement, number, *optional, seconds)
    return zlib.crc32(_texts(created, plan, state, parent, model, figures), zlib.crc32(numbers))


def candidate(
    id: int,
    campaign_id: int,
    number: int,
    formula: str,
    chemsys: str,
    asked_space_group: int | None,
    space_group: int | None,
    n_atoms: int,
    n_orbits: int | None,
    volume: float,
    volume_per_atom: float,
    density: float,
    *texts: str,
) -> int:
    """Of a row of ``candidates``; ``texts`` are its columns from ``geometry`` to ``created``."""
    numbers = _CANDIDATE.pack(
        id,
        campaign_id,
        number,
        -1 if asked_space_group is None else asked_space_group,
        -1 if space_group is None else space_group,
        n_atoms,
        -1 if n_orbits is None else n_orbits,
        volume,
        volume_per_atom,
        density,
    )
    return zlib.crc32(_texts(formula, chemsys, *texts), zlib.crc32(numbers))


def verdict(
    candidate_id: int,
    stage: str,
    campaign_id: int,
    status: str,
    reason: str,
    parameters: str,
    notes: str,
    seconds: float,
) -> int:
    """Of a row of ``verdicts``, its own id left out."""
    numbers = _VERDICT.pack(candidate_id, campaign_id, seconds)
    return zlib.crc32(_texts(stage, status, reason, parameters, notes), zlib.crc32(numbers))


def quantity(
    candidate: int,
    quantity: int,
    method: int,
    value: float | None,
    label: str | None,
    uncertainty: float | None,
    headline: int | None,
) -> int:
    """Of a row of ``quantities``."""
    crc = zlib.crc32(
        _QUANTITY.pack(
            candidate,
            quantity,
            method,
            math.nan if value is None else value,
            math.nan if uncertainty is None else uncertainty,
            headline or 0,
        )
    )
    return crc if label is None else zlib.crc32(label.encode(), crc)


def _of_quantities(rows: Iterable[Sequence[Any]]) -> Iterator[int]:
    """``quantity`` of many rows, whatever stands behind their columns, in a third of the time."""
    pack, crc32, nan = _QUANTITY.pack, zlib.crc32, math.nan
    for row in rows:
        value, label, spread = row[3:6]
        crc = crc32(
            pack(
                row[0],
                row[1],
                row[2],
                nan if value is None else value,
                nan if spread is None else spread,
                row[6] or 0,
            )
        )
        yield crc if label is None else crc32(label.encode(), crc)


def quantities(rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Rows of ``quantities`` with the checksum of each behind it."""
    return [(*row, crc) for row, crc in zip(rows, _of_quantities(rows), strict=True)]


def all_quantities_hold(rows: Sequence[tuple[Any, ...]]) -> int | None:
    """The candidate of the first row of ``quantities`` (its checksum last) that is not what was written, or None."""
    row: tuple[Any, ...] = (0,)
    crcs = _of_quantities(rows)
    try:
        for row in rows:
            if next(crcs) != row[-1]:
                return int(row[0])
    except (TypeError, ValueError, AttributeError, struct.error):
        return row[0] if isinstance(row[0], int) else 0
    return None


def part(candidate_id: int, kind: str, method: str, data: bytes) -> int:
    """Of a row of ``parts``: whose it is, and the blob's header, which holds the checksum of the rest."""
    return zlib.crc32(data[:16], zlib.crc32(_texts(kind, method), zlib.crc32(_PART.pack(candidate_id))))


def name(id: int, *texts: str) -> int:
    """Of a row of ``quantity_names`` or ``methods``."""
    return zlib.crc32(_texts(*texts), zlib.crc32(_NAME.pack(id)))


def holds(function: Any, columns: tuple, checksum: Any) -> bool:
    """Whether a row is what was written; a column of a wrong type is as wrong as one of a wrong value."""
    try:
        return function(*columns) == checksum
    except (TypeError, ValueError, AttributeError, struct.error):
        return False
