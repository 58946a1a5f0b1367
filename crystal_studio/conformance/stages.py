"""What every stage of the funnel must pass."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.candidates.batch import Candidates
from crystal_studio.candidates.quantities import LABEL
from crystal_studio.candidates.registry import quantities
from crystal_studio.candidates.verdicts import ReasonKind, Verdicts
from crystal_studio.conformance import samples
from crystal_studio.conformance.batches import need, same
from crystal_studio.funnel import stage_options
from crystal_studio.funnel.columns import objects
from crystal_studio.funnel.context import FunnelContext
from crystal_studio.funnel.protocol import Batch, RememberingStage, Stage
from crystal_studio.funnel.stage_registry import STAGES
from crystal_studio.funnel.well_formed import complaint

TOLERANCE = 1e-3
"""Values of one candidate alone and among others may differ by this much: batches are summed in another order."""


class _Found(Mapping[str, NDArray]):
    """Columns that remember who asked for them."""

    def __init__(self, columns: Mapping[str, NDArray]) -> None:
        self.columns, self.asked = dict(columns), set[str]()

    def __getitem__(self, name: str) -> NDArray:
        self.asked.add(name.split("@")[0])
        return self.columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)


def declaration(stage: Stage, context: FunnelContext) -> None:
    """Name, title, quantities and reasons are declared as the protocol says."""
    need(stage.name and stage.name == stage.name.strip() and "," not in stage.name, f"name {stage.name!r}")
    need(stage.title and isinstance(stage.title, str), "a title for people")
    for flag in ("in_order", "costly", "remembers"):
        need(isinstance(getattr(stage, flag), bool), f"{flag} is true or false")
    need(not stage.costly or stage.seconds > 0, "a costly stage says how many seconds a candidate may take")
    need(not (stage.in_order and stage.costly), "a stage that needs the order of ids cannot be a costly one")
    for quantity in (*stage.requires, *stage.gives):
        need(quantity in quantities(), f"{quantity} is no registered quantity")
    need(all(isinstance(kind, ReasonKind) for kind in stage.reasons), "reasons are ReasonKinds")
    codes = [kind.code for kind in stage.reasons]
    need(len(set(codes)) == len(codes), f"codes stand once: {codes}")
    need(not {"", "error", "waiting"} & set(codes), "the codes error and waiting are every stage's")
    need(all("{" not in kind.title for kind in stage.reasons), "titles have no parameters")
    need(not stage.remembers or isinstance(stage, RememberingStage), "a stage that remembers makes its memory")


def options(stage: Stage, context: FunnelContext) -> None:
    """What can be set of it is declared: drawn by forms, kept as plain values, and taken as they were given."""
    kind: Any = type(stage)
    need(type(stage.version) is int and stage.version >= 1, "a version, 1 at first, raised when its answers change")
    need(isinstance(stage.rejects, bool), "rejects is true or false")
    for field in stage_options.fields(kind):
        what = f"the option {field.name}"
        need(bool(field.title) and bool(field.help), f"{what} has a title and a phrase on what it does")
        need(field.name not in ("stage", "rejects") and not set(field.name) & set(":,= "), f"{what} has another name")
        if field.kind in ("int", "float"):
            need(field.low is not None and field.high is not None, f"{what} has bounds")
    kept = json.loads(json.dumps(stage_options.values(stage)))
    need(stage_options.values(kind(**stage_options.read(kind, kept))) == kept, "options are taken as they were kept")
    if stage.reasons:
        for rejects in (True, False):
            need(kind(rejects=rejects).rejects is rejects, "a stage with reasons takes whether they reject")


def travels(stage: Stage, context: FunnelContext) -> None:
    """Stage and context can be sent to a worker process."""
    copy, there = pickle.loads(pickle.dumps((stage, context.for_worker())))
    batch = _batch(stage, context, samples.candidates().take(np.arange(1)))
    need(len(copy(batch, there)) == 1, "a copy in another process judges")


def sizes(stage: Stage, context: FunnelContext) -> None:
    """No candidate, one and several: verdicts that can be stored, and findings among those declared."""
    whole = _usual(stage)
    for size in (0, 1, len(whole)):
        batch = _batch(stage, context, whole.take(np.arange(size)))
        verdicts = _judge(stage, batch, context)
        wrong = complaint(stage, verdicts, batch)
        need(not wrong, f"on a batch of {size}: {wrong}")
        found = {finding.quantity for finding in verdicts.findings}
        need(found <= set(stage.gives), f"found {found - set(stage.gives)}, which the stage does not say it gives")


def absurd_cells(stage: Stage, context: FunnelContext) -> None:
    """Cells that are no crystals get verdicts: no exception, no error, no value that is infinite."""
    cells = samples.absurd()
    asked = np.where(np.arange(len(cells)) % 2, 225, 0)
    batch = _batch(stage, context, Candidates.of_structures(cells, asked))
    verdicts = _judge(stage, batch, context)
    wrong = complaint(stage, verdicts, batch)
    need(not wrong, f"on cells that are none: {wrong}")
    need("error" not in verdicts.status, "cells that are none are judged, not failed on")


def determinism(stage: Stage, context: FunnelContext) -> None:
    """Asked twice, it answers the same."""
    batch = _batch(stage, context, _usual(stage))
    _agree(_judge(stage, batch, context), _judge(stage, batch, context), "asked twice", 1e-9)


def company(stage: Stage, context: FunnelContext) -> None:
    """A candidate is judged the same alone and among others; one that needs the order, the same in parts."""
    batch = _batch(stage, context, _usual(stage))
    whole = _judge(stage, batch, context)
    order = np.arange(len(batch)) if stage.in_order else np.random.default_rng(0).permutation(len(batch))
    own = context.for_worker()
    size = (len(batch) + 2) // 3
    for start in range(0, len(batch), size):
        rows = order[start : start + size]
        part = stage(batch.take(rows), own if stage.remembers else context.for_worker())
        _agree(part, _rows(whole, rows), "alone and among others", TOLERANCE)


def hands_off(stage: Stage, context: FunnelContext) -> None:
    """What it is given it leaves as it is."""
    batch = _batch(stage, context, _usual(stage))
    before = samples.fresh(batch.structures)
    columns = {name: np.array(column) for name, column in batch.found.items()}
    _judge(stage, batch, context)
    need(same(before, batch.structures), "the structures given were changed")
    unchanged = all(samples.close(columns[name], np.asarray(batch.found[name]), 0) for name in columns)
    need(unchanged, "the columns given were changed")


def reads_what_it_requires(stage: Stage, context: FunnelContext) -> None:
    """It reads no quantity that it does not require, so that the order of a funnel can be checked, but what the
    stages give that it follows: it does without that."""
    batch = _batch(stage, context, _usual(stage))
    found = _Found(_columns(tuple(quantities()), len(batch), context.potential))
    _judge(stage, Batch(batch.ids, batch.candidates, found), context)
    heeded = {q for name in getattr(stage, "follows", ()) for q in STAGES.get(name).gives}
    hidden = found.asked - set(stage.requires) - heeded
    need(not hidden, f"it reads {', '.join(sorted(hidden))} without requiring it")


def memory(stage: Stage, context: FunnelContext) -> None:
    """What it remembers can be told, is kept once, and survives a restart."""
    if not stage.remembers:
        return
    need(isinstance(stage, RememberingStage), "a stage that remembers makes its memory")
    assert isinstance(stage, RememberingStage)
    batch = _batch(stage, context, _usual(stage))
    told = context.for_worker()
    need(len(told.memory(stage)) == 0, "a new memory is empty")
    first = stage(batch, told)
    size = len(told.memory(stage))
    again = stage(batch, told)
    _agree(again, first, "judged again after an interruption", TOLERANCE)
    need(len(told.memory(stage)) == size, "judged again, a candidate is remembered once")
    kept = np.flatnonzero(first.passed)
    fresh = context.for_worker()
    for _ in range(2):
        fresh.remember(stage, batch.ids[kept], batch.candidates.take(kept))
    restored = pickle.loads(pickle.dumps(fresh))
    later = Batch(batch.ids + 1000, batch.candidates, batch.found)
    _agree(stage(later, restored), stage(later, told), "told of earlier candidates, or having judged them", TOLERANCE)


CHECKS = (
    declaration,
    options,
    travels,
    sizes,
    absurd_cells,
    determinism,
    company,
    hands_off,
    reads_what_it_requires,
    memory,
)


def _usual(stage: Stage) -> Candidates:
    """Candidates of every origin; a few only where judging takes long."""
    whole = samples.candidates()
    return whole.take(np.array([3, 6])) if stage.costly else whole


def _batch(stage: Stage, context: FunnelContext, candidates: Candidates) -> Batch:
    size = len(candidates)
    return Batch(np.arange(1, size + 1), candidates, _columns(stage.requires, size, context.potential))


def _columns(names: tuple[str, ...], size: int, potential: str) -> dict[str, NDArray]:
    columns: dict[str, NDArray] = {}
    for name in names:
        label = quantities()[name].kind == LABEL
        column = objects(["NaCl"] * size) if label else np.linspace(-3.0, 1.0, size)
        columns |= {name: column, f"{name}@{potential}": column}
    return columns


def _judge(stage: Stage, batch: Batch, context: FunnelContext) -> Verdicts:
    """Without memory of what other checks have shown it."""
    return stage(batch, context.for_worker())


def _rows(verdicts: Verdicts, rows: NDArray) -> Any:
    values = {f"{f.quantity}@{f.method.name}": f.values[rows] for f in verdicts.findings}
    codes = [verdicts.reasons[i].code if verdicts.reasons[i] else "" for i in rows]  # type: ignore[union-attr]
    return [verdicts.status[i] for i in rows], codes, values


def _agree(one: Any, other: Any, when: str, tolerance: float) -> None:
    first, second = (x if isinstance(x, tuple) else _rows(x, np.arange(len(x))) for x in (one, other))
    need(first[0] == second[0], f"{when}: statuses differ ({first[0]}, {second[0]})")
    need(first[1] == second[1], f"{when}: reasons differ ({first[1]}, {second[1]})")
    for name in first[2].keys() | second[2].keys():
        need(name in first[2] and name in second[2], f"{when}: {name} is found once only")
        agree = samples.close(first[2][name], second[2][name], tolerance)
        need(agree, f"{when}: {name} differs ({first[2][name]}, {second[2][name]})")
