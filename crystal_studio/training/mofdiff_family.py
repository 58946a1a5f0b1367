"""MOFDiff as a family that can be trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from crystal_studio import paths
from crystal_studio.design.declared import Options, declare
from crystal_studio.errors import RequestError
from crystal_studio.training.family import TrainingFamily, TrainingJob
from crystal_studio.training.generator_family import GeneratorFamily, SixteenBit, in_sixteen_bit, sixteen_bit


class MofDiffTraining(Options):
    """How a MOFDiff model is trained."""

    hidden: int = declare(128, "Width", "width of the networks", low=1, metavar="N")
    layers: int = declare(4, "Depth", "depth of the denoiser", low=1, metavar="N")
    neighbours: int = declare(16, "Neighbours", "nearest images that each block sees", low=1, high=80, metavar="N")
    exchanged: float = declare(
        0.15,
        "Exchanged blocks",
        "share of the kinds of blocks of a framework that are exchanged, anew each time it is shown, for others whose"
        " connection points lie alike",
        low=0.0,
        high=1.0,
        step=0.05,
        metavar="SHARE",
    )
    hypothetical: float = declare(
        0.2,
        "Hypothetical",
        "share of the frameworks shown that are hypothetical, built of known blocks on nets; they lie in"
        " hypothetical.safetensors beside the data, as they do beside those that ship",
        low=0.0,
        high=0.9,
        step=0.1,
        metavar="SHARE",
    )
    batch: int = declare(64, "Batch", "frameworks a step", low=1, metavar="N")
    learning_rate: float = declare(1e-3, "Learning rate", "learning rate at the start", low=0.0, metavar="R")
    learn: Literal["all", "labels"] = declare(
        "all",
        "Learn",
        "what is learnt: all, or, on the model named by --start, which stays as it is otherwise, the labels alone:"
        " what z says of them and how it is drawn for targets (minutes)",
        labels={"all": ("All", "the whole model"), "labels": ("Labels", "property heads and prior of a trained model")},
        metavar="WHAT",
    )
    max_epochs: int = declare(2000, "Epochs, at most", "at most so often through the data", low=1, metavar="N")
    bf16: SixteenBit = sixteen_bit()


class MofDiffFamily(GeneratorFamily):
    """Coarse-grained diffusion of metal-organic frameworks, on the blocks that ship and their embeddings."""

    name = "mofdiff"
    title = "MOFDiff"
    options: type[Options] = MofDiffTraining

    def default_data(self) -> Path | None:
        """The known frameworks that ship."""
        return paths.resources() / "mof" / "mofs.safetensors"

    def train(self, job: TrainingJob) -> dict[str, Any]:
        """The last row of the learning curve."""
        from crystal_studio.generators.mofdiff.block_storage import block_embeddings
        from crystal_studio.generators.mofdiff.layers import NetworkConfig
        from crystal_studio.training.mofdiff import TrainConfig
        from crystal_studio.training.mofdiff_run import train

        if job.extra:
            raise RequestError("MOFDiff takes no --extra file: leave it out.", "extra")
        chosen = job.options
        assert isinstance(chosen, MofDiffTraining)
        if chosen.learn == "labels":
            return {"last": self._learn_labels(job, chosen)}
        config = TrainConfig(
            network=NetworkConfig(hidden=chosen.hidden, layers=chosen.layers, neighbours=chosen.neighbours),
            max_minutes=job.max_minutes,
            max_epochs=chosen.max_epochs,
            batch=chosen.batch,
            exchanged=chosen.exchanged,
            hypothetical=chosen.hypothetical,
            seed=job.seed,
            learning_rate=chosen.learning_rate,
            bf16=in_sixteen_bit(chosen.bf16, job.device),
        )
        last = train(
            job.data,
            job.out,
            config,
            block_embeddings(),
            device=job.device,
            resume=job.resume,
            start=job.start,
            report=job.report,
            stop=job.stop,
        )
        return {"last": last}

    def progress(self, row: dict[str, float]) -> str:
        """Losses on frameworks held out, where labels alone are learnt."""
        if "val_labels" in row and "epoch" not in row:
            return f"step {row['step']:.0f}  held out: labels {row['val_labels']:.4f}, prior {row['val_prior']:.4f}"
        return super().progress(row)

    def reached(self, document: dict[str, Any]) -> str:
        """The same for the last row; errors of each label on frameworks held out, where labels alone were learnt."""
        last = document["last"]
        if "held_out" not in last:
            return super().reached(document)
        lines = [
            f"{name}: off by {found['mae']:g} (spread {found['deviation']:g}), rank correlation"
            f" {found['rank_correlation']:g}, {found['frameworks']} frameworks held out"
            for name, found in last["held_out"].items()
        ]
        return "\n".join(lines)

    def _learn_labels(self, job: TrainingJob, chosen: MofDiffTraining) -> dict[str, Any]:
        from crystal_studio.training.mofdiff_labels_run import LabelConfig, learn_labels

        if job.start is None or job.resume:
            raise RequestError("Labels are learnt on a trained model: name it with --start, without --resume.", "learn")
        config = LabelConfig(learning_rate=chosen.learning_rate / 2, exchanged=chosen.exchanged, seed=job.seed)
        return learn_labels(job.data, job.start, job.out, config, device=job.device, report=job.report, stop=job.stop)


FAMILY: TrainingFamily = MofDiffFamily()
