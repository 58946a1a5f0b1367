"""The adaptive-cell model as a family that can be trained."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from crystal_studio.design.declared import Options, declare
from crystal_studio.errors import RequestError
from crystal_studio.training.family import TrainingFamily, TrainingJob
from crystal_studio.training.generator_family import GeneratorFamily, SixteenBit, in_sixteen_bit, sixteen_bit

if TYPE_CHECKING:
    from crystal_studio.generators.adaptive_cell.score import NetworkConfig


Kind = Literal["light", "dimenet"]
OF_NETWORK = ("hidden", "edge", "layers", "neighbours", "descriptors")


def _size(title: str, help: str, high: int | None = None) -> Any:
    return declare(0, title, help, low=0, high=high, zero="the network's own", metavar="N")


class AdaptiveCellTraining(Options):
    """How an adaptive-cell model is trained."""

    network: Kind = declare(
        "light",
        "Network",
        "the score network",
        labels={
            "light": ("Light", "24 nearest images, angles at each atom; the quickest to learn on a CPU"),
            "dimenet": ("DimeNet++", "the published one: 80 nearest images, angles from edge to edge"),
        },
    )
    hidden: int = _size("Width", "width of the nodes (light) or the messages (dimenet)")
    edge: int = _size("Width of edges", "width of the edges (light)")
    layers: int = _size("Depth", "depth of the network")
    neighbours: int = _size("Neighbours", "nearest images that each atom sees", high=80)
    descriptors: bool = declare(
        False, "Chemical descriptors", "tell elements by electronegativity, radius and valence electrons too (light)"
    )
    batch: int = declare(64, "Batch", "crystals a step", low=1, metavar="N")
    learning_rate: float = declare(1e-3, "Learning rate", "learning rate at the start", low=0.0, metavar="R")
    max_epochs: int = declare(2000, "Epochs, at most", "at most so often through the data", low=1, metavar="N")
    bf16: SixteenBit = sixteen_bit()


def network_config(chosen: AdaptiveCellTraining) -> NetworkConfig:
    """The network chosen, as it is to be; raises ``RequestError`` for what it does not have."""
    from crystal_studio.generators.adaptive_cell.network import NETWORKS

    made: NetworkConfig = NETWORKS[chosen.network][0]()
    given = {name: value for name in OF_NETWORK if (value := getattr(chosen, name))}
    for name in given:
        if not hasattr(made, name):
            raise RequestError(f"The network {chosen.network} has no --{name}: leave it out.", name)
    return replace(made, **given)


class AdaptiveCellFamily(GeneratorFamily):
    """A score model of sites and cell together, told the composition, the space group and the Wyckoff positions."""

    name = "adaptive-cell"
    title = "Adaptive cell"
    options: type[Options] = AdaptiveCellTraining
    fine_tuning: Options | None = AdaptiveCellTraining(learning_rate=2e-4)

    def train(self, job: TrainingJob) -> dict[str, Any]:
        """The last row of the learning curve."""
        from crystal_studio.training.adaptive_cell import TrainConfig
        from crystal_studio.training.adaptive_cell_run import train

        if job.extra:
            raise RequestError("The adaptive-cell model takes no --extra file: leave it out.", "extra")
        chosen = job.options
        assert isinstance(chosen, AdaptiveCellTraining)
        config = TrainConfig(
            network=network_config(chosen),
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
