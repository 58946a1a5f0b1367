"""What is asked of a DFT code, what it found, and what every code offers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import Structures
from crystal_studio.errors import RequestError

RELAX, SINGLE_POINT = "relax", "single_point"
TASKS = (RELAX, SINGLE_POINT)
FUNCTIONALS = ("PBE",)


@dataclass(frozen=True)
class Settings:
    """What is asked of a DFT code; the defaults are those of the Materials Project's PBE calculations.

    task : "relax" (atoms and cell) or "single_point"
    functional : one of ``FUNCTIONALS``
    cutoff : eV, of the plane waves
    kpoint_spacing : 1/Angstrom with the factor 2 pi, step of the grid; 0.25 is the Materials Project's density of 64
        points a cubic reciprocal Angstrom
    smearing : eV, width of the occupations
    spin : whether the spins are free, starting ferromagnetic
    fmax : eV/Angstrom, largest force of a relaxed crystal
    max_steps : of a relaxation

    Raises ``RequestError`` with the field that cannot be used.
    """

    task: str = RELAX
    functional: str = "PBE"
    cutoff: float = 520.0
    kpoint_spacing: float = 0.25
    smearing: float = 0.05
    spin: bool = True
    fmax: float = 0.05
    max_steps: int = 100

    def __post_init__(self) -> None:
        for name, known in (("task", TASKS), ("functional", FUNCTIONALS)):
            if getattr(self, name) not in known:
                raise RequestError(
                    f"DFT knows no {name} {getattr(self, name)!r}: choose one of {', '.join(known)}.", name
                )
        for name, low, high, unit in RANGES:
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                raise RequestError(f"The {name} of DFT has to be a number, not {value!r}.", name)
            if not low <= value <= high:
                raise RequestError(
                    f"The {name} of DFT cannot be {value:g}{unit}: choose {low:g} to {high:g}{unit}.", name
                )
        if not isinstance(self.max_steps, int):
            raise RequestError(f"The max_steps of DFT have to be a whole number, not {self.max_steps!r}.", "max_steps")
        if not isinstance(self.spin, bool):
            raise RequestError(f"The spin of DFT is true or false, not {self.spin!r}.", "spin")

    def as_json(self) -> dict[str, Any]:
        """Every field by name."""
        return asdict(self)

    @staticmethod
    def of_json(document: Mapping[str, Any]) -> Settings:
        """The settings of a document; fields that are not there keep their defaults."""
        unknown = sorted(set(document) - {f.name for f in fields(Settings)})
        if unknown:
            raise RequestError(f"DFT has no setting {unknown[0]!r}: correct its name or leave it out.", unknown[0])
        return Settings(**document)


RANGES = (
    ("cutoff", 50, 5000, " eV"),
    ("kpoint_spacing", 0.02, 2, " 1/Å"),
    ("smearing", 0.001, 2, " eV"),
    ("fmax", 1e-5, 1, " eV/Å"),
    ("max_steps", 1, 10_000, ""),
)


@dataclass(frozen=True)
class Result:
    """What a code found for one crystal.

    energy : eV of the cell of ``structure``, as the code gives it, without corrections
    structure : one crystal (B = 1), where the code left its atoms
    converged : whether the electrons are, and in a relaxation the forces
    functional : as the code says it, such as "PBE" or "PBE+U"
    code : name and version
    settings : what was computed with, JSON
    warnings : sentences on what limits the result
    max_force : eV/Angstrom, NaN where it is not known
    stress : (3, 3) eV/Angstrom^3, positive where the cell would rather be smaller; None where it is not known
    comparable_with_hull : whether the energy is on the scale of the Materials Project's uncorrected PBE and PBE+U
        energies, so that ``potentials.mp2020.corrections`` put it beside the hull
    """

    energy: float
    structure: Structures
    converged: bool
    functional: str
    code: str
    settings: Mapping[str, Any]
    warnings: tuple[str, ...] = ()
    max_force: float = math.nan
    stress: NDArray[np.float64] | None = field(default=None, compare=False)
    comparable_with_hull: bool = False


class Code(Protocol):
    """A DFT code by its name in the registry.

    title : for people
    needs : a sentence on what the user must have
    command : shell line that runs it within a folder that ``write`` made; $RUN stands before a parallel program, such
        as srun, and may be empty
    """

    name: str
    title: str
    needs: str
    command: str

    def write(self, folder: Path, structure: Structures, settings: Settings, title: str) -> None:
        """Every input of one crystal (B = 1) into a folder that is there; ``title`` is one line.

        Raises ``KnownError`` where the code cannot compute that crystal.
        """

    def read(self, folder: Path) -> Result:
        """What the code left in the folder; raises ``KnownError`` that says what is missing or wrong."""


@runtime_checkable
class Shares(Protocol):
    """A code whose bundles hold more than the inputs of each candidate."""

    def share(self, folder: Path, symbols: Sequence[str]) -> str:
        """Files for all candidates, of these elements, into the bundle's folder; gives a paragraph on them for its
        README."""
