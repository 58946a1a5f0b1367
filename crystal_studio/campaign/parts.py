"""What one run is made of: its model, its stages, and the contexts that the stages get."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from crystal_studio.campaign.judge_request import JudgeRequest
from crystal_studio.campaign.unfinished import Unfinished
from crystal_studio.design.request import DesignRequest
from crystal_studio.execution.protocol import Resources
from crystal_studio.funnel.protocol import RememberingStage, Stage
from crystal_studio.generators.protocol import Generator, ModelCard

if TYPE_CHECKING:
    from crystal_studio.funnel.context import FunnelContext
    from crystal_studio.project.queries import ProjectReader


def default_model(name: str) -> str:
    """The model meant by a name; the default one by ""."""
    from crystal_studio.generators import registry

    return name or registry.default()


def card_of(name: str) -> ModelCard:
    """The card of a model by its name."""
    from crystal_studio.generators import registry

    return registry.card(name)


def load_model(name: str, device: str) -> Generator:
    """A model by name, on a device."""
    from crystal_studio.generators import registry

    return registry.load(name, device)


@dataclass(frozen=True)
class RunParts:
    """The parts of one run; a test puts in its own.

    stages : in the order in which they judge
    context : what the quick stages get, in the campaign's process, of a project and what waits in this run
    worker_context : makes what the costly ones get, once in each worker process; picklable and hashable
    resources : what one chunk, or one task of a costly stage, takes
    geometry : the one in which candidates are compared with earlier ones: that in which this run judges its own
    model, card, load : the model meant by a name; its card; a model by name and device, which worker processes call too
    warnings : what the stages will have to do without
    """

    stages: tuple[Stage, ...]
    context: Callable[[ProjectReader, Unfinished], Any]
    worker_context: Callable[[], Any]
    resources: Resources = field(default_factory=Resources)
    geometry: str = "generated"
    model: Callable[[str], str] = default_model
    card: Callable[[str], ModelCard] = card_of
    load: Callable[[str, str], Generator] = load_model
    warnings: Callable[[], list[str]] = list

    def __post_init__(self) -> None:
        costly = [i for i, stage in enumerate(self.stages) if stage.costly]
        late = [s.name for s in self.stages[costly[0] :] if s.in_order] if costly else []
        if late:
            raise ValueError(f"stages that need the order of ids stand after a costly one: {late}")


@dataclass(frozen=True)
class WorkerContext:
    """Makes the context of a worker process, which needs no memory of earlier candidates."""

    potential: str
    device: str
    references: tuple[str, ...] = ()

    def __call__(self) -> FunnelContext:
        from crystal_studio.funnel.context import FunnelContext

        return FunnelContext(self.potential, self.device, self.references)


@dataclass(frozen=True)
class ProjectContext:
    """Makes the context of the quick stages; those that remember are told of the project's earlier candidates."""

    stages: tuple[Stage, ...]
    potential: str
    device: str
    references: tuple[str, ...] = ()

    def __call__(self, reader: ProjectReader, unfinished: Unfinished) -> FunnelContext:
        from crystal_studio.funnel.context import FunnelContext
        from crystal_studio.funnel.remembering import remembered, without

        context = FunnelContext(self.potential, self.device, self.references)
        for stage in self.stages:
            if isinstance(stage, RememberingStage) and stage.remembers:
                known = reader.columns(["id", "formula"], remembered(stage, self.stages))
                told = without(known["id"], unfinished.ids, unfinished.passed, stage.name, self.stages)
                names = known["formula"][np.searchsorted(known["id"], told)].tolist()
                context.memory(stage).tell(told, names)
        return context


def for_request(
    request: DesignRequest | JudgeRequest,
    device: str,
    found: Collection[str] = (),
    references: tuple[str, ...] = (),
) -> RunParts:
    """The parts of a campaign or a judging, whose stages compute on ``device``.

    ``found`` names quantities that the candidates have already, ``references`` the files of the user's reference sets
    that it goes by. Raises ``RequestError``.
    """
    from crystal_studio.funnel.lacking import lacking
    from crystal_studio.funnel.stages import for_funnel

    targets = request.targets if isinstance(request, DesignRequest) else ()
    stages = for_funnel(request.funnel, potential=request.potential, found=found, targets=targets)
    geometry = "current" if isinstance(request, JudgeRequest) else "generated"
    worker = WorkerContext(request.potential, device, references)
    return RunParts(
        stages,
        ProjectContext(stages, request.potential, device, references),
        worker,
        Resources(gpus=0 if device == "cpu" else 1),
        geometry=geometry,
        warnings=lambda: lacking(stages, worker()),
    )
