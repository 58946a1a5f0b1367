"""What a request for an adaptive-cell model can say beyond its core."""

from __future__ import annotations

from crystal_studio.design.declared import Options, declare

MOST_STEPS = 1000
"""Times of the training, beyond which there is nothing to ask for."""


class AdaptiveCellOptions(Options):
    """``max_orbits`` 0: no limit. ``steps`` 0: the model's own."""

    max_orbits: int = declare(
        0,
        "Orbits, at most",
        "at most N orbits in the asymmetric unit",
        section="what",
        low=0,
        zero="no limit",
        advanced=True,
        metavar="N",
    )
    steps: int = declare(
        0,
        "Denoising steps",
        "denoising steps",
        low=0,
        high=MOST_STEPS,
        zero="the model's own",
        advanced=True,
        metavar="N",
    )
