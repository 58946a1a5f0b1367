"""Options that several families declare, asked for in the same words."""

from __future__ import annotations

from typing import Any

from crystal_studio.design.declared import declare


def most_orbits() -> Any:
    """The most orbits of an asymmetric unit; 0: no limit."""
    return declare(
        0,
        "Orbits, at most",
        "at most N orbits in the asymmetric unit",
        section="what",
        low=0,
        zero="no limit",
        advanced=True,
        metavar="N",
    )


def known_crystals() -> Any:
    """Whether a crystal that the shipped index knows is drawn again: ``is_known`` of ``generators/checks.py``."""
    return declare(
        "allowed",
        "Known crystals",
        "allowed: they may come up; avoided: what is among the known crystals that ship (Materials Project, 2018-2021)"
        " is drawn again",
        section="what",
        labels={
            "allowed": ("May come up", "About one candidate in six, more of them at the hull"),
            "avoided": ("Drawn again", "More of what is relaxed is new; making candidates takes a fifth longer"),
        },
    )


def strength() -> Any:
    """The strength w of the targets: 1 is conditional sampling, above classifier-free guidance."""
    return declare(
        2.0,
        "Strength",
        "how strongly targets pull: 1 as the model learnt them, more hits the range more often at the cost of variety"
        " and validity, 0 not at all",
        section="targets",
        low=0.0,
        high=20.0,
        step=0.5,
        metavar="W",
    )


def denoising_steps(most: int) -> Any:
    """The steps from noise to crystals, at most as many as the training has; 0: the model's own."""
    return declare(
        0,
        "Denoising steps",
        "denoising steps",
        low=0,
        high=most,
        zero="the model's own",
        advanced=True,
        metavar="N",
    )


def wyckoff_template() -> Any:
    """The Wyckoff position of every orbit, with its element or without."""
    return declare(
        (),
        "Wyckoff template",
        "the Wyckoff position of every orbit, like 4a,4b,8c; a count repeats one: 2x8c; an element may stand before its"
        " positions: Ca 4c, Ti 4a, O 4c 8d",
        section="sites",
        kind="template",
        metavar="POSITIONS",
    )
