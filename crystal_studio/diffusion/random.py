"""Random numbers of tensors, in an order that is part of what a seed means."""

from __future__ import annotations

import torch
from torch import Tensor


def normal(like: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Normal numbers of the shape and on the device of ``like``."""
    return torch.randn(like.shape, generator=generator, device=like.device)


def per_crystal(values: Tensor, like: Tensor) -> Tensor:
    """One number a crystal (B,), shaped to meet a tensor (B, ...)."""
    return values.view(-1, *[1] * (like.dim() - 1))
