"""Counting, and how long it will take."""

from __future__ import annotations

import pytest
from campaign_fakes import Size, Slow

from crystal_studio.campaign.reasons import by_kind, kind
from crystal_studio.campaign.tally import Tally


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("Two Li atoms are 1.02 A apart (limit 1.54 A).", "Two Li atoms are … A apart"),
        ("The volume is 0.1 A^3 per atom (known crystals: 4.7 to 95.0 A^3).", "The volume is … A^3 per atom"),
        ("The space group is Pm-3m (221), not P6_3/mmc (194).", "The space group is Pm-3m, not P6_3/mmc"),
        ("The volume is 0.1 A^3 per atom (known crystals", "The volume is … A^3 per atom"),
        ("Candidate 17 is the same crystal.", "Candidate … is the same crystal"),
        ("Relaxation failed: ArithmeticError: no forces", "Relaxation failed"),
        ("No oxidation states make LiO3 charge neutral (Li +1; O -2).", "No oxidation states make … charge neutral"),
        ("CHGNet cannot relax MnO2", "CHGNet cannot relax …"),
        ("The space group is P4/mmm, not Cm.", "The space group is P4/mmm, not Cm"),
        ("The energy is -3.2e-05 eV", "The energy is … eV"),
    ],
)
def test_reasons_of_one_kind_fall_together(reason: str, expected: str) -> None:
    assert kind(reason) == expected


def test_counts_of_a_kind_add_up() -> None:
    counts = {"Candidate 1 is the same crystal.": 2, "No cell": 3, "Candidate 2 is the same crystal.": 4}
    assert list(by_kind(counts).items()) == [("Candidate … is the same crystal", 6), ("No cell", 3)]


def test_time_left_is_the_longest_line_of_work() -> None:
    tally = Tally(1, 100, (Size(), Slow()), workers=2)
    assert tally.progress("", 0, 0.0, [0, 0]).seconds_left == -1  # nothing is known yet
    tally.generated = 20
    tally.judged(0, [True] * 10 + [False] * 10, ["small"] * 10, seconds=2.0)  # 10 a second
    tally.judged(1, [True] * 4, [], seconds=8.0)  # 2 s each, two at a time: 1 a second
    tally.finish(range(14))
    progress = tally.progress("", 0, 4.0, [0, 6])
    share = 11 / 21  # of those that come, how many reach the workers
    assert progress.seconds_left == pytest.approx(80 * share + 6)
    assert tally.progress("", 0, 0.5, [0, 6]).seconds_left == pytest.approx(160)  # now the generator is the slowest
    assert progress.stages[1].rate == pytest.approx(1.0) and progress.stages[0].reasons == {"small": 10}


def test_a_chunk_that_is_sampled_but_not_handed_over_leaves_the_time_unknown() -> None:
    tally = Tally(1, 40, (Size(),), workers=1)
    tally.judged(0, [True] * 10, [], seconds=1.0)
    assert tally.progress("", 40, 4.0, [0]).seconds_left == -1  # every step is done, and still nothing has come
    assert Tally(1, 40, (), workers=1).progress("", 40, 4.0, []).seconds_left == -1
    tally.generated = 40
    assert tally.progress("", 0, 4.0, [20]).seconds_left == pytest.approx(2)


def test_rate_looks_back_a_while_only() -> None:
    tally = Tally(1, 1000, (), workers=1)
    tally.progress("", 0, 1.0, [], now=0.0)
    tally.finish(range(100))
    assert tally.progress("", 0, 1.0, [], now=10.0).rate == pytest.approx(10)
    assert tally.progress("", 0, 1.0, [], now=25.0).rate < 10
    assert tally.progress("", 0, 1.0, [], now=60.0).rate == pytest.approx(0)
