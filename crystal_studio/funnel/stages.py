"""The stages that this installation offers, and the funnels that a request can ask for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from crystal_studio.errors import RequestError
from crystal_studio.funnel.protocol import Stage
from crystal_studio.registry import Registry


class StageError(RequestError):
    """A stage that is not there, or stages that do not work together."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "funnel")


STAGES: Registry[Any] = Registry(
    "stage",
    "crystal_studio.stages",
    {
        "geometry": "crystal_studio.funnel.geometry:GeometryStage",
        "composition": "crystal_studio.funnel.composition:CompositionStage",
        "symmetry": "crystal_studio.funnel.symmetry:SymmetryStage",
        "uniqueness": "crystal_studio.funnel.uniqueness:UniquenessStage",
        "novelty": "crystal_studio.funnel.novelty:NoveltyStage",
        "properties": "crystal_studio.funnel.properties:PropertiesStage",
        "relaxation": "crystal_studio.funnel.relaxation:RelaxationStage",
        "stability": "crystal_studio.funnel.stability:StabilityStage",
        "free_relaxation": "crystal_studio.funnel.free_relaxation:FreeRelaxationStage",
        "phonons": "crystal_studio.funnel.phonons:PhononStage",
        "consensus": "crystal_studio.funnel.consensus:ConsensusStage",
    },
    StageError,
)
"""Classes of stages; called without arguments they make a stage with its usual limits. An entry point names one."""

FUNNELS: dict[str, dict[str, dict[str, Any]]] = {
    "none": {},
    "quick": {
        "geometry": {},
        "composition": {},
        "symmetry": {},
        "uniqueness": {},
        "novelty": {},
        "properties": {},
        "relaxation": {},
        "stability": {},
    },
}
"""Stages of each funnel in their order, with the options that differ from the usual ones."""

FUNNELS["full"] = FUNNELS["quick"] | {
    "relaxation": {"max_steps": 500, "fmax": 0.03, "cautious": False, "seconds": 2400.0}
}


def for_funnel(name: str, *, potential: str = "", found: Collection[str] = ()) -> tuple[Stage, ...]:
    """The stages of a funnel by its name in a request.

    ``name`` is none, quick or full (quick with a relaxation to 0.03 eV/Angstrom in up to 500 steps), or names of
    funnels and stages with commas between them ("quick,my_stage"). ``potential`` is checked to be known where it is
    named. ``found`` are quantities that the candidates have already. Raises ``RequestError``.
    """
    options: dict[str, dict[str, Any]] = {}
    for part in name.split(","):
        part = part.strip()
        if part in FUNNELS:
            options |= FUNNELS[part]
        elif part in STAGES:
            options.setdefault(part, {})
        else:
            known = f"{', '.join(FUNNELS)}, or of the stages {', '.join(STAGES.names())}"
            raise StageError(f"Unknown funnel {part!r}: choose one of {known}.")
    if potential:
        from crystal_studio.potentials import registry

        registry.check(potential)
    return check([STAGES.get(stage)(**given) for stage, given in options.items()], found)


def stages(names: Iterable[str], found: Collection[str] = ()) -> tuple[Stage, ...]:
    """Stages by their names, in that order, with their usual limits; raises ``RequestError``."""
    return check([STAGES.get(name)() for name in names], found)


def check(chosen: Sequence[Stage], found: Collection[str] = ()) -> tuple[Stage, ...]:
    """The same stages where they work in this order; raises ``RequestError`` that says what to change.

    Every quantity that a stage requires must be given by one before it or be among ``found``; stages that need the
    order of ids come before costly ones; each stage stands once.
    """
    have = set(found)
    costly = ""
    seen: set[str] = set()
    for stage in chosen:
        if stage.name in seen:
            raise StageError(f"The stage {stage.name} is named twice: leave one out.")
        seen.add(stage.name)
        for quantity in stage.requires:
            if quantity not in have:
                raise StageError(_lacking(stage, quantity, chosen))
        if costly and stage.in_order:
            raise StageError(
                f"The stage {stage.name} needs candidates in their order, so it cannot stand after {costly}, which"
                f" works on many at once: put {stage.name} first."
            )
        costly = costly or (stage.name if stage.costly else "")
        have.update(stage.gives)
    return tuple(chosen)


def _lacking(stage: Stage, quantity: str, chosen: Sequence[Stage]) -> str:
    # One that needs it itself, and adds the word of another method, is no help.
    giving = [name for name, s in STAGES.all().items() if quantity in s.gives and quantity not in s.requires]
    here = [s.name for s in chosen if quantity in s.gives and s.name != stage.name]
    remedy = f"put {here[0]} before it" if here else f"put {' or '.join(giving)} before it" if giving else ""
    return (
        f"The stage {stage.name} needs {quantity}, which no stage before it gives: {remedy or 'leave the stage out'}."
    )
