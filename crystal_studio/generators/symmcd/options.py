"""What a request for a SymmCD model can say beyond its core."""

from __future__ import annotations

from typing import Literal

from crystal_studio.design.declared import Options, declare
from crystal_studio.design.fixed_sites import Kept
from crystal_studio.generators.common_options import (
    denoising_steps,
    known_crystals,
    most_orbits,
    strength,
    wyckoff_template,
)

MOST_STEPS = 1000
"""Denoising steps of the training, beyond which there is nothing to ask for."""


class SymmCDOptions(Options):
    """``max_orbits`` 0: no limit. ``guidance``: the strength w of the targets (1: conditional sampling, above:
    classifier-free guidance). ``template``: the Wyckoff position of every orbit ("4a", "O 4a"); ``keep``: what stays
    of a given crystal; both need exactly one space group. ``known_crystals`` "avoided": they are drawn again.
    ``sampler`` "published" is SymmCD's own: 1000 steps with a corrector. ``steps`` 0: the model's own.
    """

    max_orbits: int = most_orbits()
    known_crystals: Literal["allowed", "avoided"] = known_crystals()
    guidance: float = strength()
    template: tuple[str, ...] = wyckoff_template()
    keep: Kept | None = declare(
        None,
        "Structure to keep and complete",
        "keep orbits of the structure in a CIF, POSCAR or extended XYZ file and complete it; its space group is taken"
        " too",
        section="sites",
        kind="keep",
        metavar="FILE",
    )
    sampler: Literal["fast", "published"] = declare(
        "fast",
        "Sampler",
        "how the model goes from noise to crystals",
        labels={
            "fast": ("Fast", "Few large steps, one network call each"),
            "published": (
                "Published (SymmCD)",
                "SymmCD's own 1,000 steps with a corrector, two network calls each: many times slower",
            ),
        },
        advanced=True,
    )
    steps: int = denoising_steps(MOST_STEPS)
