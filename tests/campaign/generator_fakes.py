"""A generator small enough to kill, pause and count; worker processes import nothing else of the fakes."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from crystal_studio.candidates.batch import Candidates
from crystal_studio.crystal.batches import AsymmetricUnits
from crystal_studio.crystal.space_groups import tables
from crystal_studio.design.request import DesignRequest
from crystal_studio.errors import RequestError
from crystal_studio.generators.protocol import Cancelled, ModelCard, chunk_seed

CARD = ModelCard("rock-salt", "fake", "Rock salt of random size", "MIT", {}, {}, 0, "0" * 64, (11, 17))


class RockSalt:
    """NaCl with a random lattice parameter; ``delay`` seconds a step, ten steps a chunk."""

    card = CARD
    chunk_size = 8

    def __init__(self, device: str = "cpu", delay: float = 0.0) -> None:
        self.device, self._delay = device, delay

    def check(self, request: DesignRequest) -> None:
        if request.chemical_system.elements and set(request.chemical_system.elements) != {"Na", "Cl"}:
            raise RequestError("This model only knows Na and Cl.", "chemsys")

    def sample(self, request: DesignRequest, chunk: int, cancel: Any = None, progress: Any = None) -> Candidates:
        for step in range(10):
            time.sleep(self._delay)
            if cancel is not None and cancel.is_set():
                raise Cancelled
            if progress:
                progress(step + 1, 10)
        n = min(self.chunk_size, request.count - chunk * self.chunk_size)
        edge = np.random.default_rng(chunk_seed(request.seed, chunk)).uniform(4.0, 7.0, n)
        return rock_salts(edge, asked=bool(request.space_groups))


def rock_salts(edges: Sequence[float] | np.ndarray, asked: bool = False) -> Candidates:
    """NaCl with these cell edges."""
    edge = np.asarray(edges, float)
    n = len(edge)
    last = int(tables().wyckoff_start[225])  # 4a is the last row of Fm-3m, 4b the one before
    units = AsymmetricUnits(
        np.full(n, 225, np.int16),
        edge[:, None, None] * np.eye(3),
        np.tile(np.array([11, 17], np.int16), (n, 1)),
        np.tile(np.array([last - 1, last - 2], np.int16), (n, 1)),
        np.tile(np.array([[0.0, 0.0, 0.0], [0.5, 0.5, 0.5]]), (n, 1, 1)),
    )
    return Candidates.of_units(units, units.space_group if asked else None)


@dataclass(frozen=True)
class Load:
    """Loads one; ``delay`` seconds a step."""

    delay: float = 0.0

    def __call__(self, name: str, device: str) -> RockSalt:
        return RockSalt(device, self.delay)


class Broken(RockSalt):
    """Cannot make its second chunk."""

    def sample(self, request: DesignRequest, chunk: int, cancel: Any = None, progress: Any = None) -> Candidates:
        if chunk == 1:
            raise ZeroDivisionError("a bug")
        return super().sample(request, chunk, cancel, progress)


def load_broken(name: str, device: str) -> Broken:
    return Broken(device)


class Deadly(RockSalt):
    """Ends its process at its second chunk, ``deaths`` times."""

    def __init__(self, deaths: int, marks: Path) -> None:
        super().__init__()
        self._deaths, self._marks = deaths, marks

    def sample(self, request: DesignRequest, chunk: int, cancel: Any = None, progress: Any = None) -> Candidates:
        died = len(list(self._marks.iterdir()))
        if chunk == 1 and died < self._deaths:
            (self._marks / str(died)).touch()
            os._exit(9)
        return super().sample(request, chunk, cancel, progress)


@dataclass(frozen=True)
class LoadDeadly:
    """Loads one that keeps count of its deaths in a folder."""

    deaths: int
    marks: Path

    def __call__(self, name: str, device: str) -> Deadly:
        return Deadly(self.deaths, self.marks)
