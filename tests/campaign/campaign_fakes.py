"""A generator and stages small enough to kill, pause and count: the protocols are the real ones."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from crystal_studio.campaign.plan import Plan
from crystal_studio.candidates.batch import Candidates
from crystal_studio.crystal.batches import AsymmetricUnits
from crystal_studio.crystal.space_groups import tables
from crystal_studio.design.request import DesignRequest
from crystal_studio.errors import RequestError
from crystal_studio.funnel.protocol import Batch, Verdicts
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
        last = int(tables().wyckoff_start[225])  # 4a is the last row of Fm-3m, 4b the one before
        units = AsymmetricUnits(
            np.full(n, 225, np.int16),
            edge[:, None, None] * np.eye(3),
            np.tile(np.array([11, 17], np.int16), (n, 1)),
            np.tile(np.array([last - 1, last - 2], np.int16), (n, 1)),
            np.tile(np.array([[0.0, 0.0, 0.0], [0.5, 0.5, 0.5]]), (n, 1, 1)),
        )
        return Candidates.of_units(units, units.space_group if request.space_groups else None)


@dataclass(frozen=True)
class Size:
    """Rejects cells below ``smallest`` Angstrom; marks the edge."""

    smallest: float = 5.0
    name: str = "geometry"
    title: str = "Geometry"
    in_order: bool = False
    costly: bool = False

    def __call__(self, batch: Batch, context: Any) -> Verdicts:
        edge = batch.structures.lattice[:, 0, 0]
        passed = edge >= self.smallest
        reasons = tuple(
            "" if ok else f"The cell edge of {e:.2f} A is too small" for ok, e in zip(passed, edge, strict=True)
        )
        return Verdicts(passed, reasons, {"edge": edge})


@dataclass(frozen=True)
class Ordered:
    """Notes the order in which ids come; rejects every id divisible by 7."""

    name: str = "uniqueness"
    title: str = "Uniqueness"
    in_order: bool = True
    costly: bool = False

    def __call__(self, batch: Batch, context: Any) -> Verdicts:
        assert list(batch.ids) == sorted(batch.ids)
        context.seen.extend(batch.ids.tolist())
        passed = batch.ids % 7 != 0
        return Verdicts(passed, tuple("" if ok else "Seen before" for ok in passed))


@dataclass(frozen=True)
class Slow:
    """A costly stage that gives an energy; ids in ``deadly`` kill their worker, those in ``failing`` raise."""

    seconds: float = 0.0
    deadly: tuple[int, ...] = ()
    failing: tuple[int, ...] = ()
    name: str = "relaxation"
    title: str = "Relaxation"
    in_order: bool = False
    costly: bool = True

    def __call__(self, batch: Batch, context: Any) -> Verdicts:
        assert context == "worker"
        time.sleep(self.seconds)
        if set(batch.ids.tolist()) & set(self.deadly):
            os._exit(9)
        if set(batch.ids.tolist()) & set(self.failing):
            raise ArithmeticError("no forces")
        n = len(batch.ids)
        return Verdicts(
            np.ones(n, bool), ("",) * n, {"energy_per_atom": -batch.values["edge"]}, relaxed=batch.structures
        )


@dataclass(frozen=True)
class Stable:
    """Comes after the costly stage and reads its value."""

    name: str = "stability"
    title: str = "Stability"
    in_order: bool = False
    costly: bool = False

    def __call__(self, batch: Batch, context: Any) -> Verdicts:
        energy = batch.values["energy_per_atom"]
        return Verdicts(np.ones(len(energy), bool), ("",) * len(energy), {"e_hull": energy + 10})


class Context:
    def __init__(self) -> None:
        self.seen: list[int] = []


def _context(project: Path, request: DesignRequest) -> Context:
    return Context()


def _worker_context(request: DesignRequest) -> str:
    return "worker"


def _load(name: str, device: str, delay: float) -> RockSalt:
    return RockSalt(device, delay)


def load_rock_salt(name: str, device: str) -> RockSalt:
    return RockSalt(device)


def _model(name: str) -> str:
    return name or CARD.name


def plan(*stages: Any, delay: float = 0.0) -> Plan:
    """The fakes as a plan that survives pickling."""
    return Plan(_model, partial(_load, delay=delay), stages, _context, _worker_context)


FUNNEL = (Size(), Ordered(), Slow(), Stable())
