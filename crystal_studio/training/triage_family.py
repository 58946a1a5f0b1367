"""The ensemble that says what relaxation makes of a crystal, as a family that can be trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from crystal_studio.design.declared import Options, declare
from crystal_studio.errors import RequestError
from crystal_studio.training.family import TrainingFamily, TrainingJob
from crystal_studio.training.properties_family import member_progress


class TriageTraining(Options):
    """How an ensemble of triage networks is trained."""

    members: int = declare(5, "Members", "networks of the ensemble", low=1, metavar="N")
    epochs: int = declare(60, "Epochs", "times through the data of each member", low=1, metavar="N")
    hidden: int = declare(128, "Width", "width of the network", low=1, metavar="N")
    layers: int = declare(2, "Depth", "depth of the network", low=1, metavar="N")
    batch: int = declare(64, "Batch", "crystals a step", low=1, metavar="N")
    learning_rate: float = declare(1e-3, "Learning rate", "learning rate at the start", low=0.0, metavar="R")
    potential: str = declare(
        "chgnet", "Potential", "potential that relaxed the candidates and takes a look at them", metavar="NAME"
    )


class TriageFamily:
    """Data and ``extra`` are projects. A stop or the end of the time is felt between two members."""

    name = "triage"
    title = "triage"
    options: type[Options] = TriageTraining
    joins_data = True
    fine_tuning: Options | None = None

    def default_data(self) -> Path | None:
        """None: projects have to be named."""
        return None

    def train(self, job: TrainingJob) -> dict[str, Any]:
        """Errors, coverage, reliability and enrichment on held-out chemical systems."""
        from crystal_studio.training.triage import TriageConfig, train

        chosen = job.options
        assert isinstance(chosen, TriageTraining)
        if job.start is not None:
            raise RequestError("An ensemble for triage cannot be fine-tuned: leave out --start.", "start")
        config = TriageConfig(
            hidden=chosen.hidden,
            layers=chosen.layers,
            members=chosen.members,
            epochs=chosen.epochs,
            max_minutes=job.max_minutes,
            batch=chosen.batch,
            learning_rate=chosen.learning_rate,
            potential=chosen.potential,
            seed=job.seed,
        )
        return {
            "scores": train(
                [job.data, *job.extra], job.out, config, resume=job.resume, report=job.report, stop=job.stop
            )
        }

    def progress(self, row: dict[str, float]) -> str:
        """Like "member 2  40%  0.3 min  loss 1.0512"."""
        if "looked" in row:
            return f"looking at {row['crystals']:.0f} crystals  {100 * row['looked']:.0f}%"
        return member_progress(row)

    def reached(self, document: dict[str, Any]) -> str:
        """Errors, coverage and enrichment."""
        return "\n".join(
            f"{name}: {found['count']} crystals, median error {found['median_error']:.3f} eV/atom, 90% interval holds"
            f" {100 * found['coverage_90']:.0f}%; the best 20% hold {100 * found['best_20']['found']:.0f}% of the"
            f" stable and novel ones, {100 * found['best_20']['rate']:.0f}% of them are such"
            for name, found in document["scores"].items()
        )


FAMILY: TrainingFamily = TriageFamily()
