"""Words to a run: an end that was asked for is never taken back, in whatever order words come."""

from __future__ import annotations

from itertools import product

import pytest

from crystal_studio.campaign.steering import Steering

WORDS = ("pause", "resume", "cancel", "put down")


def state(*words: str) -> str:
    steering = Steering()
    for word in words:
        steering.obey(word)
    names = {(0, 0): "running", (0, 1): "paused", (1, 0): "cancelled", (1, 1): "put down"}
    return names[steering.cancel.is_set(), steering.pause.is_set()]


@pytest.mark.parametrize("words", list(product(WORDS, repeat=3)))
def test_the_strongest_word_wins(words: tuple[str, ...]) -> None:
    if "cancel" in words:
        expected = "cancelled"
    elif "put down" in words:
        expected = "put down"
    else:
        expected = "paused" if words[-1] == "pause" else "running"
    assert state(*words) == expected


def test_an_unknown_word_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="stop"):
        Steering().obey("stop")
