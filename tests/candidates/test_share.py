"""Shares of samples."""

from __future__ import annotations

import pytest

from crystal_studio.candidates.share import Share, wilson


def test_wilson_interval() -> None:
    # Newcombe, Stat. Med. 17, 857 (1998), table I, method 3.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=1e-4)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)
    assert wilson(29, 29) == pytest.approx((0.8830, 1.0), abs=1e-4)


def test_a_share_in_words() -> None:
    assert Share(12, 256).text == "12 of 256, 4.7% (2.7 to 8.0%)"
    assert Share(0, 0).text == "0 of 0, 0.0% (0.0 to 100.0%)" and Share(0, 0).value == 0.0
