"""What generators of asymmetric units have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np
import torch

from crystal_studio.candidates.batch import Candidates
from crystal_studio.crystal.batches import AsymmetricUnits
from crystal_studio.design.request import DesignRequest
from crystal_studio.generators.protocol import CancelToken, chunk_seed


class UnitGenerator(ABC):
    """A generator whose candidates are asymmetric units; see ``generators/protocol.py``."""

    device: str
    chunk_size: int

    def sample(
        self,
        request: DesignRequest,
        chunk: int,
        cancel: CancelToken | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Candidates:
        """The candidates of one chunk; see the protocol."""
        units = self.sample_units(request, chunk, cancel, progress)
        return Candidates.of_units(units, units.space_group if request.space_groups else None)

    @abstractmethod
    def sample_units(
        self,
        request: DesignRequest,
        chunk: int,
        cancel: CancelToken | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> AsymmetricUnits:
        """The asymmetric units of one chunk."""

    def begin(self, request: DesignRequest, chunk: int) -> tuple[int, np.random.Generator, torch.Generator]:
        """How many candidates a chunk has, and its sources of chance, on the processor and on the device."""
        count = min(self.chunk_size, request.count - chunk * self.chunk_size)
        if count <= 0:
            raise ValueError(f"chunk {chunk} lies beyond the request")
        seed = chunk_seed(request.seed, chunk)
        generator = torch.Generator(self.device).manual_seed(int(seed[0]) << 31 | int(seed[1]) >> 1)
        return count, np.random.default_rng(seed), generator
