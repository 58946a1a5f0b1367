"""How many candidates a chunk of a request has, and where its chance comes from."""

from __future__ import annotations

import numpy as np
import torch

from crystal_studio.design.request import DesignRequest
from crystal_studio.generators.protocol import chunk_seed


def begin(
    request: DesignRequest, chunk: int, chunk_size: int, device: str
) -> tuple[int, np.random.Generator, torch.Generator]:
    """How many candidates a chunk has, and its sources of chance, on the processor and on the device."""
    count = min(chunk_size, request.count - chunk * chunk_size)
    if count <= 0:
        raise ValueError(f"chunk {chunk} lies beyond the request")
    seed = chunk_seed(request.seed, chunk)
    generator = torch.Generator(device).manual_seed(int(seed[0]) << 31 | int(seed[1]) >> 1)
    return count, np.random.default_rng(seed), generator
