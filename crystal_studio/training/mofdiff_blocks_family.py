"""The block encoder of MOFDiff as a family that can be trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from crystal_studio import paths
from crystal_studio.design.declared import Options, declare
from crystal_studio.errors import RequestError
from crystal_studio.training.family import TrainingFamily, TrainingJob


class BlockTraining(Options):
    """How a block encoder is trained."""

    hidden: int = declare(64, "Width", "width of the network", low=1, metavar="N")
    layers: int = declare(2, "Depth", "depth of the network", low=1, metavar="N")
    batch: int = declare(128, "Batch", "building blocks a step", low=2, metavar="N")
    noise: float = declare(
        0.15, "Noise", "Angstrom a coordinate by which blocks are disturbed at most", low=0.0, metavar="R"
    )
    learning_rate: float = declare(2e-3, "Learning rate", "learning rate at the start", low=0.0, metavar="R")
    max_epochs: int = declare(300, "Epochs, at most", "at most so often through the data", low=1, metavar="N")


class BlockEncoderFamily:
    """``data`` is a library made by ``python -m crystal_studio.mof.build_blocks``, by default the one that ships."""

    name = "mofdiff-blocks"
    title = "block encoder of MOFDiff"
    options: type[Options] = BlockTraining
    fine_tuning: Options | None = None

    def default_data(self) -> Path | None:
        """The library that ships."""
        return paths.resources() / "mof" / "blocks.safetensors"

    def train(self, job: TrainingJob) -> dict[str, Any]:
        """The last row of the learning curve, and the figures of what was written."""
        from crystal_studio.training.mofdiff_blocks import EncoderConfig, TrainConfig
        from crystal_studio.training.mofdiff_blocks_run import train

        if job.extra:
            raise RequestError("The block encoder takes no --extra file: leave it out.", "extra")
        if job.start is not None:
            raise RequestError("The block encoder cannot be fine-tuned: leave out --start.", "start")
        chosen = job.options
        assert isinstance(chosen, BlockTraining)
        config = TrainConfig(
            network=EncoderConfig(hidden=chosen.hidden, layers=chosen.layers),
            max_minutes=job.max_minutes,
            max_epochs=chosen.max_epochs,
            batch=chosen.batch,
            noise=chosen.noise,
            learning_rate=chosen.learning_rate,
            seed=job.seed,
        )
        return train(job.data, job.out, config, device=job.device, resume=job.resume, report=job.report, stop=job.stop)

    def progress(self, row: dict[str, float]) -> str:
        """Like "epoch 3  step 40  1.2 min  loss 0.8123  other shapes found 91%"."""
        found = f"  other shapes found {100 * row['val_conformers']:.0f}%" if "val_conformers" in row else ""
        done = f"epoch {row['epoch']:.0f}  step {row['step']:.0f}  {row['minutes']:.1f} min"
        return f"{done}  loss {row['total']:.4f}{found}"

    def reached(self, document: dict[str, Any]) -> str:
        """What is found again."""
        found = document["figures"]
        parts = [f"disturbed by 0.1 A {100 * found['val_noised_0.1']:.1f}%"]
        if "val_conformers" in found:
            parts.append(f"in another shape {100 * found['val_conformers']:.1f}%")
        return f"Building blocks whose identity is found: {', '.join(parts)}"


FAMILY: TrainingFamily = BlockEncoderFamily()
