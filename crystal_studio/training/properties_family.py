"""The ensemble that predicts properties, as a family that can be trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from crystal_studio.design.declared import Options, declare
from crystal_studio.errors import RequestError
from crystal_studio.training.family import TrainingFamily, TrainingJob


class PropertyTraining(Options):
    """How an ensemble of property networks is trained."""

    members: int = declare(5, "Members", "networks of the ensemble", low=1, metavar="N")
    epochs: int = declare(12, "Epochs", "times through the data of each member", low=1, metavar="N")
    hidden: int = declare(64, "Width", "width of the network", low=1, metavar="N")
    layers: int = declare(2, "Depth", "depth of the network", low=1, metavar="N")
    batch: int = declare(256, "Batch", "crystals a step", low=1, metavar="N")
    learning_rate: float = declare(2e-3, "Learning rate", "learning rate at the start", low=0.0, metavar="R")


def member_progress(row: dict[str, float]) -> str:
    """How far a member of an ensemble is."""
    return f"member {row['member'] + 1:.0f}  {100 * row['done']:.0f}%  {row['minutes']:.1f} min  loss {row['loss']:.4f}"


class PropertiesFamily:
    """``extra`` are simply more data. A stop or the end of the time is felt between two members."""

    name = "properties"
    title = "properties"
    options: type[Options] = PropertyTraining
    joins_data = True
    fine_tuning: Options | None = None

    def default_data(self) -> Path | None:
        """None: data have to be named."""
        return None

    def train(self, job: TrainingJob) -> dict[str, Any]:
        """Errors and coverage of every property, by part of the data."""
        from crystal_studio.properties.network import Size
        from crystal_studio.training.properties import PropertyConfig, train

        chosen = job.options
        assert isinstance(chosen, PropertyTraining)
        if job.start is not None:
            raise RequestError("An ensemble of properties cannot be fine-tuned: leave out --start.", "start")
        config = PropertyConfig(
            size=Size(chosen.hidden, chosen.layers),
            members=chosen.members,
            epochs=chosen.epochs,
            max_minutes=job.max_minutes,
            batch=chosen.batch,
            learning_rate=chosen.learning_rate,
            seed=job.seed,
        )
        return {
            "scores": train(
                [job.data, *job.extra], job.out, config, resume=job.resume, report=job.report, stop=job.stop
            )
        }

    def progress(self, row: dict[str, float]) -> str:
        """Like "member 2  40%  3.1 min  loss 0.0512"."""
        return member_progress(row)

    def reached(self, document: dict[str, Any]) -> str:
        """Mean absolute errors and coverages."""
        return "\n".join(
            f"{name}, {label}: MAE {found['mae']:.3f}, 68% interval holds {100 * found['coverage_68']:.0f}%"
            for name, labels in document["scores"].items()
            for label, found in labels.items()
            if found.get("count")
        )


FAMILY: TrainingFamily = PropertiesFamily()
