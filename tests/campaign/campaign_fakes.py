"""A generator and stages small enough to kill, pause and count: the protocols are the real ones."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from crystal_studio.campaign.parts import RunParts
from crystal_studio.campaign.unfinished import Unfinished
from crystal_studio.candidates.batch import Candidates
from crystal_studio.candidates.quantities import Method
from crystal_studio.candidates.verdicts import Finding, Geometry, Reason, ReasonKind, Verdicts, marking, rejecting
from crystal_studio.crystal.batches import AsymmetricUnits
from crystal_studio.crystal.space_groups import tables
from crystal_studio.design.request import DesignRequest
from crystal_studio.errors import ModelError, RequestError
from crystal_studio.funnel.protocol import Batch
from crystal_studio.generators.protocol import Cancelled, ModelCard, chunk_seed
from crystal_studio.project.queries import ProjectReader

CARD = ModelCard("rock-salt", "fake", "Rock salt of random size", "MIT", {}, {}, 0, "0" * 64, (11, 17))
RULER = Method("ruler", "geometry")
SPRING = Method("spring", "potential")


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
class Size:
    """Rejects cells below ``smallest`` Angstrom; finds the edge. Raises on the ids in ``failing``."""

    smallest: float = 5.0
    failing: tuple[int, ...] = ()
    name: str = "geometry"
    title: str = "Geometry"
    in_order: bool = False
    costly: bool = False
    remembers: bool = False
    requires: tuple[str, ...] = ()
    gives: tuple[str, ...] = ("min_distance",)
    reasons: tuple[ReasonKind, ...] = (ReasonKind("too_small", "Cell too small", "The edge is {edge:.2f} Å."),)
    seconds: float = 0.0

    def __call__(self, batch: Batch, context: Any) -> Verdicts:
        if set(batch.ids.tolist()) & set(self.failing):
            raise ArithmeticError("no size")
        edge = batch.structures.lattice[:, 0, 0]
        reasons = [Reason("too_small", {"edge": float(e)}) if e < self.smallest else None for e in edge]
        return rejecting(reasons, [Finding("min_distance", RULER, edge / 2)])


@dataclass(frozen=True)
class Ordered:
    """Notes the order in which ids come; rejects every id divisible by 7."""

    name: str = "uniqueness"
    title: str = "Uniqueness"
    in_order: bool = True
    costly: bool = False
    remembers: bool = False
    requires: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()
    reasons: tuple[ReasonKind, ...] = (ReasonKind("seven", "Divisible by seven", "{id} is divisible by seven."),)
    seconds: float = 0.0

    def __call__(self, batch: Batch, context: Any) -> Verdicts:
        assert list(batch.ids) == sorted(batch.ids)
        context.seen.extend(batch.ids.tolist())
        return rejecting([None if i % 7 else Reason("seven", {"id": int(i)}) for i in batch.ids])


@dataclass(frozen=True)
class Slow:
    """A costly stage that gives an energy and a geometry that is 1 % larger.

    Each candidate takes ``takes`` seconds; ids in ``deadly`` kill their worker, those in ``failing`` raise, those in
    ``hanging`` never end, those in ``waiting`` are answered another day. ``raising`` "known" or "memory": what
    no candidate is to blame for.
    """

    takes: float = 0.0
    deadly: tuple[int, ...] = ()
    failing: tuple[int, ...] = ()
    hanging: tuple[int, ...] = ()
    waiting: tuple[int, ...] = ()
    raising: str = ""
    name: str = "relaxation"
    title: str = "Relaxation"
    in_order: bool = False
    costly: bool = True
    remembers: bool = False
    requires: tuple[str, ...] = ()
    gives: tuple[str, ...] = ("energy_per_atom",)
    reasons: tuple[ReasonKind, ...] = ()
    seconds: float = 0.0

    def __call__(self, batch: Batch, context: Any) -> Verdicts:
        assert context == "worker"
        time.sleep(self.takes * len(batch.ids))
        ids = set(batch.ids.tolist())
        if ids & set(self.deadly):
            os._exit(9)
        if ids & set(self.failing):
            raise ArithmeticError("no forces")
        while ids & set(self.hanging):
            time.sleep(1)
        if self.raising:
            raise ModelError("The potential is missing: install it.") if self.raising == "known" else MemoryError
        found = [Finding("energy_per_atom", SPRING, -2 * batch.found["min_distance"])]
        cells = batch.structures
        larger = type(cells)(cells.lattice * 1.01, cells.offsets, cells.numbers, cells.positions, cells.orbit)
        status = tuple("waiting" if i in self.waiting else "passed" for i in batch.ids)
        reasons = tuple(Reason("waiting") if s == "waiting" else None for s in status)
        moved = np.array([s == "passed" for s in status])
        return Verdicts(status, reasons, tuple(found), geometry=Geometry(SPRING, larger, moved))


@dataclass(frozen=True)
class Stable:
    """Comes after the costly stage and reads its value."""

    name: str = "stability"
    title: str = "Stability"
    in_order: bool = False
    costly: bool = False
    remembers: bool = False
    requires: tuple[str, ...] = ("energy_per_atom",)
    gives: tuple[str, ...] = ("e_hull",)
    reasons: tuple[ReasonKind, ...] = ()
    seconds: float = 0.0

    def __call__(self, batch: Batch, context: Any) -> Verdicts:
        energy = batch.found["energy_per_atom@spring"]
        return marking(len(energy), [Finding("e_hull", SPRING, energy + 10)])


class Context:
    def __init__(self) -> None:
        self.seen: list[int] = []


def _context(reader: ProjectReader, unfinished: Unfinished) -> Context:
    return Context()


def _worker_context() -> str:
    return "worker"


def _load(name: str, device: str, delay: float) -> RockSalt:
    return RockSalt(device, delay)


def load_rock_salt(name: str, device: str) -> RockSalt:
    return RockSalt(device)


class Broken(RockSalt):
    """Makes one chunk, then fails."""

    def sample(self, request: DesignRequest, chunk: int, cancel: Any = None, progress: Any = None) -> Candidates:
        if chunk:
            raise ZeroDivisionError("a bug")
        return super().sample(request, chunk, cancel, progress)


def load_broken(name: str, device: str) -> Broken:
    return Broken(device)


def model(name: str) -> str:
    return name or CARD.name


def parts(*stages: Any, delay: float = 0.0) -> RunParts:
    """The fakes as parts that survive pickling."""
    return RunParts(stages, _context, _worker_context, model=model, load=partial(_load, delay=delay))


FUNNEL = (Size(), Ordered(), Slow(), Stable())
