"""Counting, and how long it will take."""

from __future__ import annotations

import pytest
from stage_fakes import Chooser, Size, Slow

from crystal_studio.campaign.tally import Tally
from crystal_studio.candidates.verdicts import Reason, Verdicts, marking, rejecting
from crystal_studio.project.rows import StageCounts


def test_time_left_is_the_longest_line_of_work() -> None:
    tally = Tally(1, 100, (Size(), Slow()))
    tally.set_slots(2)
    assert tally.progress("", 0, 0.0, [0, 0]).seconds_left == -1  # nothing is known yet
    tally.generated = 20
    tally.judged(0, rejecting([None] * 10 + [Reason("too_small", {"edge": 4.0})] * 10), seconds=2.0)  # 10 a second
    tally.judged(1, marking(4), seconds=8.0)  # 2 s each, two at a time: 1 a second
    tally.finish(range(14))
    progress = tally.progress("", 0, 4.0, [0, 6])
    share = 11 / 21  # of those that come, how many reach the workers
    assert progress.seconds_left == pytest.approx(20 + 80 * share + 6)  # the workers make the other 80 too
    tally.judged(0, rejecting([None] * 11 + [Reason("too_small", {"edge": 4.0})] * 10), seconds=1000.0)
    slow = 80 / (41 / 1002)
    assert tally.progress("", 0, 4.0, [0, 6]).seconds_left == pytest.approx(slow)  # now the quick stage takes longer
    assert progress.stages[1].rate == pytest.approx(1.0) and progress.stages[0].reasons == {"too_small": 10}
    assert tally.stages[1].pace == pytest.approx(2.0)


def test_while_nothing_is_judged_the_generators_time_is_a_lower_bound() -> None:
    tally = Tally(1, 100, (Size(), Slow()))
    progress = tally.progress("", 20, 4.0, [0, 0])
    assert progress.seconds_left == pytest.approx(20) and progress.left_at_least
    tally.generated = 100
    assert tally.progress("", 0, 4.0, [80, 0]).seconds_left == -1  # all are made, and no stage has told its pace
    tally.judged(0, marking(20), seconds=10.0)
    tally.judged(1, marking(4), seconds=8.0)
    progress = tally.progress("", 0, 4.0, [60, 0])
    assert progress.seconds_left > 0 and not progress.left_at_least


def test_who_is_held_for_a_choice_is_not_judged_again_and_mostly_goes_no_further() -> None:
    tally = Tally(1, 1000, (Chooser(best=100, random=0.1), Slow()))
    tally.generated = 1000
    tally.held(0, 900, seconds=9.0)  # 10 ms each
    tally.stages[1].judged_now, tally.stages[1].seconds_now = 10, 10.0  # 1 s each, known from an earlier judging
    going_on = 100 + 0.1 * 900
    assert tally.progress("", 0, 0.0, [100, 0], held=[900, 0]).seconds_left == pytest.approx(1.0 + going_on)
    tally = Tally(1, 1000, (Chooser(best=0.1, random=0.0, rejects=False), Slow()))
    tally.generated = 1000
    tally.held(0, 1000, seconds=10.0)
    tally.stages[1].judged_now, tally.stages[1].seconds_now = 10, 10.0
    assert tally.progress("", 0, 0.0, [0, 0], held=[1000, 0]).seconds_left == pytest.approx(1000)  # it only marks


def test_one_candidate_is_one() -> None:
    tally = Tally(1, 1, ())
    tally.generated = 1
    assert tally.summary() == "1 candidate, not judged"


def test_every_status_is_counted_and_only_rejections_have_reasons() -> None:
    tally = Tally(1, 4, (Size(),))
    reasons = (None, Reason("too_small", {"edge": 4.0}), Reason("error", {"text": "no"}), Reason("waiting"))
    tally.judged(0, Verdicts(("passed", "rejected", "error", "waiting"), reasons), seconds=1.0)
    (stage,) = tally.progress("", 0, 0.0, [0]).stages
    assert (stage.entered, stage.passed, stage.rejected, stage.error, stage.waiting) == (4, 1, 1, 1, 1)
    assert stage.reasons == {"too_small": 1}
    assert "1 could not be judged" in tally.summary()


def test_errors_of_an_earlier_run_are_judged_again_and_not_counted_twice() -> None:
    tally = Tally(1, 4, (Size(),))
    tally.restore(4, 3, [StageCounts("geometry", 2, 1, 1, 0, {"too_small": 1})])
    tally.judged(0, marking(1), seconds=1.0)
    (stage,) = tally.progress("", 0, 0.0, [0]).stages
    assert (stage.entered, stage.passed, stage.error) == (4, 3, 0)


def test_a_chunk_that_is_sampled_but_not_handed_over_leaves_the_time_unknown() -> None:
    tally = Tally(1, 40, (Size(),))
    tally.judged(0, marking(10), seconds=1.0)
    assert tally.progress("", 40, 4.0, [0]).seconds_left == -1  # every step is done, and still nothing has come
    assert Tally(1, 40, ()).progress("", 40, 4.0, []).seconds_left == -1
    tally.generated = 40
    assert tally.progress("", 0, 4.0, [20]).seconds_left == pytest.approx(2)


def test_rate_looks_back_a_while_only() -> None:
    tally = Tally(1, 1000, ())
    tally.progress("", 0, 1.0, [], now=0.0)
    tally.finish(range(100))
    assert tally.progress("", 0, 1.0, [], now=10.0).rate == pytest.approx(10)
    assert tally.progress("", 0, 1.0, [], now=25.0).rate < 10
    assert tally.progress("", 0, 1.0, [], now=60.0).rate == pytest.approx(0)
