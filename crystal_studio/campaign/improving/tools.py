"""What an improvement works with; a test puts in its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from crystal_studio.campaign.improving.plan import ImprovePlan
from crystal_studio.campaign.judge_request import JudgeRequest
from crystal_studio.campaign.parts import RunParts
from crystal_studio.design.funnel import ChosenStage, Funnel
from crystal_studio.design.request import DesignRequest
from crystal_studio.errors import KnownError, RequestError
from crystal_studio.training.family import TrainingFamily

SOUND = ("geometry", "composition", "symmetry")
"""Stages that a sample of the first model has to pass to be rehearsed."""

NEEDED = ("uniqueness", "novelty", "relaxation", "stability")
"""Stages without which nobody knows what is stable, unique and new."""


def usual_parts(request: DesignRequest | JudgeRequest) -> RunParts | None:
    """Those that the request names."""
    return None


def trainer(model: str) -> TrainingFamily:
    """What trains a model further; raises ``RequestError`` where nothing does."""
    from crystal_studio.generators import registry
    from crystal_studio.training.registry import families

    name = registry.card(model).family
    able = [f.name for f in families.all().values() if f.fine_tuning is not None]
    if name not in able:
        title = registry.families.get(name).title
        raise RequestError(
            f"{title} models cannot be trained on the crystals that they make: choose a model of {' or '.join(able)}.",
            "model",
        )
    return families.get(name)


def folder_of(model: str) -> Path:
    """The folder of a model, its weights as its card says; raises ``ModelError``."""
    from crystal_studio.generators import registry

    registry.load(model)
    return registry.folder(model)


def methods(request: DesignRequest, guarded: bool) -> tuple[str, str]:
    """Names of the methods of the potential that relaxes and of the second one ("" where none is wanted).

    Raises ``KnownError`` where the funnel does not tell what is stable, unique and new, or there is no hull."""
    from crystal_studio.campaign.devices import resolve
    from crystal_studio.data.hull import ReferenceHull
    from crystal_studio.funnel.consensus import ConsensusStage
    from crystal_studio.funnel.context import FunnelContext
    from crystal_studio.funnel.stages import for_funnel
    from crystal_studio.potentials import registry

    there = {stage.name for stage in for_funnel(request.funnel, potential=request.potential)}
    missing = [name for name in NEEDED if name not in there]
    if missing:
        raise RequestError(
            f"The funnel does not tell what is worth learning: it lacks {', '.join(missing)}. Choose quick or full.",
            "funnel",
        )
    potential = registry.key(request.potential)
    ReferenceHull.load(potential)
    if not guarded:
        return potential, ""
    try:
        others = ConsensusStage().others(FunnelContext(request.potential, resolve(request.device).name))
    except KnownError as error:
        raise KnownError(f"{str(error).split(':')[0]}: install one, or go without a guard with --check 0.") from error
    return potential, registry.key(others[0])


def rehearsal(plan: ImprovePlan) -> DesignRequest:
    """Samples of the first model, of anything that it makes where it needs to be told nothing, to be judged by eye."""
    from crystal_studio.generators import registry
    from crystal_studio.generators.requests import complete

    asked = plan.request
    eye = Funnel(stages=tuple(ChosenStage(stage=name) for name in SOUND))
    if registry.families.get(registry.card(asked.model).family).capabilities.needs:
        return asked.with_(count=plan.options.rehearse, funnel=eye)
    request = DesignRequest(model=asked.model, device=asked.device, seed=asked.seed, count=plan.options.rehearse)
    return complete(request.with_(funnel=eye))


@dataclass(frozen=True)
class Tools:
    """parts : of a campaign or judging, None for those that its request names
    family : what trains a model further; folder : of a model by its name, its weights checked
    methods : names of both potentials' methods for a request, the second where one is wanted
    rehearsal : the request whose candidates are rehearsed
    """

    parts: Callable[[DesignRequest | JudgeRequest], RunParts | None] = usual_parts
    family: Callable[[str], TrainingFamily] = trainer
    folder: Callable[[str], Path] = folder_of
    methods: Callable[[DesignRequest, bool], tuple[str, str]] = methods
    rehearsal: Callable[[ImprovePlan], DesignRequest] = rehearsal
