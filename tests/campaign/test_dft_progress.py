"""What is told of a run of DFT while it computes."""

from __future__ import annotations

import math

from crystal_studio.campaign.dft_progress import MOST_STEPS, DftProgress
from crystal_studio.dft.protocol import Settings
from crystal_studio.dft.script_code import Step

RELAX = Settings(fmax=0.05)


def after(*steps: tuple[int, float], settings: Settings = RELAX) -> DftProgress:
    progress = DftProgress(7, 2, 0, "GPAW", settings)
    for number, force in steps:
        progress.step(17, Step(number, 0, -12.5, force))
    return progress


def test_nothing_is_known_before_the_first_step():
    event = DftProgress(7, 2, 0, "GPAW", RELAX).event()
    assert (event.fraction, event.seconds_left, event.phase, event.finished) == (0, -1, "GPAW", 0)
    assert event.stages[0].waiting == 2


def test_the_phase_tells_step_iteration_energy_and_force():
    progress = after((3, 0.25))
    progress.step(17, Step(4, 9, -12.3456, math.nan))
    assert progress.event().phase == "GPAW, candidate 17: step 4, iteration 9, energy -12.346 eV, force 0.25 eV/Å"


def test_a_falling_force_brings_the_end_nearer():
    shares = [after(*[(k, 0.8 * 0.5**k) for k in range(n)]).event().fraction for n in range(1, 5)]
    assert shares == sorted(set(shares)) and shares[-1] < 0.475
    assert after((0, 0.8), (1, 0.04)).event().fraction == 0.475, "half of two, nearly done"


def test_a_force_that_stands_still_does_not_put_the_end_off_for_ever():
    for stalled in (after((0, 0.8), (1, 0.7999)), after((0, 0.8), (1, 0.9)), after(*[(k, 0.8) for k in range(40)])):
        assert stalled.event().fraction >= 0.5 * 2 / (2 + MOST_STEPS)


def test_what_is_done_and_what_broke_is_counted():
    progress = after((0, 0.8))
    progress.finish(17, 60.0)
    progress.step(18, Step(0, 3, -1.0, math.nan))
    event = progress.event()
    assert (event.finished, event.newest, event.fraction) == (1, 17, 0.5)
    progress.finish(18, 1.0, broken=True)
    (stage,) = progress.event().stages
    assert (stage.passed, stage.error, stage.waiting) == (1, 1, 0) and progress.event().fraction == 1


def test_what_has_not_begun_takes_as_long_as_what_is_done():
    progress = DftProgress(7, 3, 0, "GPAW", RELAX)
    progress.finish(1, 100.0)
    event = progress.event()
    assert event.seconds_left == 200.0


def test_what_was_put_down_is_told_no_more():
    progress = after((0, 0.8))
    progress.put_down(17)
    assert progress.event().phase == "GPAW" and progress.event().fraction == 0
