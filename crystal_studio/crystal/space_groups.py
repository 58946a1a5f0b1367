"""The 230 space groups and their 1,731 Wyckoff positions as arrays.

Standard settings of the International Tables: unique axis b, cell choice 1,
origin choice 2, hexagonal axes. Wyckoff positions are rows ordered by space
group, the general position first. Built by ``build_tables.py``.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from crystal_studio import paths
from crystal_studio.crystal.symmetry_elements import GROUP_WIDTH, SITE_CLASSES
from crystal_studio.errors import FileError, RequestError

N_GROUPS = 230
N_WYCKOFF = 1731
VERSION = 1


@dataclass(frozen=True)
class SpaceGroupTables:
    """Columns by space group (index number - 1), by operation and by Wyckoff position.

    symbol, crystal_system, point_group : 230 strings; symbol is the short Hermann-Mauguin one without spaces
    symbol_spaced : the same with its parts apart ("F d -3 m"), as CIF writes it
    centrosymmetric, polar, chiral : (230,) bool; chiral: no improper operation (Sohncke group)
    n_centring : (230,) lattice points in the conventional cell
    encoding : (230, 397) float32
    operation_start : (231,); rotations (n, 3, 3) int8; translations (n, 3) float64, in [0, 1)
    wyckoff_start : (231,) rows of the Wyckoff positions of each group
    wyckoff_group, multiplicity, degrees_of_freedom : (1731,)
    letter, site_symmetry : 1,731 strings
    site_class : (1731, 15) int8, class of the site symmetry on each axis
    linear, origin : (1731, 3, 3), (1731, 3): the representative is linear @ (x, y, z) + origin
    projector : (1731, 3, 3): mean of the site-symmetry rotations, an orthogonal projection in every
        lattice of the group; the nearest point of the representative subspace is
        projector @ p + origin - projector @ origin
    orbit_start : (1732,), orbit_operation: operations (rows of ``rotations``) that make the orbit
    """

    symbol: tuple[str, ...]
    symbol_spaced: tuple[str, ...]
    crystal_system: tuple[str, ...]
    point_group: tuple[str, ...]
    centrosymmetric: NDArray[np.bool_]
    polar: NDArray[np.bool_]
    chiral: NDArray[np.bool_]
    n_centring: NDArray[np.int64]
    encoding: NDArray[np.float32]
    operation_start: NDArray[np.int64]
    rotations: NDArray[np.int8]
    translations: NDArray[np.float64]
    wyckoff_start: NDArray[np.int64]
    wyckoff_group: NDArray[np.int64]
    multiplicity: NDArray[np.int64]
    degrees_of_freedom: NDArray[np.int64]
    letter: tuple[str, ...]
    site_symmetry: tuple[str, ...]
    site_class: NDArray[np.int8]
    linear: NDArray[np.float64]
    origin: NDArray[np.float64]
    projector: NDArray[np.float64]
    orbit_start: NDArray[np.int64]
    orbit_operation: NDArray[np.int64]

    @cached_property
    def pattern(self) -> NDArray[np.bool_]:
        """(1731, 15, 13): the site symmetries one-hot."""
        return self.site_class[:, :, None] == np.arange(len(SITE_CLASSES))

    def wyckoff_rows(self, number: int) -> NDArray[np.int64]:
        """Rows of the Wyckoff positions of one group."""
        return np.arange(self.wyckoff_start[number - 1], self.wyckoff_start[number])

    def wyckoff_row(self, number: int, letter: str) -> int:
        """The row of one Wyckoff letter of a group; raises ``RequestError`` if it has none such."""
        for row in self.wyckoff_rows(number):
            if self.letter[row] == letter:
                return int(row)
        raise RequestError(f"Space group {number} has no Wyckoff position {letter!r}.", "wyckoff")

    def operations(self, number: int) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
        """All operations of a group in its conventional cell, centring included, identity first."""
        rows = slice(self.operation_start[number - 1], self.operation_start[number])
        return self.rotations[rows], self.translations[rows]

    def orbit(self, row: int) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
        """Operations that carry a point of one Wyckoff position to its images, identity first."""
        rows = self.orbit_operation[self.orbit_start[row] : self.orbit_start[row + 1]]
        return self.rotations[rows], self.translations[rows]


@cache
def tables() -> SpaceGroupTables:
    """The shipped tables; raises ``FileError`` if they are missing or of another version."""
    path = paths.resources() / "symmetry" / "space_groups.npz"
    try:
        with np.load(path, allow_pickle=False) as file:
            raw = {name: file[name] for name in file.files}
        if int(raw["version"]) != VERSION:
            raise FileError(f"{path} is of version {raw['version']}, not {VERSION}: install Crystal Studio again.")
    except (OSError, KeyError, ValueError) as error:
        raise FileError(f"The symmetry tables {path} cannot be read: install Crystal Studio again.") from error
    text = json.loads(str(raw["text"]))
    start = np.concatenate([[0], np.cumsum(raw["n_ops"])]).astype(np.int64)
    group = raw["w_group"].astype(np.int64)
    multiplicity = raw["w_multiplicity"].astype(np.int64)
    orbit_start = np.concatenate([[0], np.cumsum(multiplicity)])
    offset = np.repeat(start[group - 1], multiplicity)
    return SpaceGroupTables(
        symbol=tuple(s.replace(" ", "") for s in text["symbol"]),
        symbol_spaced=tuple(text["symbol"]),
        crystal_system=tuple(text["system"]),
        point_group=tuple(text["point_group"]),
        centrosymmetric=raw["inversion"],
        polar=raw["polar"],
        chiral=raw["chiral"],
        n_centring=raw["n_centring"].astype(np.int64),
        encoding=np.unpackbits(raw["encoding"], axis=1)[:, :GROUP_WIDTH].astype(np.float32),
        operation_start=start,
        rotations=raw["rot"],
        translations=raw["trans"] / 24.0,
        wyckoff_start=np.searchsorted(group, np.arange(1, N_GROUPS + 2)),
        wyckoff_group=group,
        multiplicity=multiplicity,
        degrees_of_freedom=raw["w_dof"].astype(np.int64),
        letter=tuple(text["letter"]),
        site_symmetry=tuple(text["site_symmetry"]),
        site_class=raw["w_class"],
        linear=raw["w_rot"].astype(np.float64),
        origin=raw["w_trans"] / 24.0,
        projector=raw["w_projector"] / 24.0,
        orbit_start=orbit_start,
        orbit_operation=offset + raw["w_orbit"],
    )


def _plain(symbol: str) -> str:
    return re.sub(r"[\s_{}$\\]|overline", "", symbol).lower()


@cache
def _numbers_by_symbol() -> dict[str, int]:
    found: dict[str, int] = {}
    for number, symbol in enumerate(tables().symbol, 1):
        found.setdefault(_plain(symbol), number)
        # A monoclinic symbol may be written in full: P 1 21/c 1.
        if 3 <= number <= 15:
            found.setdefault(_plain(f"{symbol[0]}1{symbol[1:]}1"), number)
    return found


def parse_space_group(text: str) -> int:
    """Number of a space group written as "225", "Fm-3m" or "P6_3/mmc"; raises ``RequestError``."""
    text = str(text).strip()
    if re.fullmatch(r"[+-]?\d+", text):
        number = int(text)
        if not 1 <= number <= N_GROUPS:
            raise RequestError(f"There is no space group {number}: numbers go from 1 to 230.", "space_groups")
        return number
    try:
        return _numbers_by_symbol()[_plain(text)]
    except KeyError:
        raise RequestError(
            f"{text!r} is not a space group: give a number from 1 to 230 or a symbol such as Fm-3m.", "space_groups"
        ) from None
