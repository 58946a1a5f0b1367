"""SymmCD as a family that can be trained."""

from __future__ import annotations

from typing import Any, Literal

from crystal_studio.design.declared import Options, declare
from crystal_studio.errors import RequestError
from crystal_studio.training.family import TrainingFamily, TrainingJob


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
    bf16: Literal["auto", "on", "off"] = declare(
        "auto",
        "16-bit products",
        "16-bit matrix products",
        labels={
            "auto": ("Automatic", "16-bit matrix products where the device is fast at them"),
            "on": ("On", ""),
            "off": ("Off", ""),
        },
    )


class SymmCDFamily:
    """``extra`` are less stable crystals, shown only with their e_above_hull: for targets, never for plain requests."""

    name = "symmcd"
    title = "SymmCD"
    options: type[Options] = SymmCDTraining

    def train(self, job: TrainingJob) -> dict[str, Any]:
        """The last row of the learning curve."""
        from crystal_studio.generators.precision import bf16_pays
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
            bf16=bf16_pays(job.device.split(":")[0]) if chosen.bf16 == "auto" else chosen.bf16 == "on",
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

    def progress(self, row: dict[str, float]) -> str:
        """Like "epoch 3  step 40  1.2 min  loss 0.8123  210/s"."""
        validation = f"  validation {row['val_total']:.4f}" if "val_total" in row else ""
        return (
            f"epoch {row['epoch']:.0f}  step {row['step']:.0f}  {row['minutes']:.1f} min"
            f"  loss {row.get('total', 0):.4f}{validation}  {row['crystals_per_s']:.0f}/s"
        )

    def reached(self, document: dict[str, Any]) -> str:
        """Losses of the last epoch."""
        last = document["last"]
        losses = ", ".join(f"{k} {v:.4g}" for k, v in last.items() if k in ("total", "val_total"))
        return f"Epoch {last.get('epoch', 0)}, {losses}"


FAMILY: TrainingFamily = SymmCDFamily()
