"""Stages as a request chooses them: their options, and whether they reject or only mark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from textbook import batch, codes, raw_batch

from crystal_studio.candidates.verdicts import Reason, ReasonKind, rejecting
from crystal_studio.crystal.batches import Structures
from crystal_studio.design.funnel import ChosenStage, Funnel
from crystal_studio.errors import RequestError
from crystal_studio.funnel import stage_options, stage_registry, stages
from crystal_studio.funnel.context import FunnelContext
from crystal_studio.funnel.geometry import GeometryStage
from crystal_studio.funnel.run_stage import run
from crystal_studio.funnel.stage_options import option
from crystal_studio.funnel.stage_registry import StageError


def chosen(stage: str, rejects: bool | None = None, **options: Any) -> ChosenStage:
    return ChosenStage(stage=stage, rejects=rejects, options=options)


def funnel(*choices: ChosenStage) -> Funnel:
    return Funnel(stages=choices)


def test_the_stages_stand_in_the_order_and_with_the_options_chosen() -> None:
    made = stages.for_funnel(funnel(chosen("symmetry", symprec=0.01), chosen("geometry", False, radius_fraction=0.5)))
    assert [s.name for s in made] == ["symmetry", "geometry"]
    assert made[0].symprec == 0.01 and made[1].radius_fraction == 0.5  # type: ignore[attr-defined]
    assert (made[0].rejects, made[1].rejects) == (True, False)


def test_what_a_stage_finds_wrong_rejects_or_only_marks() -> None:
    squeezed = raw_batch(Structures.from_lists([np.eye(3) * 4.0], [[11, 17]], [[[0, 0, 0], [0.1, 0, 0]]]))
    strict, lenient = (stages.make(chosen("geometry", rejects)) for rejects in (True, False))
    rejected, marked = (run(stage, squeezed, FunnelContext()) for stage in (strict, lenient))
    assert rejected.status == ("rejected",) and not rejected.passed.any()
    assert marked.status == ("passed",) and marked.passed.all()
    assert codes(rejected) == codes(marked) == ["overlap"] and rejected.reasons == marked.reasons


def test_stability_and_novelty_mark_unless_they_are_to_reject() -> None:
    known = batch("NaCl")
    assert run(stages.make(chosen("novelty")), known, FunnelContext()).passed.all()
    verdicts = run(stages.make(chosen("novelty", True)), known, FunnelContext())
    assert verdicts.status == ("rejected",) and codes(verdicts) == ["known"]


@pytest.mark.parametrize(
    ("choice", "option_name", "said"),
    [
        (chosen("relaxation", fmax=-1), "fmax", "Largest force: the value must lie between 0.0001 and 10"),
        (chosen("relaxation", fmaks=1), "fmaks", "no option 'fmaks'.* its options are max_steps, fmax"),
        (chosen("relaxation", max_steps="many"), "max_steps", "Steps, at most is malformed"),
        (chosen("geometry", least_volume=200.0), "least_volume", "no cell would pass"),
        (chosen("properties", True), "rejects", "no reason to reject"),
        (chosen("magic"), "", "no stage 'magic': choose one of geometry"),
    ],
)
def test_what_a_stage_cannot_be_is_said_with_its_name(choice: ChosenStage, option_name: str, said: str) -> None:
    with pytest.raises(RequestError, match=said) as refused:
        stages.for_funnel(funnel(choice))
    assert refused.value.field == "funnel" and isinstance(refused.value, StageError)
    assert refused.value.option == option_name
    assert not option_name or refused.value.stage == choice.stage


def test_the_stage_that_stands_wrong_is_named() -> None:
    with pytest.raises(StageError, match="put relaxation before it") as refused:
        stages.for_funnel(funnel(chosen("stability"), chosen("relaxation")))
    assert refused.value.stage == "stability"


def test_only_what_is_not_as_usual_is_kept() -> None:
    whole = funnel(chosen("geometry", True, radius_fraction=0.6, least_volume=5), chosen("consensus", False))
    assert stages.tidy(whole) == funnel(chosen("geometry", least_volume=5.0), chosen("consensus"))
    assert stages.tidy(stages.FUNNELS["full"]) == stages.FUNNELS["full"]


def test_names_are_expanded_and_later_ones_change_earlier_ones() -> None:
    saved = {"gentle": funnel(chosen("relaxation", fmax=0.2))}
    found = stages.expand("quick,gentle,consensus", saved)
    assert [s.stage for s in found.stages] == [*stages.QUICK, "consensus"]
    assert next(s for s in found.stages if s.stage == "relaxation").options == {"fmax": 0.2}
    assert stages.expand("gentle", saved).name == "gentle" and found.name == ""


def test_what_is_kept_of_the_options_of_a_stage_makes_it_again() -> None:
    stage = GeometryStage(radius_fraction=0.7)
    kept = stage_options.values(stage)
    assert kept["radius_fraction"] == 0.7 and set(kept) == {f.name for f in stage_options.fields(GeometryStage)}
    assert stages.make(chosen("geometry", **kept)) == stage


@dataclass(frozen=True)
class _Careless:
    """A stage that a third party has not thought through."""

    limit: float = option(1.0, "Limit", "its limit")
    name = "careless"
    title = "Careless"
    version = 1
    rejects = True
    in_order = costly = remembers = False
    requires = gives = ()
    reasons = (ReasonKind("bad", "Bad", "Bad."),)
    seconds = 0.0

    def __call__(self, batch: Any, context: Any) -> Any:
        return rejecting([Reason("bad")] * len(batch))


def test_conformance_finds_options_without_bounds_and_stages_that_cannot_only_mark() -> None:
    from crystal_studio.conformance.stages import options

    with pytest.raises(AssertionError, match="limit has bounds"):
        options(_Careless(), FunnelContext())

    @dataclass(frozen=True)
    class Bounded(_Careless):
        limit: float = option(1.0, "Limit", "its limit", low=0, high=2)

    with pytest.raises((AssertionError, TypeError), match="rejects"):
        options(Bounded(), FunnelContext())


@pytest.mark.usefixtures("boxes")
def test_the_options_of_another_packages_stage_are_known() -> None:
    (field,) = stage_options.fields(stage_registry.STAGES.get("bonds"))
    assert (field.name, field.unit, field.default) == ("longest", "Å", 2.0)
    (made,) = stages.for_funnel(funnel(chosen("bonds", False, longest=0.9)))
    assert made.longest == 0.9 and made.version == 3 and not made.rejects  # type: ignore[attr-defined]
