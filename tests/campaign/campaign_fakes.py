"""The parts of a run with a small generator and small stages: the protocols are the real ones."""

from __future__ import annotations

from typing import Any

from generator_fakes import CARD, Load, RockSalt, rock_salts
from stage_fakes import worker_context

from crystal_studio.campaign.parts import RunParts
from crystal_studio.campaign.unfinished import Unfinished
from crystal_studio.generators.protocol import ModelCard
from crystal_studio.project.queries import ProjectReader

__all__ = ["CARD", "Load", "RockSalt", "parts", "rock_salts"]


class Context:
    def __init__(self) -> None:
        self.seen: list[int] = []


def _context(reader: ProjectReader, unfinished: Unfinished) -> Context:
    return Context()


def model(name: str) -> str:
    return name or CARD.name


def card(name: str) -> ModelCard:
    return RockSalt.card


def parts(*stages: Any, delay: float = 0.0) -> RunParts:
    """The fakes as parts that survive pickling."""
    return RunParts(stages, _context, worker_context, model=model, card=card, load=Load(delay))
