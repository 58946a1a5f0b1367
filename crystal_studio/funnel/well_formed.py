"""Whether an answer of a stage is one that can be stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from crystal_studio.candidates.quantities import LABEL, Method
from crystal_studio.candidates.registry import quantities
from crystal_studio.candidates.verdicts import ERROR, PASSED, REJECTED, STATUSES, Finding, Geometry, Reason, Verdicts
from crystal_studio.funnel.protocol import Batch, Stage

PLAIN = (str, int, float, bool)


def complaint(stage: Stage, verdicts: Any, batch: Batch) -> str:
    """What is wrong with the verdicts of a stage on a batch; "" where nothing is.

    Lengths and kinds of all columns, statuses with the reasons that they need, codes that the stage has declared,
    registered quantities, and a geometry of the same atoms.
    """
    if not isinstance(verdicts, Verdicts):
        return f"the answer is {type(verdicts).__name__}, not Verdicts"
    size = len(batch)
    if len(verdicts.status) != size or len(verdicts.reasons) != size:
        return f"{len(verdicts.status)} statuses and {len(verdicts.reasons)} reasons for {size} candidates"
    declared = {kind.code for kind in stage.reasons}
    for status, reason in zip(verdicts.status, verdicts.reasons, strict=True):
        if wrong := _of_reason(status, reason, declared):
            return wrong
    for finding in verdicts.findings:
        if wrong := _of_finding(finding, size):
            return wrong
    for name, column in verdicts.notes.items():
        if wrong := _of_column(column, size):
            return f"the note {name}: {wrong}"
    return _of_geometry(verdicts.geometry, batch)


def _of_reason(status: str, reason: Any, declared: set[str]) -> str:
    if status not in STATUSES:
        return f"unknown status {status!r}"
    if status == PASSED:
        return "" if reason is None else f"passed with a reason ({reason})"
    if reason is None:
        return "" if status not in (REJECTED, ERROR) else f"{status} without a reason"
    if not isinstance(reason, Reason) or not isinstance(reason.parameters, Mapping):
        return f"a reason that is none: {reason!r}"
    if status == REJECTED and reason.code not in declared:
        return f"rejected with the code {reason.code!r}, which the stage does not declare"
    for name, value in reason.parameters.items():
        if not isinstance(name, str) or type(value) not in PLAIN:
            return f"the parameter {name} of {reason.code} is {type(value).__name__}: plain str, int or float are kept"
    return ""


def _of_finding(finding: Any, size: int) -> str:
    if not isinstance(finding, Finding) or not isinstance(finding.method, Method):
        return f"a finding that is none: {finding!r}"
    known = quantities().get(finding.quantity)
    if known is None:
        return f"it found {finding.quantity}, which is no registered quantity"
    if wrong := _of_column(finding.values, size):
        return f"{finding.quantity}: {wrong}"
    if (finding.values.dtype == object) != (known.kind == LABEL):
        return f"{finding.quantity}: labels are objects, everything else float64; it is {finding.values.dtype}"
    if finding.uncertainty is not None and (wrong := _of_column(finding.uncertainty, size)):
        return f"the uncertainty of {finding.quantity}: {wrong}"
    return ""


def _of_column(column: Any, size: int) -> str:
    if not isinstance(column, np.ndarray) or column.shape != (size,):
        return f"{getattr(column, 'shape', type(column).__name__)} for {size} candidates"
    return "" if column.dtype in (np.dtype(object), np.dtype(np.float64)) else f"{column.dtype} instead of float64"


def _of_geometry(geometry: Any, batch: Batch) -> str:
    if geometry is None:
        return ""
    size = len(batch)
    if not isinstance(geometry, Geometry) or not isinstance(geometry.method, Method):
        return f"a geometry that is none: {geometry!r}"
    if geometry.moved.shape != (size,) or geometry.moved.dtype != bool or len(geometry.structures) != size:
        return f"a geometry of {len(geometry.structures)} for {size} candidates"
    moved = np.flatnonzero(geometry.moved)
    before, after = batch.structures.take(moved), geometry.structures.take(moved)
    if (before.n_atoms != after.n_atoms).any() or (before.numbers != after.numbers).any():
        return "the geometry holds other atoms, or the same ones in another order"
    # Whether it can be stored, no more: a cell that fell flat is a verdict of the stage on one crystal, no fault of it.
    if not np.isfinite(after.lattice).all() or not np.isfinite(after.positions).all():
        return "the geometry is not finite"
    return ""
