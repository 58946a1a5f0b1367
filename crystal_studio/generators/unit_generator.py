"""What generators of asymmetric units have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np
import torch

from crystal_studio.candidates.batch import Candidates
from crystal_studio.crystal.batches import AsymmetricUnits
from crystal_studio.design.request import DesignRequest
from crystal_studio.generators.chunks import begin
from crystal_studio.generators.protocol import CancelToken


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
        return begin(request, chunk, self.chunk_size, self.device)
