"""What a stage raises, or answers amiss, is an error of the candidates at fault and no verdict."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from textbook import batch, codes, raw_batch

from crystal_studio.candidates.quantities import Method
from crystal_studio.candidates.verdicts import Finding, Geometry, Reason, ReasonKind, Verdicts, marking, rejecting
from crystal_studio.crystal.batches import Structures
from crystal_studio.errors import ModelError
from crystal_studio.funnel.context import FunnelContext
from crystal_studio.funnel.protocol import Batch
from crystal_studio.funnel.run_stage import MOST_FAILURES, run
from crystal_studio.funnel.uniqueness import UniquenessStage

BY = Method("test", "geometry")


@dataclass
class Asked:
    """A stage that answers with a function and counts its calls."""

    answer: Callable[[Batch], Any]
    calls: int = 0
    seen: list[int] = field(default_factory=list)

    name = "asked"
    title = "Asked"
    version = 1
    rejects = True
    in_order = costly = remembers = False
    requires = ()
    gives = ("band_gap",)
    reasons = (ReasonKind("bad", "Bad", "Bad {n}."),)
    seconds = 0.0

    def __call__(self, batch: Batch, context: Any) -> Any:
        self.calls += 1
        answer = self.answer(batch)
        self.seen += batch.ids.tolist()
        return answer


def cells(size: int) -> Batch:
    return raw_batch(Structures.from_lists([4 * np.eye(3)] * size, [[26]] * size, [[[0, 0, 0]]] * size))


def poisoned(*bad: int) -> Callable[[Batch], Verdicts]:
    def answer(batch: Batch) -> Verdicts:
        if set(bad) & set(batch.ids.tolist()):
            raise ZeroDivisionError("the metric is singular")
        reasons = [Reason("bad", {"n": int(i)}) if i % 2 else None for i in batch.ids]
        return rejecting(reasons, [Finding("band_gap", BY, batch.ids.astype(float))])

    return answer


def test_only_the_candidate_at_fault_gets_the_error(caplog: pytest.LogCaptureFixture) -> None:
    stage = Asked(poisoned(6))
    with caplog.at_level(logging.ERROR):
        verdicts = run(stage, cells(10), None)
    assert verdicts.status[5] == "error"
    judged = verdicts.status[:5] + verdicts.status[6:]
    assert judged == tuple("rejected" if i % 2 else "passed" for i in range(1, 11) if i != 6)
    assert verdicts.reasons[5] == Reason("error", {"text": "ZeroDivisionError: the metric is singular"})
    assert "ZeroDivisionError" in verdicts.notes["traceback"][5] and verdicts.notes["traceback"][4] is None
    (gap,) = verdicts.findings
    assert np.flatnonzero(np.isnan(gap.values)).tolist() == [5] and gap.values[9] == 10
    assert sorted(stage.seen) == [1, 2, 3, 4, 5, 7, 8, 9, 10]
    assert caplog.text.count("Traceback") == 1


def test_a_stage_that_always_fails_is_not_asked_for_ever() -> None:
    stage = Asked(poisoned(*range(1, 501)))
    verdicts = run(stage, cells(500), None)
    assert set(verdicts.status) == {"error"} and len(verdicts) == 500
    assert stage.calls <= 2 * MOST_FAILURES


def test_a_known_error_concerns_the_campaign() -> None:
    def missing(batch: Batch) -> Verdicts:
        raise ModelError("not installed")

    with pytest.raises(ModelError):
        run(Asked(missing), cells(2), None)


def _finding(quantity: str, values: Any, uncertainty: Any = None) -> Verdicts:
    return marking(2, [Finding(quantity, BY, values, uncertainty)])


SHAKEN = cells(2).structures
MALFORMED = {
    "no verdicts": None,
    "too short": marking(1),
    "an unknown status": Verdicts(("passed", "failed"), (None, None)),
    "a rejection without a reason": Verdicts(("passed", "rejected"), (None, None)),
    "a reason of one that passed": Verdicts(("passed", "passed"), (None, Reason("bad"))),
    "an undeclared code": rejecting([None, Reason("ugly")]),
    "a parameter that is no plain value": rejecting([None, Reason("bad", {"n": np.float64(1)})]),
    "a short column": _finding("band_gap", np.zeros(1)),
    "whole numbers": _finding("band_gap", np.zeros(2, int)),
    "a list": _finding("band_gap", [0.0, 0.0]),
    "a number for a label": _finding("nearest_known", np.zeros(2)),
    "labels for a number": _finding("band_gap", np.array([None, None], object)),
    "an unknown quantity": _finding("magic", np.zeros(2)),
    "a short uncertainty": _finding("band_gap", np.zeros(2), np.zeros(3)),
    "a short note": marking(2, notes={"note": np.zeros(3)}),
    "a short geometry": rejecting([None] * 2, geometry=Geometry(BY, cells(1).structures, np.ones(2, bool))),
    "other atoms": rejecting(
        [None] * 2,
        geometry=Geometry(
            BY, Structures.from_lists([4 * np.eye(3)] * 2, [[27]] * 2, [[[0, 0, 0]]] * 2), np.ones(2, bool)
        ),
    ),
    "a cell that is none": rejecting(
        [None] * 2,
        geometry=Geometry(
            BY,
            Structures(SHAKEN.lattice * np.nan, SHAKEN.offsets, SHAKEN.numbers, SHAKEN.positions, SHAKEN.orbit),
            np.ones(2, bool),
        ),
    ),
}


@pytest.mark.parametrize("what", MALFORMED)
def test_malformed_answers_are_errors(what: str) -> None:
    verdicts = run(Asked(lambda _: MALFORMED[what]), cells(2), None)
    assert verdicts.status == ("error", "error"), what
    assert "MalformedVerdicts" in verdicts.reasons[0].parameters["text"]  # type: ignore[union-attr]


def test_geometries_of_halves_are_put_together() -> None:
    def relax(batch: Batch) -> Verdicts:
        if 3 in batch.ids:
            raise RuntimeError("lost")
        before = batch.structures
        after = Structures(before.lattice * 2, before.offsets, before.numbers, before.positions, before.orbit)
        return rejecting([None] * len(batch), geometry=Geometry(BY, after, np.ones(len(batch), bool)))

    verdicts = run(Asked(relax), cells(4), None)
    assert verdicts.geometry is not None and verdicts.geometry.moved.tolist() == [True, True, False, True]
    assert verdicts.geometry.structures.lattice[:, 0, 0].tolist() == [8, 8, 4, 8]


def test_what_a_stage_remembers_is_not_doubled_by_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    from crystal_studio.data import fingerprints

    real = fingerprints.fingerprints
    monkeypatch.setattr(fingerprints, "fingerprints", lambda cells: real(cells) if len(cells) < 3 else 1 / 0)
    context = FunnelContext()
    verdicts = run(UniquenessStage(), batch("NaCl", "TiO2", "NaCl", "CsCl"), context)
    assert codes(verdicts) == ["", "", "duplicate", ""]
    assert len(context.memory(UniquenessStage())) == 3


def test_an_empty_batch_is_no_error() -> None:
    assert len(run(Asked(lambda b: marking(len(b))), cells(2).take(np.zeros(0, int)), None)) == 0
