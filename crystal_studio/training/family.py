"""What every family of models that can be trained offers to ``crystal-studio train``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from crystal_studio.design.declared import Options


@dataclass(frozen=True)
class TrainingJob:
    """One training: what any family needs to know.

    data : what the family learns from: parquet, CSV with CIFs, extxyz, ASE db or a folder of CIFs, or a file of its own
        kind; its ``default_data`` where none is named. A column ``weight`` says how often each crystal is shown an
        epoch, in the mean, to families with ``fine_tuning``
    extra : further crystals; what they are used for is the family's matter
    out : folder for weights, card, learning curve and checkpoint
    options : those of the family
    device : "cpu", "cuda:0", "mps"
    start : folder of a model to begin with (fine-tuning), or None
    resume : whether to carry on the training in ``out``
    max_minutes : how long
    report : told of progress by a row of figures
    stop : asked now and then; true ends the training, keeping what has been reached
    """

    data: Path
    out: Path
    options: Options
    extra: tuple[Path, ...] = ()
    device: str = "cpu"
    start: Path | None = None
    resume: bool = False
    max_minutes: float = 60.0
    seed: int = 42
    report: Callable[[dict[str, float]], None] = field(default=lambda row: None)
    stop: Callable[[], bool] = field(default=lambda: False)


class TrainingFamily(Protocol):
    """One kind of model that can be trained; ``name`` is its name in the registry.

    Its module is imported whenever the command line is read: heavy imports belong into ``train``. One with
    ``joins_data = True`` takes several files as data, all but the first of which come as ``extra``; one with
    ``learns_failures = True`` takes as ``extra`` crystals far above the hull and learns to lead away from them.
    """

    name: str
    title: str
    options: type[Options]
    fine_tuning: Options | None
    """How a training goes that begins with a model and learns from crystals (``start``, ``data`` a set of them);
    None where the family has none such."""

    def default_data(self) -> Path | None:
        """What is learnt from where no data are named; None where they have to be."""

    def train(self, job: TrainingJob) -> dict[str, Any]:
        """Write weights and card to ``job.out``; returns what was reached, fit for JSON.

        Raises ``RequestError`` and ``FileError`` for what cannot be trained on."""

    def progress(self, row: dict[str, float]) -> str:
        """A row of ``job.report`` as a line for people."""

    def reached(self, document: dict[str, Any]) -> str:
        """What ``train`` returned, for people."""
