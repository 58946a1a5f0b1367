"""Symmetry of crystals from anywhere, found in worker processes: a cell that hangs or ends the search costs itself."""

from __future__ import annotations

from contextlib import closing

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import AsymmetricUnits, Structures
from crystal_studio.crystal.standardise import to_asymmetric_units
from crystal_studio.execution.engines import open_engine
from crystal_studio.execution.machine import cores
from crystal_studio.execution.mapping import each
from crystal_studio.execution.protocol import Done, Failed, Outcome, TimedOut

SECONDS = 20.0
"""Time for the symmetry of a block of crystals, and for that of one alone."""

BLOCK = 32
_BLOCKS_A_WORKER = 16


def standardised(
    structures: Structures, symprec: float, seconds: float = 0.0
) -> tuple[AsymmetricUnits, NDArray[np.bool_], list[str]]:
    """As ``crystal.standardise.to_asymmetric_units``, whatever the cells are; ``seconds`` 0 means ``SECONDS``."""
    items = [(structures.take(np.array([i])), symprec) for i in range(len(structures))]
    parts = [(_nothing(), "")] * max(len(items), 1)
    with closing(open_engine("local", min(cores(), 1 + len(items) // (BLOCK * _BLOCKS_A_WORKER)))) as engine:
        for i, outcome in each(engine, _standardise, items, block=BLOCK, seconds=seconds or SECONDS):
            parts[i] = _part(outcome)
    units = AsymmetricUnits.concatenate(units for units, _ in parts).take(slice(len(items)))
    reasons = [reason for _, reason in parts[: len(items)]]
    return units, np.array([not r for r in reasons], bool), reasons


def _part(outcome: Outcome) -> tuple[AsymmetricUnits, str]:
    match outcome:
        case Done(value):
            return value
        case TimedOut(seconds):
            return _nothing(), f"No space group was found within {seconds:g} s: check the cell."
        case Failed(error=error):
            return _nothing(), f"No space group can be found ({error}): check the cell."
    return _nothing(), "The search for its space group broke down: check the cell."


def _standardise(items: list[tuple[Structures, float]]) -> list[tuple[AsymmetricUnits, str]]:
    """Runs in the worker."""
    found = []
    for one, symprec in items:
        units, _, reasons = to_asymmetric_units(one, symprec)
        found.append((units, reasons[0]))
    return found


def _nothing() -> AsymmetricUnits:
    """A batch of one without an orbit."""
    none = np.zeros((1, 0), np.int16)
    return AsymmetricUnits(np.ones(1, np.int16), np.eye(3)[None], none, none, np.zeros((1, 0, 3)))
