"""What an evaluation is asked to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from crystal_studio.errors import RequestError
from crystal_studio.evaluation.relaxing import Settings

PARTS = ("validity", "distances", "symmetry", "templates", "coverage", "features", "unique", "novel", "relaxation")
"""What can be left out, in the order of work."""


@dataclass(frozen=True)
class EvaluationPlan:
    """Files, numbers and settings of one evaluation.

    generated, generated_split : the set to judge, and the part of it ("" = all)
    count : its first so many entries (0 = all); campaign : of a project file (0 = all)
    reference, split : the set to compare distributions with, and the part of it ("" = all)
    train, train_split : the set that novelty is judged against, and the part of it ("" = "train" if it has one)
    relax : how many random crystals to relax; cache : side file that remembers relaxations
    sample : how many valid crystals the property distances are taken of (0 = all)
    skip : names of ``PARTS`` to leave out
    """

    generated: Path
    reference: Path | None = None
    train: Path | None = None
    split: str = ""
    train_split: str = ""
    generated_split: str = ""
    count: int = 0
    campaign: int = 0
    relax: int = 0
    relaxation: Settings = field(default_factory=Settings)
    cache: Path | None = None
    workers: int = 0
    sample: int = 1000
    seed: int = 0
    skip: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("count", "campaign", "relax", "workers", "sample"):
            if getattr(self, name) < 0:
                raise RequestError(f"--{name} must not be negative.", name)
        for name in self.skip:
            if name not in PARTS:
                raise RequestError(f"There is no part {name!r}: choose from {', '.join(PARTS)}.", "skip")
