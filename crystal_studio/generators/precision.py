"""Where 16-bit matrix products pay."""

from __future__ import annotations

import torch


def bf16_pays(kind: str) -> bool:
    """Whether 16-bit matrix products are fast on this kind of device."""
    if kind == "cuda":
        return torch.cuda.is_bf16_supported()
    return kind == "cpu" and bool(getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)())
