"""Learning rates that fall along half a cosine; ``done`` is the part of the training that is behind, 0 to 1."""

from __future__ import annotations

import math

import torch


def cosine(done: float) -> float:
    """From 1 at the start to 0 at the end."""
    return 0.5 * (1 + math.cos(math.pi * min(1.0, max(0.0, done))))


def warmed_by_steps(done: float, step: int, warm_up_steps: int, final: float) -> float:
    """Share of the full rate: rises over the first steps, falls to ``final``."""
    return min(1.0, (step + 1) / warm_up_steps) * (final + (1 - final) * cosine(done))


def warmed_by_share(done: float, warm_up: float, least: float) -> float:
    """Share of the full rate: rises over the first ``warm_up`` of the training, never below ``least``."""
    return max(least, min(done / warm_up, cosine((done - warm_up) / (1 - warm_up))))


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """``rate`` for all parameters."""
    for group in optimiser.param_groups:
        group["lr"] = rate
