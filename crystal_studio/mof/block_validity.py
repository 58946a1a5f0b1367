"""Which blocks no valid framework can hold: what fails the checks of validity whatever it is bonded to."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crystal_studio import paths
from crystal_studio.candidates.bonds import Bonds
from crystal_studio.crystal.batches import Structures
from crystal_studio.errors import FileError
from crystal_studio.mof.blocks import LINKER, NODE, BlockLibrary
from crystal_studio.mof.ends import bond_ends
from crystal_studio.mof.library import library_hash, shipped_blocks
from crystal_studio.mof.validity import check

_ASKED = {
    NODE: ("overlap", "hydrogen_over", "rare_earth_under", "alkali_under", "terminal_oxo", "exposed_metal"),
    LINKER: ("overlap", "hydrogen_over", "carbon_over", "carbon_under", "nitrogen_over", "nitrogen_under"),
}
"""Checks that a block of either kind decides by itself."""
_OTHER = {NODE: 16, LINKER: 30}
"""Sulphur and zinc stand at the other ends of cut bonds."""
_SAME = 0.5
"""Angstrom within which the other ends of two bonds are one atom."""
_AWAY = 20.0


def shipped_sound() -> NDArray[np.bool_]:
    """(L,) which blocks of the library that ships fail no check; raises ``FileError`` where that is missing."""
    return _read(sound_path())


@cache
def _read(path: Path) -> NDArray[np.bool_]:
    try:
        with np.load(path) as file:
            sound, library = file["sound"].astype(bool), str(file["library"])
    except (OSError, KeyError, ValueError) as error:
        raise FileError(f"The table of sound blocks {path} is missing or damaged: install it again.") from error
    if library != library_hash(shipped_blocks()):
        raise FileError(f"{path} belongs to another library: build it (python -m crystal_studio.mof.build_tables).")
    sound.flags.writeable = False
    return sound


def sound_path() -> Path:
    """Where the table of sound blocks lies."""
    return paths.resources() / "mof" / "sound.npz"


def faults(library: BlockLibrary) -> list[tuple[str, ...]]:
    """The checks that each block fails whatever is at the other ends of its cut bonds."""
    ends, found = bond_ends(library), []
    for k in range(len(library)):
        atoms, points = library.atoms(k), library.point_rows(k)
        kind = int(library.kind[k])
        others, partner = _merged(ends[points][:, 1 if kind == NODE else 0])
        own = library.n_atoms[k]
        places = np.concatenate([library.positions[atoms], others])
        numbers = np.concatenate([library.numbers[atoms], np.full(len(others), _OTHER[kind])])
        size = np.ptp(places, axis=0).max() + _AWAY
        pairs = np.unique(np.stack([library.point_atom[points], own + partner], 1), axis=0)
        bonds = np.concatenate([library.bonds[library.bond_rows(k)], pairs]).astype(np.int32)
        table = (bonds, np.zeros((len(bonds), 3), np.int16), np.zeros(len(bonds), np.float32))
        whole = Structures.from_lists([size * np.eye(3)], [numbers], [places / size])
        failed = {name for name in check(whole, Bonds.of_tables([table])).failures(0) if name != "overlap"}
        alone = Structures.from_lists([size * np.eye(3)], [numbers[:own]], [places[:own] / size])
        if "overlap" in check(alone, Bonds.of_tables([_none()])).failures(0):
            failed.add("overlap")
        found.append(tuple(name for name in _ASKED[kind] if name in failed))
    return found


def _none() -> tuple[NDArray, NDArray, NDArray]:
    return np.zeros((0, 2), np.int32), np.zeros((0, 3), np.int16), np.zeros(0, np.float32)


def _merged(places: NDArray) -> tuple[NDArray, NDArray[np.int64]]:
    """Places (Q, 3) that differ, and which of them each (P,) is."""
    kept: list[NDArray] = []
    which = np.zeros(len(places), np.int64)
    for row, place in enumerate(places):
        near = [k for k, other in enumerate(kept) if np.linalg.norm(place - other) < _SAME]
        which[row] = near[0] if near else len(kept)
        if not near:
            kept.append(place)
    return np.array(kept).reshape(-1, 3), which
