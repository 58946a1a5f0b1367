"""What becomes of a batch whose task has ended."""

from __future__ import annotations

import numpy as np
import pytest
from stage_fakes import Slow

from crystal_studio.campaign.backlog import Work
from crystal_studio.campaign.outcomes import answer, complaints
from crystal_studio.candidates.verdicts import marking
from crystal_studio.errors import KnownError
from crystal_studio.execution.protocol import Cancelled, Died, Done, Failed, Outcome, TimedOut

STAGE = Slow()
BATCH = Work(1, np.array([4, 5, 6]))
ONE = Work(1, np.array([5]))
FAILED = Failed("ArithmeticError: no forces", "Traceback ... ArithmeticError: no forces\n")
LOST = [Died("killed by signal 9"), TimedOut(60.0)]


def test_what_is_done_is_recorded() -> None:
    found = answer(STAGE, BATCH, Done(marking(3), 1.5))
    assert found.verdicts is not None and found.verdicts.passed.all() and found.seconds == 1.5 and not found.again


@pytest.mark.parametrize("outcome", [FAILED, *LOST])
def test_a_batch_is_cut_so_that_the_one_to_blame_is_known(outcome: Outcome) -> None:
    found = answer(STAGE, BATCH, outcome)
    assert found.verdicts is None and [w.ids.tolist() for w in found.again] == [[4], [5], [6]]
    assert {w.losses for w in found.again} == {0}


@pytest.mark.parametrize("outcome", LOST)
def test_one_alone_is_tried_twice_and_then_an_error(outcome: Outcome) -> None:
    (again,) = answer(STAGE, ONE, outcome).again
    found = answer(STAGE, again, outcome)
    assert found.verdicts is not None and found.verdicts.status == ("error",) and not found.again
    assert found.died is isinstance(outcome, Died)
    (text,) = complaints(STAGE, ONE, found.verdicts)
    assert "Candidate 5" in text and ("signal 9" in text or "60 s" in text)


def test_what_fails_alone_is_an_error_with_its_traceback_in_the_log() -> None:
    found = answer(STAGE, ONE, FAILED)
    assert found.verdicts is not None and found.verdicts.status == ("error",)
    reason = found.verdicts.reasons[0]
    assert reason is not None and reason.parameters["text"] == FAILED.error
    assert list(complaints(STAGE, ONE, found.verdicts))[1] == FAILED.traceback.rstrip()


def test_what_was_cancelled_waits_again() -> None:
    assert answer(STAGE, BATCH, Cancelled()).again == (BATCH,)


def test_what_is_nobodys_fault_ends_the_run() -> None:
    with pytest.raises(KnownError, match="install"):
        answer(STAGE, BATCH, Failed("Please install it.", "", known=True))
    full = Failed("MemoryError", "", out_of_memory=True)
    assert len(answer(STAGE, BATCH, full).again) == 3  # a smaller one may fit
    with pytest.raises(KnownError, match="--workers 1"):
        answer(STAGE, ONE, full)
    with pytest.raises(KnownError, match="--device cpu"):
        answer(STAGE, ONE, Failed("OutOfMemoryError: CUDA out of memory", "", out_of_memory=True))
