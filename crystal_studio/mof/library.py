"""Building blocks and coarse-grained frameworks on disk: numbers in a safetensors file, words in a JSON card."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio import paths
from crystal_studio.errors import FileError
from crystal_studio.mof.blocks import BlockLibrary
from crystal_studio.mof.coarse import CoarseMofs

FORMAT = 1
FARTHEST = 32.0
"""Angstrom from the origin of a block: coordinates are kept as whole thousandths of an Angstrom in 16 bits."""

_WORDS = ("name", "formula", "smiles", "inchikey")
_FINE = ("positions", "points")


@cache
def shipped_blocks() -> BlockLibrary:
    """The library that ships with the program; raises ``FileError`` if it is missing or damaged."""
    return read_blocks(paths.resources() / "mof" / "blocks.safetensors")[0]


@cache
def shipped_mofs() -> CoarseMofs:
    """Known frameworks made of the shipped blocks; raises ``FileError`` if they are missing or damaged."""
    return read_mofs(paths.resources() / "mof" / "mofs.safetensors")[0]


def write_blocks(path: Path, blocks: BlockLibrary, provenance: dict[str, Any]) -> None:
    """Write the library and its card, which holds ``provenance``; coordinates are rounded to 0.001 A."""
    if len(blocks.positions) and max(np.abs(blocks.positions).max(), np.abs(blocks.points).max()) > FARTHEST:
        raise ValueError(f"an atom or a connection point is farther than {FARTHEST} A from the origin of its block")
    numbers = {f.name: getattr(blocks, f.name) for f in fields(BlockLibrary) if f.name not in _WORDS}
    for name in _FINE:
        numbers[name] = np.rint(numbers[name] * 1000).astype(np.int16)
    words = {name: getattr(blocks, name).tolist() for name in _WORDS}
    _write(
        path, numbers | {"diameter": blocks.diameter.astype(np.float32)}, words, provenance | {"blocks": len(blocks)}
    )


def read_blocks(path: Path) -> tuple[BlockLibrary, dict[str, Any]]:
    """The library of one file, and its card; raises ``FileError`` if missing, damaged or of another version."""
    numbers, words, card = _read(path)
    try:
        for name in _FINE:
            numbers[name] = numbers[name] / 1000.0
        numbers["diameter"] = numbers["diameter"].astype(np.float64)
        blocks = BlockLibrary(**numbers, **{name: np.array(words[name], object) for name in _WORDS})
    except (KeyError, TypeError) as error:
        raise _damaged(path) from error
    if fault := library_fault(blocks):
        raise FileError(f"The building blocks {path} are unsound ({fault}): install them again.")
    return blocks, card


def write_mofs(path: Path, mofs: CoarseMofs, blocks: BlockLibrary, provenance: dict[str, Any]) -> None:
    """Write frameworks of the blocks of a library, which the card names by a hash of their names."""
    numbers = {f.name: getattr(mofs, f.name) for f in fields(CoarseMofs) if f.name != "name"}
    for name in ("lattice", "positions", "rotation"):
        numbers[name] = numbers[name].astype(np.float32)
    card = provenance | {"mofs": len(mofs), "library": library_hash(blocks)}
    _write(path, numbers, {"name": mofs.name.tolist()}, card)


def read_mofs(path: Path) -> tuple[CoarseMofs, dict[str, Any]]:
    """The frameworks of one file, and its card; raises ``FileError`` as ``read_blocks`` does."""
    numbers, words, card = _read(path)
    try:
        for name in ("lattice", "positions", "rotation"):
            numbers[name] = numbers[name].astype(np.float64)
        mofs = CoarseMofs(**numbers, name=np.array(words["name"], object))
    except (KeyError, TypeError) as error:
        raise _damaged(path) from error
    return mofs, card


def library_hash(blocks: BlockLibrary) -> str:
    """What tells libraries apart: the order and the names of their blocks."""
    return hashlib.sha256("\n".join(blocks.name.tolist()).encode()).hexdigest()[:16]


def library_fault(blocks: BlockLibrary) -> str:
    """What is wrong with a library, in words; empty for a sound one."""
    for name, rows in (("atom", blocks.numbers), ("bond", blocks.bonds), ("point", blocks.points)):
        offsets = getattr(blocks, f"{name}_offsets")
        if (
            len(offsets) != len(blocks) + 1
            or offsets[0] != 0
            or offsets[-1] != len(rows)
            or (np.diff(offsets) < 0).any()
        ):
            return f"the offsets of its {name}s do not fit"
    if len(set(blocks.name.tolist())) != len(blocks):
        return "two blocks of one name"
    if (blocks.n_points < 1).any():
        return f"{blocks.name[np.argmin(blocks.n_points)]} has no connection point"
    owner = np.repeat(np.arange(len(blocks)), blocks.n_points)
    bonded = np.repeat(np.arange(len(blocks)), np.diff(blocks.bond_offsets))
    for atoms, block in ((blocks.point_atom, owner), (blocks.bonds[:, 0], bonded), (blocks.bonds[:, 1], bonded)):
        if (atoms < 0).any() or (atoms >= blocks.n_atoms[block]).any():
            return "a bond or a connection point at an atom that its block lacks"
    if not (np.isfinite(blocks.positions).all() and np.isfinite(blocks.points).all()):
        return "a coordinate that is no number"
    return ""


def _card_path(path: Path) -> Path:
    return path.with_suffix(".card.json")


def _write(path: Path, numbers: dict[str, NDArray], words: dict[str, list[str]], card: dict[str, Any]) -> None:
    from safetensors.numpy import save_file

    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: np.ascontiguousarray(array) for name, array in numbers.items()}, path)
    path.chmod(0o644)  # safetensors leaves it readable by its owner alone
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    text = json.dumps(card | {"format": FORMAT, "sha256": digest, "words": words}, indent=1, ensure_ascii=False)
    _card_path(path).write_text(text + "\n", encoding="utf-8")


def _read(path: Path) -> tuple[dict[str, NDArray], dict[str, list[str]], dict[str, Any]]:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        card = json.loads(_card_path(path).read_text(encoding="utf-8"))
        raw = path.read_bytes()
        if card["format"] != FORMAT:
            raise FileError(f"{path} is of version {card['format']}, not {FORMAT}: build it again.")
        if hashlib.sha256(raw).hexdigest() != card["sha256"]:
            raise _damaged(path)
        return load(raw), card.pop("words"), card
    except OSError as error:
        raise FileError(f"{path} and its card cannot be read: install Crystal Studio again, or build them.") from error
    except (KeyError, TypeError, ValueError, SafetensorError) as error:
        raise _damaged(path) from error


def _damaged(path: Path) -> FileError:
    return FileError(f"{path} is damaged or does not match its card: install Crystal Studio again, or build it.")
