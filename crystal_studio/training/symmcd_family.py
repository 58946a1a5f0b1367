"""SymmCD as a family that can be trained."""

from __future__ import annotations

from typing import Any

from crystal_studio.design.declared import Options, declare
from crystal_studio.errors import RequestError
from crystal_studio.training.family import TrainingFamily, TrainingJob
from crystal_studio.training.generator_family import GeneratorFamily, SixteenBit, in_sixteen_bit, sixteen_bit


class SymmCDTraining(Options):
    """How a SymmCD model is trained."""

    augment: int = declare(
        8,
        "Descriptions",
        "equivalent descriptions of each crystal by the normalizer of its space group",
        low=1,
        metavar="N",
    )
    hidden: int = declare(256, "Width", "width of the network", low=1, metavar="N")
    layers: int = declare(6, "Depth", "depth of the network", low=1, metavar="N")
    batch: int = declare(512, "Batch", "crystals a step", low=1, metavar="N")
    learning_rate: float = declare(1e-3, "Learning rate", "learning rate at the start", low=0.0, metavar="R")
    max_epochs: int = declare(2000, "Epochs, at most", "at most so often through the data", low=1, metavar="N")
    keep_orbit_counts: bool = declare(
        False,
        "Keep numbers of orbits",
        "begun with a model: numbers of orbits and elements, given the space group, stay as that model has them",
    )
    bf16: SixteenBit = sixteen_bit()


class SymmCDFamily(GeneratorFamily):
    """``extra`` are less stable crystals, shown only with their e_above_hull: for targets, never for plain requests."""

    name = "symmcd"
    title = "SymmCD"
    learns_failures = True
    options: type[Options] = SymmCDTraining
    fine_tuning: Options | None = SymmCDTraining(augment=4, batch=256, learning_rate=2e-4, keep_orbit_counts=True)

    def train(self, job: TrainingJob) -> dict[str, Any]:
        """The last row of the learning curve."""
        from crystal_studio.generators.symmcd.network import NetworkConfig
        from crystal_studio.training.symmcd import TrainConfig
        from crystal_studio.training.symmcd_run import train

        if len(job.extra) > 1:
            raise RequestError("A generator takes one --extra file: put the crystals together.", "extra")
        chosen = job.options
        assert isinstance(chosen, SymmCDTraining)
        config = TrainConfig(
            network=NetworkConfig(hidden=chosen.hidden, layers=chosen.layers),
            max_minutes=job.max_minutes,
            max_epochs=chosen.max_epochs,
            batch=chosen.batch,
            seed=job.seed,
            learning_rate=chosen.learning_rate,
            bf16=in_sixteen_bit(chosen.bf16, job.device),
            keep_orbit_counts=chosen.keep_orbit_counts,
        )
        last = train(
            job.data,
            job.out,
            config,
            device=job.device,
            resume=job.resume,
            extra=job.extra[0] if job.extra else None,
            augment=chosen.augment,
            start=job.start,
            report=job.report,
            stop=job.stop,
        )
        return {"last": last}


FAMILY: TrainingFamily = SymmCDFamily()
