"""What a request for an adaptive-cell model can say beyond its core."""

from __future__ import annotations

from crystal_studio.design.declared import Options
from crystal_studio.generators.common_options import denoising_steps, most_orbits

MOST_STEPS = 1000
"""Times of the training, beyond which there is nothing to ask for."""


class AdaptiveCellOptions(Options):
    """``max_orbits`` 0: no limit. ``steps`` 0: the model's own."""

    max_orbits: int = most_orbits()
    steps: int = denoising_steps(MOST_STEPS)
