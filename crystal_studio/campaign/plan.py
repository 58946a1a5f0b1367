"""What a campaign runs with: generator, stages, and the context its stages need."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crystal_studio.design.request import DesignRequest
from crystal_studio.errors import KnownError
from crystal_studio.funnel.protocol import Stage
from crystal_studio.generators.protocol import Generator

if TYPE_CHECKING:
    from crystal_studio.funnel.context import FunnelContext


@dataclass(frozen=True)
class Plan:
    """The parts of one run; another engine or a test puts in its own.

    ``model(name)`` is the model meant by a name, the default one by ""; ``load(name,
    device)`` loads it. ``context(project, request)`` is what the quick stages get, in the campaign's
    process; ``worker_context(request)`` makes what the costly ones get, called
    once in each worker process, so it must be picklable. ``warnings()`` says what
    the stages will have to do without.
    """

    model: Callable[[str], str]
    load: Callable[[str, str], Generator]
    stages: tuple[Stage, ...]
    context: Callable[[Path, DesignRequest], Any]
    worker_context: Callable[[DesignRequest], Any]
    warnings: Callable[[], list[str]] = list

    def __post_init__(self) -> None:
        costly = [i for i, stage in enumerate(self.stages) if stage.costly]
        late = [s.name for s in self.stages[costly[0] :] if s.in_order] if costly else []
        if late:
            raise ValueError(f"stages that need the order of ids stand after a costly one: {late}")


def for_request(request: DesignRequest) -> Plan:
    """The plan of a request: its model, its funnel."""
    from crystal_studio.funnel.stages import for_funnel
    from crystal_studio.generators import registry

    stages = for_funnel(request.funnel)
    return Plan(
        lambda name: name or registry.default(),
        registry.load,
        stages,
        funnel_context,
        worker_context,
        lambda: missing_references(stages),
    )


def missing_references(stages: Sequence[Stage]) -> list[str]:
    """One sentence for each reference that a stage asks and that is not installed."""
    from crystal_studio.data.reference import ReferenceHull, ReferenceIndex
    from crystal_studio.properties import registry as properties

    needed: dict[str, Callable[[], object]] = {
        "novelty": ReferenceIndex.load,
        "properties": properties.load,
        "stability": ReferenceHull.load,
    }
    sentences = []
    for stage in stages:
        try:
            if stage.name in needed:
                needed[stage.name]()
        except KnownError as error:
            sentences.append(f"{stage.title} will stay unknown. {error}")
    return sentences


def funnel_context(project: Path, request: DesignRequest) -> FunnelContext:
    """What the stages share, with the memory of the project's candidates that passed the uniqueness stage."""
    from crystal_studio.funnel.context import FunnelContext
    from crystal_studio.funnel.stages import for_funnel
    from crystal_studio.project.queries import ProjectReader

    context = FunnelContext(request.potential)
    names = [stage.name for stage in for_funnel(request.funnel)]
    if "uniqueness" in names:
        with ProjectReader(project) as reader:
            later = tuple(names[names.index("uniqueness") + 1 :])
            ids = reader.ids(f"stage in {later!r} or (stage == 'uniqueness' and status != 'rejected')")
            if len(ids):
                context.remember(ids, reader.units(ids).space_group, reader.structures(ids, "generated"))
    return context


def worker_context(request: DesignRequest) -> FunnelContext:
    """The same for a worker process: it relaxes, and needs no memory. One thread each, on the processor."""
    from crystal_studio.funnel.context import FunnelContext

    return FunnelContext(request.potential)
