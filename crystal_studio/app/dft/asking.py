"""What the DFT dialog asks, without Qt: its numbers, what their results compare with, what is remembered."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crystal_studio.campaign.dft_request import LOCAL, DftRequest
from crystal_studio.dft.protocol import RANGES, RELAX, SINGLE_POINT, Settings
from crystal_studio.dft.registry import CODES
from crystal_studio.errors import KnownError

USUAL = Settings()
HULL_CODE = "vasp"
"""The code of the Materials Project, whose energies can be on its scale."""

MANY_HERE, MANY = 12, 100
"""Atoms of a primitive cell beyond which DFT takes long on one core, and on any machine."""


@dataclass(frozen=True)
class Number:
    """A number of the settings: ``name`` of the field, ``step`` of its arrows."""

    name: str
    title: str
    unit: str
    step: float
    tip: str

    @property
    def range(self) -> tuple[float, float]:
        """Smallest and largest value."""
        return next((low, high) for name, low, high, _ in RANGES if name == self.name)


NUMBERS = (
    Number("cutoff", "Cutoff", "eV", 20, "Energy up to which plane waves are used; the Materials Project takes 520 eV"),
    Number(
        "kpoint_spacing",
        "k-point spacing",
        "1/Å",
        0.01,
        "Largest distance of k-points in reciprocal space, 2π included",
    ),
    Number("smearing", "Smearing", "eV", 0.01, "Width of the occupations at the Fermi level"),
    Number("fmax", "Forces below", "eV/Å", 0.01, "The relaxation ends when no force is larger"),
    Number("max_steps", "Steps at most", "", 10, "Of the relaxation"),
)
TASKS = (
    (RELAX, "Relax", "Atoms and cell move to the nearest minimum, which becomes the current geometry"),
    (SINGLE_POINT, "Single point", "The energy of the geometry as it is"),
)


def recalled(text: str) -> dict[str, Any]:
    """The settings remembered, as far as they can be used; else the usual ones."""
    try:
        return Settings.of_json(json.loads(text)).as_json()
    except (ValueError, TypeError, KnownError):
        return USUAL.as_json()


def runs_here(code: str) -> bool:
    """Whether this machine can run a code."""
    from crystal_studio.dft.script_code import RunsHere

    return isinstance(CODES.get(code), RunsHere)


def program(code: str) -> str:
    """Where the program of a code that runs here was found; raises ``KnownError`` that says how to get it."""
    from crystal_studio.dft.script_code import RunsHere

    found = CODES.get(code)
    assert isinstance(found, RunsHere)
    return found.program()[0]


def comparison(code: str, settings: Settings) -> str:
    """What the energies compare with, and that no energy above the hull follows from them."""
    title = CODES.get(code).title
    hull = "The reference hulls are those of potentials: no energy above the hull follows."
    if code != HULL_CODE:
        return (
            f"{title} has an energy scale of its own. Its results compare with each other where all settings are the "
            f"same; they give formation energies once the elements are relaxed likewise. {hull}"
        )
    if settings.spin and settings.cutoff >= USUAL.cutoff:
        return f"Run as they are, these inputs are on the Materials Project's scale, before its corrections. {hull}"
    return (
        f"Results compare with each other where all settings are the same. With free spins and {USUAL.cutoff:g} eV or "
        f"more they would be on the Materials Project's scale. {hull}"
    )


def large(atoms: int, here: bool) -> str:
    """What to know of a large cell before it is computed; empty for a small one."""
    if here and atoms > MANY_HERE:
        return (
            f"{atoms} atoms are many for one core: the time grows with their third power, and a relaxation may take "
            "days. A bundle for a cluster is quicker."
        )
    if atoms > MANY:
        return f"{atoms} atoms are many for DFT: ask for enough time and memory on the cluster."
    return ""


def suggested(parent: Path, name: str) -> Path:
    """A place for a bundle that is not taken, neither as a folder nor as a .zip."""
    for k in range(1, 10_000):
        place = parent / (name if k == 1 else f"{name}-{k}")
        if not place.exists() and not place.with_name(f"{place.name}.zip").exists():
            return place
    return parent / name


def in_words(request: DftRequest) -> str:
    """Like "GPAW, relax, PBE, 520 eV, k-points 0.25/Å, spin"."""
    asked = request.settings
    title = CODES.get(request.code).title if request.code in CODES else request.code
    task = next(text for key, text, _ in TASKS if key == asked.task).lower()
    spin = "spin" if asked.spin else "no spin"
    told = f"{title}, {task}, {asked.functional}, {asked.cutoff:g} eV, k-points {asked.kpoint_spacing:g}/Å, {spin}"
    return told if request.submit == LOCAL else f"{told}, as a bundle"
