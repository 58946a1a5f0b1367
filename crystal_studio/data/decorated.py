"""Which elements share which Wyckoff positions: decorated templates of the training set, counted.

A decorated template is a Wyckoff template with its orbits grouped by element,
such as "62:c|c|c d" for olivine-like crystals; which elements they are is told only
by the mean and spread of their Mendeleev numbers (Pettifor, Solid State Commun.
51, 31, 1984), and only of templates of three crystals or more.
Built by ``python -m crystal_studio.data.build_marginals --data FILE``.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from crystal_studio import paths
from crystal_studio.crystal.batches import AsymmetricUnits
from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.crystal.space_groups import tables
from crystal_studio.errors import FileError

FILE = "decorated.npz"
"""Of ``resources/marginals``."""
FEWEST = 3
"""Crystals of a template from which its Mendeleev numbers are kept."""


@dataclass(frozen=True)
class Decorated:
    """One decorated template.

    rows : Wyckoff rows of the orbits of each element; crystals : how often it occurs
    mean, spread : Mendeleev number of each element and its standard deviation, empty if not kept
    """

    rows: tuple[tuple[int, ...], ...]
    crystals: int
    mean: tuple[float, ...] = ()
    spread: tuple[float, ...] = ()

    @property
    def all_rows(self) -> tuple[int, ...]:
        """Rows of all orbits, element after element."""
        return tuple(r for rows in self.rows for r in rows)


@cache
def mendeleev_numbers() -> NDArray[np.float64]:
    """(119,) by atomic number, from 1 (He) to 103 (H) in Pettifor's order; 0 where there is none."""
    from pymatgen.core import Element

    found = np.zeros(len(SYMBOLS))
    for z in range(1, 104):
        found[z] = Element(SYMBOLS[z]).mendeleev_no or 0.0
    return found


def count(units: AsymmetricUnits) -> dict[str, list]:
    """Text of each decorated template -> [crystals, means, spreads], commonest first."""
    letter, number = tables().letter, mendeleev_numbers()
    seen: dict[str, list[tuple[float, ...]]] = defaultdict(list)
    for i in range(len(units)):
        by_element: dict[int, list[str]] = defaultdict(list)
        for z, row in zip(units.numbers[i].tolist(), units.wyckoff[i].tolist(), strict=True):
            if z:
                by_element[z].append(letter[row])
        parts = sorted((" ".join(sorted(letters)), float(number[z])) for z, letters in by_element.items())
        seen[f"{units.space_group[i]}:{'|'.join(p[0] for p in parts)}"].append(tuple(p[1] for p in parts))
    found: dict[str, list] = {}
    for name, rows in sorted(seen.items(), key=lambda item: (-len(item[1]), item[0])):
        values = np.array(rows)
        kept = len(rows) >= FEWEST
        mean = np.round(values.mean(0), 1).tolist() if kept else []
        found[name] = [len(rows), mean, np.round(values.std(0), 1).tolist() if kept else []]
    return found


@cache
def decorated_templates() -> dict[int, tuple[Decorated, ...]]:
    """The shipped decorated templates by space group; raises ``FileError`` if they cannot be read."""
    path = paths.resources() / "marginals" / FILE
    table = tables()
    row = {(int(g), letter): i for i, (g, letter) in enumerate(zip(table.wyckoff_group, table.letter, strict=True))}
    found: dict[int, list[Decorated]] = defaultdict(list)
    try:
        with np.load(path, allow_pickle=False) as file:
            text = json.loads(str(file["text"]))
        for name, (crystals, mean, spread) in text["decorated"].items():
            group, parts = name.split(":")
            rows = tuple(tuple(row[int(group), x] for x in part.split()) for part in parts.split("|"))
            found[int(group)].append(Decorated(rows, int(crystals), tuple(mean), tuple(spread)))
    except (OSError, KeyError, ValueError) as error:
        raise FileError(f"The templates {path} cannot be read: install Crystal Studio again.") from error
    return {group: tuple(items) for group, items in found.items()}
