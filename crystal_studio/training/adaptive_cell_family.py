"""The adaptive-cell model as a family that can be trained."""

from __future__ import annotations

from typing import Any

from crystal_studio.design.declared import Options, declare
from crystal_studio.errors import RequestError
from crystal_studio.training.family import TrainingFamily, TrainingJob
from crystal_studio.training.generator_family import GeneratorFamily, SixteenBit, in_sixteen_bit, sixteen_bit


class AdaptiveCellTraining(Options):
    """How an adaptive-cell model is trained."""

    hidden: int = declare(128, "Width", "width of the nodes", low=1, metavar="N")
    edge: int = declare(96, "Width of edges", "width of the edges", low=1, metavar="N")
    layers: int = declare(4, "Depth", "depth of the network", low=1, metavar="N")
    neighbours: int = declare(24, "Neighbours", "nearest images that each atom sees", low=4, high=80, metavar="N")
    batch: int = declare(64, "Batch", "crystals a step", low=1, metavar="N")
    learning_rate: float = declare(1e-3, "Learning rate", "learning rate at the start", low=0.0, metavar="R")
    max_epochs: int = declare(2000, "Epochs, at most", "at most so often through the data", low=1, metavar="N")
    bf16: SixteenBit = sixteen_bit()


class AdaptiveCellFamily(GeneratorFamily):
    """A score model of sites and cell together, told the composition, the space group and the Wyckoff positions."""

    name = "adaptive-cell"
    title = "Adaptive cell"
    options: type[Options] = AdaptiveCellTraining

    def train(self, job: TrainingJob) -> dict[str, Any]:
        """The last row of the learning curve."""
        from crystal_studio.generators.adaptive_cell.network import NetworkConfig
        from crystal_studio.training.adaptive_cell import TrainConfig
        from crystal_studio.training.adaptive_cell_run import train

        if job.extra:
            raise RequestError("The adaptive-cell model takes no --extra file: leave it out.", "extra")
        chosen = job.options
        assert isinstance(chosen, AdaptiveCellTraining)
        config = TrainConfig(
            network=NetworkConfig(
                hidden=chosen.hidden, edge=chosen.edge, layers=chosen.layers, neighbours=chosen.neighbours
            ),
            max_minutes=job.max_minutes,
            max_epochs=chosen.max_epochs,
            batch=chosen.batch,
            seed=job.seed,
            learning_rate=chosen.learning_rate,
            bf16=in_sixteen_bit(chosen.bf16, job.device),
        )
        last = train(
            job.data,
            job.out,
            config,
            device=job.device,
            resume=job.resume,
            start=job.start,
            report=job.report,
            stop=job.stop,
        )
        return {"last": last}


FAMILY: TrainingFamily = AdaptiveCellFamily()
