"""What a request for an adaptive-cell model can say beyond its core."""

from __future__ import annotations

from typing import Literal

from crystal_studio.design.declared import Options, declare
from crystal_studio.design.fixed_sites import Kept
from crystal_studio.design.inequivalent import as_text, parse
from crystal_studio.generators.common_options import denoising_steps, most_orbits, wyckoff_template

MOST_STEPS = 1000
"""Times of the training, beyond which there is nothing to ask for."""
MOST_BEST_OF = 20
"""Crystals drawn for a candidate."""
ANCESTRAL = ("noise", "corrections")
"""Options that the ancestral sampler alone has."""


class AdaptiveCellOptions(Options):
    """``cell``: the cell that is known, and sites are found; ``keep``: of a given structure its orbits, all of them,
    and the cell is found, or its cell alone. ``inequivalent``: orbits of each element, "Ca:1 Ti:1 O:2"; ``template``:
    the Wyckoff position of every orbit, with its element or without ("O 4c", "4c"), needs exactly one space group.
    ``best_of``: crystals of which one becomes the candidate. ``max_orbits`` 0: no limit. ``steps`` 0: the sampler's
    own, 50 or as published 700. ``noise``, ``corrections``: of the ancestral sampler alone, see there.
    """

    cell: tuple[float, ...] = declare(
        (),
        "Known cell",
        "the conventional cell, where it is known and the sites are not: a b c in Å and α β γ in degrees, or only what"
        " the crystal system leaves free (a of a cubic, a c of a hexagonal cell)",
        section="sites",
        kind="cell",
        unit="Å and °",
        zero="found together with the sites",
        metavar='"A B C ..."',
    )
    inequivalent: str = declare(
        "",
        "Inequivalent atoms",
        "how many inequivalent atoms (orbits) each element has, like Ca:1 Ti:1 O:2; beside the composition or, with"
        " the composition left open, in its place",
        section="sites",
        zero="as crystals of these elements have",
        metavar="COUNTS",
    )
    template: tuple[str, ...] = wyckoff_template()
    keep: Kept | None = declare(
        None,
        "Structure with known sites",
        "the sites of the structure in a CIF, POSCAR or extended XYZ file are known, and its cell is found; with"
        " --keep-orbits none --keep-lattice its cell is known, and the sites are found",
        section="sites",
        kind="keep",
        metavar="FILE",
    )
    max_orbits: int = most_orbits()
    sampler: Literal["langevin", "published", "ancestral"] = declare(
        "langevin",
        "Sampler",
        "how the model goes from noise to crystals",
        labels={
            "langevin": ("Langevin", "Annealed Langevin processes of sites and cell with large steps: finds most"),
            "published": (
                "Published (adaptive cell)",
                "The same processes as published, 700 small steps: many times slower",
            ),
            "ancestral": ("Ancestral", "One step a level of noise; without noise it follows the probability flow"),
        },
        advanced=True,
    )
    steps: int = denoising_steps(MOST_STEPS)
    best_of: int = declare(
        4,
        "Best of",
        "for each candidate draw N crystals, Wyckoff positions anew, and keep the one that the model is surest of: more"
        " candidates are right, in N times the time",
        low=1,
        high=MOST_BEST_OF,
        advanced=True,
        metavar="N",
    )
    noise: float = declare(
        1.0,
        "Noise",
        "share of the noise that goes in again at each step of the ancestral sampler: 1 draws from what was learnt,"
        " 0 follows the probability flow, in fewer steps and with less variety",
        low=0.0,
        high=1.0,
        step=0.1,
        advanced=True,
        metavar="SHARE",
    )
    corrections: int = declare(
        0,
        "Corrections",
        "Langevin steps of the sites between two steps of the ancestral sampler, one more call of the network each",
        low=0,
        high=20,
        advanced=True,
        metavar="N",
    )

    def __post_init__(self) -> None:
        from crystal_studio.design.known_cell import check_numbers  # with numpy, which no declaration needs

        check_numbers(self.cell)
        object.__setattr__(self, "inequivalent", as_text(parse(self.inequivalent)))
