"""What stages will have to do without, said before a campaign starts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crystal_studio.errors import KnownError, MissingError
from crystal_studio.funnel.protocol import Stage


def lacking(stages: Sequence[Stage], context: Any) -> list[str]:
    """One sentence for each stage whose reference is not installed and whose findings will stay unknown, and each that
    is left out because it needs a program that is not there.

    A stage that asks a reference has a method ``reference(context)`` that loads it or raises ``KnownError``.
    """
    sentences = []
    for stage in stages:
        load = getattr(stage, "reference", None)
        try:
            if load is not None:
                load(context)
        except MissingError as error:
            sentences.append(f"{stage.title} will be left out. {error}")
        except KnownError as error:
            sentences.append(f"{stage.title} will stay unknown. {error}")
    return sentences
