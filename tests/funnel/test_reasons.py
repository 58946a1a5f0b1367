"""Reasons as people read them."""

from __future__ import annotations

import string

import pytest

from crystal_studio.funnel import reasons
from crystal_studio.funnel.stage_registry import STAGES


def test_a_sentence_is_its_code_and_parameters() -> None:
    told = {"found": 221, "found_symbol": "Pm-3m", "asked": 123, "asked_symbol": "P4/mmm", "tolerance": 0.1}
    said = "The space group is Pm-3m (221), a supergroup of P4/mmm (123) (tolerance 0.1 Å)."
    assert reasons.sentence("symmetry", "supergroup", told) == said
    assert reasons.title("symmetry", "supergroup") == "A supergroup of the asked one"
    assert reasons.sentence("symmetry", "", {}) == "" and reasons.title("symmetry", "") == ""
    assert reasons.stage_title("symmetry") == "Space group"


def test_errors_are_told_for_every_stage() -> None:
    assert reasons.sentence("relaxation", "error", {"text": "OSError: gone"}) == "The stage failed: OSError: gone"
    assert reasons.title("geometry", "waiting") == "Waits for an answer"


def test_what_an_extension_said_is_shown_without_it() -> None:
    assert reasons.sentence("ageing", "not_converged", {"steps": 60}) == "Not converged (steps 60)."
    assert reasons.sentence("geometry", "melted", {}) == "Melted."
    assert reasons.title("ageing", "not_converged") == "Not converged" and reasons.stage_title("ageing") == "ageing"
    assert reasons.sentence("geometry", "overlap", {}) == "Atoms overlap."  # parameters of another version


@pytest.mark.parametrize("stage", STAGES.names())
def test_a_stage_gives_no_code_twice(stage: str) -> None:
    codes = [kind.code for kind in STAGES.get(stage).reasons]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("stage", STAGES.names())
def test_titles_say_nothing_that_differs_between_candidates(stage: str) -> None:
    for kind in STAGES.get(stage).reasons:
        assert not [name for _, name, _, _ in string.Formatter().parse(kind.title) if name]
        assert kind.sentence.endswith((".", "}"))
