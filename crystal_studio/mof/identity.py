"""Which frameworks are the same: digests of their keys by bond graphs, and those of the known frameworks.

A framework that can be cut into blocks is known by ``graph_key``; one that cannot (rods of metal and oxide, several
nets through each other) by the shares of the kinds of atoms in its bond graph, as far as that looks ahead.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from functools import cache
from math import gcd
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crystal_studio import paths
from crystal_studio.candidates.bonds import Bonds
from crystal_studio.crystal.batches import Structures
from crystal_studio.errors import FileError
from crystal_studio.mof.block import Block
from crystal_studio.mof.blocks import NODE
from crystal_studio.mof.bond_graph import parts_of
from crystal_studio.mof.bonds import bonds_of
from crystal_studio.mof.fragment import Refused
from crystal_studio.mof.fragments import fragment
from crystal_studio.mof.key import graph_key
from crystal_studio.mof.library import library_hash, shipped_blocks, shipped_mofs

WIDTH = 4
"""Numbers of a digest, each of 16 bits, so that a float of single precision holds it."""


def identities(structures: Structures, stated: Bonds | None = None) -> NDArray[np.float32]:
    """(B, WIDTH) digests, equal where two frameworks are the same, of sound cells.

    Bonds are those stated, else perceived. Guests do not count, nor do the cell and the places of atoms.
    """
    return np.array([digest(_key(structures, stated, i)) for i in range(len(structures))], np.float32).reshape(
        -1, WIDTH
    )


def digest(key: str) -> NDArray[np.float32]:
    """(WIDTH,) of a key."""
    return np.frombuffer(hashlib.blake2b(key.encode(), digest_size=2 * WIDTH).digest(), "<u2").astype(np.float32)


def same(one: NDArray, others: NDArray) -> NDArray[np.int64]:
    """Rows of digests (n, WIDTH) that are equal to one (WIDTH,); NaN is equal to nothing."""
    return np.flatnonzero((others == one).all(1))


def _key(structures: Structures, stated: Bonds | None, i: int) -> str:
    own = bonds_of(structures, stated, i)
    one = structures.take(np.array([i]))
    try:
        return graph_key(fragment(one, 0, own))
    except Refused:
        return _of_atoms(one.numbers, own.atoms.astype(np.int64), own.image.astype(np.int64))


def _of_atoms(numbers: NDArray, pairs: NDArray, image: NDArray) -> str:
    parts = parts_of(len(numbers), pairs, image)
    whole = parts.dimension.max(initial=0)
    kept = np.flatnonzero(parts.dimension[parts.part] > 0) if whole else np.arange(len(numbers))
    row = np.full(len(numbers), -1)
    row[kept] = np.arange(len(kept))
    bonds = row[pairs[(row[pairs] >= 0).all(1)]]
    empty = np.zeros((0, 3))
    block = Block(
        NODE, numbers[kept], np.zeros((len(kept), 3)), bonds, np.zeros(len(bonds), np.float32), empty, np.zeros(0, int)
    )
    counted = Counter(block.colours.tolist())
    share = gcd(*counted.values())
    nets = sorted(Counter(zip(parts.dimension.tolist(), parts.copies.tolist(), strict=True)).items()) if whole else []
    kinds = [net for net, _ in nets if net[0]]
    return repr((kinds, sorted((colour, n // share) for colour, n in counted.items())))


def known() -> tuple[NDArray[np.float32], NDArray]:
    """Digests (K, WIDTH) and names (K,) of the frameworks that ship with the program.

    Raises ``FileError`` where they are missing or belong to other frameworks.
    """
    return _read(keys_path())


@cache
def _read(path: Path) -> tuple[NDArray[np.float32], NDArray]:
    try:
        with np.load(path) as file:
            found, library = file["digest"].astype(np.float32), str(file["library"])
    except (OSError, KeyError, ValueError) as error:
        raise FileError(f"The keys of known frameworks {path} are missing or damaged: install them again.") from error
    mofs = shipped_mofs()
    if len(found) != len(mofs) or library != library_hash(shipped_blocks()):
        raise FileError(f"{path} belongs to other frameworks: build it (python -m crystal_studio.mof.build_tables).")
    return found, mofs.name


def keys_path() -> Path:
    """Where the digests of the known frameworks lie."""
    return paths.resources() / "mof" / "keys.npz"
