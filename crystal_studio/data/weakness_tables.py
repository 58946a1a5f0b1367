"""What is measured of potentials and reference phases an element: errors of energies, and volumes.

Both tables are computed by ``funnel/build_weaknesses.py`` from published energies and cells, and lie beside the hulls.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio import paths
from crystal_studio.crystal.elements import SYMBOLS

WIDTH = 119


@dataclass(frozen=True)
class ElementErrors:
    """How far a potential is off, by element (column = atomic number).

    phases : (119,) int64, phases with the element that were compared
    error : (119,) eV/atom, mean absolute error of their formation energies, NaN where there is none
    left : (119,) eV/atom, the same once an error of each element has been taken away from them: what is linear in the
        composition shifts a crystal and all that competes with it alike; this is what an energy above hull keeps
    usual : eV/atom, ``left`` over all phases
    """

    phases: NDArray[np.int64]
    error: NDArray[np.float64]
    left: NDArray[np.float64]
    usual: float

    @staticmethod
    def load(potential: str) -> ElementErrors | None:
        """The table of a potential by its key; None where there is none or it cannot be read."""
        return _errors(errors_path(potential))


@dataclass(frozen=True)
class Volumes:
    """Volumes of the reference phases.

    atomic : (119,) Å³, volume that an atom of the element takes up in them, NaN where they lack it
    low, high : (119,) where nearly all phases with the element lie, over the sum of their atoms' volumes
    """

    atomic: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    @staticmethod
    def load() -> Volumes | None:
        """The shipped table; None where there is none or it cannot be read."""
        return _volumes(volumes_path())


def errors_path(potential: str) -> Path:
    """Where the errors of a potential lie: one file a potential, beside its hull."""
    return paths.resources() / "reference" / f"errors.{potential}.json"


def volumes_path() -> Path:
    """Where the volumes of the reference phases lie."""
    return paths.resources() / "reference" / "volumes.json"


def column(table: dict[str, Any], name: str) -> NDArray[np.float64]:
    """(119,) one figure of a table by element; NaN where it is not there. Raises ``KeyError``, ``TypeError``,
    ``ValueError`` where the table is none."""
    values = np.full(WIDTH, np.nan)
    for symbol, entry in table["elements"].items():
        values[SYMBOLS.index(symbol)] = float(entry[name])
    return values


@lru_cache(maxsize=8)
def _errors(path: Path) -> ElementErrors | None:
    try:
        table = json.loads(path.read_text())
        phases = np.nan_to_num(column(table, "phases")).astype(np.int64)
        error, left = (column(table, name) / 1000 for name in ("error_mev", "left_mev"))
        return ElementErrors(phases, error, left, float(table["left_mev"]) / 1000)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


@lru_cache(maxsize=2)
def _volumes(path: Path) -> Volumes | None:
    try:
        table = json.loads(path.read_text())
        return Volumes(*(column(table, name) for name in ("volume", "low", "high")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
