"""Building blocks and coarse-grained frameworks on disk: numbers in a safetensors file, words in a JSON card."""

from __future__ import annotations

import hashlib
import json
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
_BLOCK_COLUMNS: dict[str, type] = {
    **dict.fromkeys(("atom_offsets", "bond_offsets", "point_offsets", "count"), np.int64),
    **{"numbers": np.int16, "bonds": np.int32, "point_atom": np.int32, "kind": np.int8, "identity": np.uint64},
    **{"order": np.float32, "positions": np.float64, "points": np.float64, "diameter": np.float64},
}
_MOF_COLUMNS: dict[str, type] = {
    **{"offsets": np.int64, "connection_offsets": np.int64, "block": np.int32, "ends": np.int32, "image": np.int16},
    **{"lattice": np.float64, "positions": np.float64, "deviation": np.float32, "dimension": np.int8},
}


@cache
def shipped_blocks() -> BlockLibrary:
    """The library that ships with the program; raises ``FileError`` if it is missing or damaged."""
    return read_blocks(paths.resources() / "mof" / "blocks.safetensors")[0]


@cache
def shipped_mofs() -> CoarseMofs:
    """Known frameworks made of the shipped blocks; raises ``FileError`` if they are missing or damaged."""
    return read_mofs(paths.resources() / "mof" / "mofs.safetensors", shipped_blocks())[0]


def write_blocks(path: Path, blocks: BlockLibrary, provenance: dict[str, Any]) -> None:
    """Write the library and its card, which holds ``provenance``; coordinates are rounded to 0.001 A."""
    if len(blocks.positions) and max(np.abs(blocks.positions).max(), np.abs(blocks.points).max()) > FARTHEST:
        raise ValueError(f"an atom or a connection point is farther than {FARTHEST} A from the origin of its block")
    numbers = {name: getattr(blocks, name) for name in _BLOCK_COLUMNS}
    for name in ("positions", "points"):
        numbers[name] = np.rint(numbers[name] * 1000).astype(np.int16)
    numbers["order"] = np.rint(numbers["order"] * 2).astype(np.int8)
    numbers["diameter"] = numbers["diameter"].astype(np.float32)
    words = {name: getattr(blocks, name).tolist() for name in _WORDS}
    _write(path, numbers, words, provenance | {"blocks": len(blocks), "library": library_hash(blocks)})


def read_blocks(path: Path) -> tuple[BlockLibrary, dict[str, Any]]:
    """The library of one file, and its card; raises ``FileError`` if missing, damaged or of another version."""
    numbers, words, card = _read(path)
    try:
        columns: dict[str, Any] = {name: numbers[name].astype(kind) for name, kind in _BLOCK_COLUMNS.items()}
        columns["order"] /= 2
        for name in ("positions", "points"):
            columns[name] /= 1000
        blocks = BlockLibrary(**columns, **{name: np.array(words[name], object) for name in _WORDS})
    except (KeyError, TypeError) as error:
        raise _damaged(path) from error
    if fault := library_fault(blocks):
        raise FileError(f"The building blocks {path} are unsound ({fault}): install them again.")
    return blocks, card


def write_mofs(path: Path, mofs: CoarseMofs, blocks: BlockLibrary, provenance: dict[str, Any]) -> None:
    """Write frameworks of the blocks of a library, which the card names by a hash; turns are kept as quaternions."""
    from scipy.spatial.transform import Rotation

    numbers = {name: getattr(mofs, name) for name in _MOF_COLUMNS}
    turns = Rotation.from_matrix(mofs.rotation).as_quat() if len(mofs.rotation) else np.zeros((0, 4))
    numbers["turns"] = np.rint(turns * 32767).astype(np.int16)
    for name in ("lattice", "positions"):
        numbers[name] = numbers[name].astype(np.float32)
    numbers["deviation"] = numbers["deviation"].astype(np.float16)
    card = provenance | {"mofs": len(mofs), "library": library_hash(blocks)}
    _write(path, numbers, {"name": mofs.name.tolist()}, card)


def read_mofs(path: Path, blocks: BlockLibrary | None = None) -> tuple[CoarseMofs, dict[str, Any]]:
    """The frameworks of one file, and its card; raises ``FileError`` as ``read_blocks`` does.

    Also where ``blocks`` is given and is another library than the one that they were written for.
    """
    from scipy.spatial.transform import Rotation

    numbers, words, card = _read(path)
    try:
        columns: dict[str, Any] = {name: numbers[name].astype(kind) for name, kind in _MOF_COLUMNS.items()}
        turns = numbers["turns"] / 32767.0
        rotation = Rotation.from_quat(turns).as_matrix() if len(turns) else np.zeros((0, 3, 3))
        mofs = CoarseMofs(**columns, rotation=rotation, name=np.array(words["name"], object))
        if blocks is not None and card["library"] != library_hash(blocks):
            raise FileError(f"{path} belongs to another library of building blocks: build both again.")
    except (KeyError, TypeError, ValueError) as error:
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


def _narrow(array: NDArray) -> NDArray:
    """The same whole numbers in the fewest bytes."""
    if array.dtype.kind not in "iu" or not array.size:
        return array
    return array.astype(np.result_type(np.min_scalar_type(array.min()), np.min_scalar_type(array.max())))


def _card_path(path: Path) -> Path:
    return path.with_suffix(".card.json")


def _write(path: Path, numbers: dict[str, NDArray], words: dict[str, list[str]], card: dict[str, Any]) -> None:
    from safetensors.numpy import save_file

    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: np.ascontiguousarray(_narrow(array)) for name, array in numbers.items()}, path)
    path.chmod(0o644)  # safetensors leaves it readable by its owner alone
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    told = json.dumps(card | {"format": FORMAT, "sha256": digest}, indent=1, ensure_ascii=False)
    lists = json.dumps(words, separators=(",", ":"), ensure_ascii=False)
    _card_path(path).write_text(f'{told[:-2]},\n "words": {lists}\n}}\n', encoding="utf-8")


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
