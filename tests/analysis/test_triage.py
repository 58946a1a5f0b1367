"""What a rule on energies and their uncertainties keeps, loses and saves."""

from __future__ import annotations

import numpy as np
import pytest

from crystal_studio.analysis.triage import Evidence, Rule, curve, outcome

NAN = float("nan")
VALUE = np.array([0.0, 0.05, 0.3, 0.3, NAN, 0.05])
SPREAD = np.array([0.01, 0.3, 0.05, 0.2, NAN, NAN])


def test_good_and_sure_is_kept_and_so_is_what_nobody_knows() -> None:
    assert Rule(0.1).keeps(VALUE, SPREAD).tolist() == [True, True, False, False, True, True]
    assert Rule(0.1, 0.1).keeps(VALUE, SPREAD).tolist() == [True, False, False, False, True, True]


def test_doubt_speaks_for_or_against() -> None:
    assert Rule(0.1, sigmas=-1.5).keeps(VALUE, SPREAD).tolist() == [True, True, False, True, True, True]
    assert Rule(0.1, sigmas=1.0).keeps(VALUE, SPREAD).tolist() == [True, False, False, False, True, True]


def test_counts_of_kept_lost_and_saved() -> None:
    """Stable in the end: the first, the third (which is lost) and the fifth."""
    evidence = Evidence(VALUE, SPREAD, np.array([0.0, 0.5, 0.02, 0.9, 0.1, 0.2]))
    found = outcome(Rule(0.1), evidence, 0.1)
    assert (found.kept.count, found.kept.total, found.lost.count) == (2, 3, 1)
    assert (found.saved.count, found.saved.total) == (2, 6)
    assert (found.among_kept.count, found.among_kept.total) == (2, 4)
    assert (found.before.count, found.before.total) == (3, 6)
    assert found.lost.interval[0] < 1 / 3 < found.lost.interval[1]


def test_a_looser_limit_loses_less_and_saves_less() -> None:
    rng = np.random.default_rng(0)
    final = rng.gamma(1.5, 0.3, 300)
    evidence = Evidence(final + rng.normal(0, 0.2, 300), np.full(300, 0.2), final)
    found = curve(Rule(0.0), evidence, 0.1, np.linspace(0, 2, 9).tolist())
    kept, saved = [one.kept.count for one in found], [one.saved.count for one in found]
    assert kept == sorted(kept) and saved == sorted(saved, reverse=True)
    assert kept[0] < kept[-1] == found[-1].kept.total and saved[-1] == pytest.approx(0, abs=5)
    assert [one.rule.limit for one in found] == np.linspace(0, 2, 9).tolist()
