"""The funnels that a request can ask for, and stages made as one says."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from crystal_studio.design.funnel import Asked, ChosenStage, Funnel
from crystal_studio.design.targets import PropertyTarget
from crystal_studio.errors import RequestError
from crystal_studio.funnel import stage_options
from crystal_studio.funnel.protocol import Stage, TargetStage
from crystal_studio.funnel.stage_registry import STAGES, StageError

QUICK = ("geometry", "composition", "symmetry", "uniqueness", "novelty", "properties", "relaxation", "stability")
"""Stages of the quick funnel."""

FULL: dict[str, Any] = {"max_steps": 500, "fmax": 0.03, "cautious": False, "seconds": 2400.0}
"""Options of the relaxation in the full one."""

MOF: tuple[tuple[str, bool | None, dict[str, Any]], ...] = (
    ("geometry", None, {"most_volume": 1000.0, "longest_edge": 200.0}),
    ("mof_validity", None, {}),
    ("mof_uniqueness", None, {}),
    ("mof_novelty", None, {}),
    ("uff_relaxation", None, {}),
    ("mof_validity_relaxed", None, {}),
    ("pores", True, {}),
)
"""Stages of the funnel for metal-organic frameworks, whether they reject, and their options."""

FRAMEWORKS = ("mof_validity", "mof_uniqueness", "mof_novelty", "uff_relaxation", "mof_validity_relaxed", "co2_estimate")
"""Stages that say something of metal-organic frameworks alone."""

FUNNELS: dict[str, Funnel] = {
    "quick": Funnel.stated(name="quick", stages=tuple(ChosenStage.stated(stage=name) for name in QUICK)),
    "full": Funnel.stated(
        name="full",
        stages=tuple(ChosenStage.stated(stage=name, options=FULL if name == "relaxation" else {}) for name in QUICK),
    ),
    "mof": Funnel.stated(
        name="mof",
        stages=tuple(ChosenStage.stated(stage=name, rejects=rejects, options=o) for name, rejects, o in MOF),
    ),
    "none": Funnel.stated(name="none"),
}
"""The funnels that every installation has."""


def expand(funnel: Asked, saved: Mapping[str, Funnel] | None = None) -> Funnel:
    """A funnel with all its stages.

    Names of funnels and stages may follow each other ("quick,my_stage"): a stage that is named again keeps its place
    and takes the later options; ``added`` says where a new one goes. ``saved`` are funnels by name beside those of the
    installation. Raises ``StageError``.
    """
    if isinstance(funnel, Funnel):
        return funnel
    known = FUNNELS | dict(saved or {})
    chosen: dict[str, ChosenStage] = {}
    for part in (part.strip() for part in funnel.split(",")):
        if part in known:
            chosen |= {stage.stage: stage for stage in known[part].stages}
        elif part in STAGES:
            chosen = chosen if part in chosen else added(chosen, ChosenStage(stage=part))
        else:
            listed = f"{', '.join(known)}, or of the stages {', '.join(STAGES.names())}"
            raise StageError(f"Unknown funnel {part!r}: choose one of {listed}.")
    return Funnel(name=funnel.strip() if funnel.strip() in known else "", stages=tuple(chosen.values()))


def added(chosen: Mapping[str, ChosenStage], stage: ChosenStage) -> dict[str, ChosenStage]:
    """Stages by name with one more, or one changed in its place.

    It goes behind the others; one that sifts, before the first costly one that it does not follow. Raises
    ``StageError``.
    """
    if stage.stage in chosen or not getattr(STAGES.get(stage.stage), "sifts", False):
        return {**chosen, stage.stage: stage}
    names = list(chosen)
    follows = getattr(STAGES.get(stage.stage), "follows", ())
    after = max((i + 1 for i, name in enumerate(names) if name in follows), default=0)
    costly = (i for i, name in enumerate(names) if i >= after and name in STAGES and STAGES.get(name).costly)
    at = next(costly, len(names))
    return {name: chosen[name] for name in names[:at]} | {stage.stage: stage} | {n: chosen[n] for n in names[at:]}


def make(chosen: ChosenStage) -> Stage:
    """A stage as it was chosen; raises ``StageError`` where there is none such, or it cannot be set so."""
    kind = STAGES.get(chosen.stage)
    try:
        given = stage_options.read(kind, chosen.options)
        if chosen.rejects is not None and kind.reasons:
            given["rejects"] = chosen.rejects
        elif chosen.rejects:
            raise RequestError("It has no reason to reject anything: let it mark only.", "rejects")
        return kind(**given)
    except RequestError as error:
        raise StageError(f"Stage {chosen.stage}: {error}", chosen.stage, error.field) from error


def for_funnel(
    funnel: Asked,
    *,
    potential: str = "",
    found: Collection[str] = (),
    targets: Sequence[PropertyTarget] | None = None,
) -> tuple[Stage, ...]:
    """The stages of a funnel as a request names it, in their order.

    ``potential`` is checked to be known where it is named. ``found`` are quantities that the candidates have already,
    ``targets`` those of the request, None where it is not known yet. Raises ``RequestError``.
    """
    whole = expand(funnel)
    if potential:
        from crystal_studio.potentials import registry

        registry.check(potential)
    made = [make(stage) for stage in whole.stages]
    if targets is not None:
        made = [_told(stage, targets) for stage in made]
    return check(made, found)


def _told(stage: Stage, targets: Sequence[PropertyTarget]) -> Stage:
    if not isinstance(stage, TargetStage):
        return stage
    try:
        return stage.asked(targets)
    except RequestError as error:
        raise StageError(f"Stage {stage.name}: {error}", stage.name, error.field) from error


def stages(names: Iterable[str], found: Collection[str] = ()) -> tuple[Stage, ...]:
    """Stages by their names, in that order, with their usual limits; raises ``RequestError``."""
    return check([STAGES.get(name)() for name in names], found)


def tidy(funnel: Funnel) -> Funnel:
    """The same with nothing said that is as usual; raises ``StageError`` as ``make`` does."""
    out = []
    for chosen in funnel.stages:
        make(chosen)
        kind = STAGES.get(chosen.stage)
        usual = chosen.rejects is None or chosen.rejects == kind.rejects
        options = stage_options.unusual(kind, chosen.options)
        out.append(ChosenStage(stage=chosen.stage, rejects=None if usual else chosen.rejects, options=options))
    return Funnel(name=funnel.name, stages=tuple(out))


def check(chosen: Sequence[Stage], found: Collection[str] = ()) -> tuple[Stage, ...]:
    """The same stages where they work in this order; raises ``RequestError`` that says what to change.

    Every quantity that a stage requires must be given by one before it or be among ``found``; stages that need the
    order of ids come before costly ones; each stage stands once, and lacks nothing that has to be set first.
    """
    have = set(found)
    costly = ""
    seen: set[str] = set()
    for stage in chosen:
        if stage.name in seen:
            raise StageError(f"The stage {stage.name} is named twice: leave one out.", stage.name)
        seen.add(stage.name)
        option, wrong = stage.lacks() if hasattr(stage, "lacks") else ("", "")
        if wrong:
            raise StageError(f"Stage {stage.name}: {wrong}", stage.name, option)
        for quantity in stage.requires:
            if quantity not in have:
                raise StageError(_lacking(stage, quantity, chosen), stage.name)
        if costly and stage.in_order:
            raise StageError(
                f"The stage {stage.name} needs candidates in their order, so it cannot stand after {costly}, which"
                f" works on many at once: put {stage.name} first.",
                stage.name,
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
