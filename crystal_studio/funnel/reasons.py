"""Reasons of rejection as people read them: the stage that gave a code has declared its title and its sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crystal_studio.candidates.verdicts import ReasonKind
from crystal_studio.errors import KnownError
from crystal_studio.funnel.stage_registry import STAGES

EVERYWHERE = {
    "error": ReasonKind("error", "Could not be judged", "The stage failed: {text}"),
    "waiting": ReasonKind("waiting", "Waits for an answer", "Waits for {answer}."),
    "text": ReasonKind("text", "As an earlier program wrote it", "{text}"),
}
"""Codes that every stage may give without declaring them."""

ELSEWHERE = {"dft": "DFT"}
"""Titles of what judges outside the funnel."""


def kind(stage: str, code: str) -> ReasonKind | None:
    """The declaration of a code; None for a stage or a code that this installation does not know."""
    if code in EVERYWHERE:
        return EVERYWHERE[code]
    try:
        declared = STAGES.get(stage).reasons
    except KnownError:
        return None
    return next((kind for kind in declared if kind.code == code), None)


def sentence(stage: str, code: str, parameters: Mapping[str, Any]) -> str:
    """Why a candidate has not passed, one sentence that a person can act on; "" for the code "".

    A code that this installation does not know (an extension that is not installed gave it) is shown as it is, with
    its parameters.
    """
    if not code:
        return ""
    found = kind(stage, code)
    if found is not None:
        return found.text(parameters)
    told = ", ".join(f"{name} {value}" for name, value in parameters.items())
    return f"{title(stage, code)} ({told})." if told else f"{title(stage, code)}."


def title(stage: str, code: str) -> str:
    """The reason without what differs between candidates, for counts and filters; "" for the code ""."""
    found = kind(stage, code)
    return found.title if found is not None else code.replace("_", " ").capitalize()


def stage_title(stage: str) -> str:
    """What people read for the name of a stage; the name itself where this installation does not know it."""
    if stage in ELSEWHERE:
        return ELSEWHERE[stage]
    try:
        return STAGES.get(stage).title
    except KnownError:
        return stage
