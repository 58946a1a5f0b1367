"""Reasons of rejection as people read them: the stage that gave a code has declared its title and its sentence."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from crystal_studio.candidates.verdicts import ReasonKind
from crystal_studio.errors import KnownError

EVERYWHERE = {
    "error": ReasonKind("error", "Could not be judged", "The stage failed: {text}"),
    "waiting": ReasonKind("waiting", "Waits for an answer", "Submitted; the answer has not come yet."),
}
"""Codes that every stage may give without declaring them."""


@cache
def declared() -> dict[str, dict[str, ReasonKind]]:
    """Every stage's reasons by code, stages in the order of the registry; those of each stage as it declares them."""
    from crystal_studio.funnel.stages import STAGES

    return {name: {kind.code: kind for kind in stage.reasons} for name, stage in STAGES.all().items()}


def kind(stage: str, code: str) -> ReasonKind | None:
    """The declaration of a code; None for a stage or a code that this installation does not know."""
    return EVERYWHERE.get(code) or _of(stage).get(code)


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
    from crystal_studio.funnel.stages import STAGES

    try:
        return STAGES.get(stage).title
    except KnownError:
        return stage


def all_reasons() -> list[tuple[str, str, str]]:
    """(stage, code, title) of every declared reason, for lists of filters."""
    return [(stage, code, kind.title) for stage, kinds in declared().items() for code, kind in kinds.items()]


def _of(stage: str) -> Mapping[str, ReasonKind]:
    return declared().get(stage, {})
