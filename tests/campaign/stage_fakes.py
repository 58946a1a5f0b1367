"""Stages small enough to kill and count; worker processes import nothing else of the fakes."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from crystal_studio.candidates.quantities import Method
from crystal_studio.candidates.verdicts import Finding, Geometry, Reason, ReasonKind, Verdicts, marking, rejecting
from crystal_studio.errors import ModelError
from crystal_studio.funnel.protocol import PROMISE, Batch
from crystal_studio.funnel.triage import METHOD, TriageStage

RULER = Method("ruler", "geometry")
SPRING = Method("spring", "potential")


@dataclass(frozen=True)
class Size:
    """Rejects cells below ``smallest`` Angstrom; finds the edge. Raises on the ids in ``failing``."""

    smallest: float = 5.0
    failing: tuple[int, ...] = ()
    name: str = "geometry"
    title: str = "Geometry"
    version: int = 1
    rejects: bool = True
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
    version: int = 1
    rejects: bool = True
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
    version: int = 1
    rejects: bool = True
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
    version: int = 1
    rejects: bool = True
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


@dataclass(frozen=True)
class Chooser(TriageStage):
    """Triage by the edge alone: the larger the cell, the more promising; beyond 6.9 Angstrom surely not.

    Takes ``takes`` seconds a candidate."""

    takes: float = 0.0

    def __call__(self, batch: Batch, context: Any) -> Verdicts:
        assert context == "worker"
        time.sleep(self.takes * len(batch))
        edge = batch.structures.lattice[:, 0, 0]
        reasons = [Reason("unpromising", {"low": float(e), "limit": 6.9}) if e > 6.9 else None for e in edge]
        return rejecting(reasons, [Finding(PROMISE, METHOD, edge / 7)])


FUNNEL = (Size(), Ordered(), Slow(), Stable())


def worker_context() -> str:
    """What costly stages get."""
    return "worker"
