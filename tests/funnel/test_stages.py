"""Which stages there are, in which order they work, and which earlier candidates they have to be told of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from crystal_studio.errors import ModelError, RequestError
from crystal_studio.funnel import stage_registry, stages
from crystal_studio.funnel.context import FunnelContext
from crystal_studio.funnel.lacking import lacking
from crystal_studio.funnel.remembering import remembered, without
from crystal_studio.funnel.uniqueness import UniquenessStage

QUICK = ["geometry", "composition", "symmetry", "uniqueness", "novelty", "properties", "relaxation", "stability"]


def names(made: tuple[stages.Stage, ...]) -> list[str]:
    return [stage.name for stage in made]


def test_names_and_order_of_the_funnels() -> None:
    quick, full = stages.for_funnel("quick"), stages.for_funnel("full", potential="chgnet")
    assert names(quick) == names(full) == QUICK
    assert [s.name for s in quick if s.costly] == ["novelty", "relaxation"]
    assert [s.name for s in quick if s.in_order] == [s.name for s in quick if s.remembers] == ["uniqueness"]
    assert stages.for_funnel("none") == ()
    assert (quick[6].max_steps, quick[6].fmax) == (120, 0.1)  # type: ignore[attr-defined]
    assert (full[6].max_steps, full[6].fmax) == (500, 0.03)  # type: ignore[attr-defined]
    assert all((s.seconds > 0) == (s.costly or s.remembers) for s in quick) and full[6].seconds > quick[6].seconds


def test_funnels_and_stages_may_be_joined() -> None:
    assert names(stages.for_funnel("geometry, symmetry")) == ["geometry", "symmetry"]
    assert names(stages.for_funnel("quick,symmetry")) == QUICK


def test_unknown_names_list_the_known() -> None:
    known = "choose one of quick, full, mof, none, or .*geometry"
    with pytest.raises(RequestError, match=f"Unknown funnel 'slow': {known}"):
        stages.for_funnel("slow")
    with pytest.raises(RequestError, match="no stage 'magic': choose one of geometry"):
        stages.stages(["magic"])
    with pytest.raises(ModelError, match="no potential 'magic'"):
        stages.for_funnel("quick", potential="magic")


def test_what_a_stage_requires_must_be_given_before() -> None:
    with pytest.raises(RequestError, match=r"needs energy_per_atom, .*: put relaxation before it"):
        stages.stages(["stability", "relaxation"])
    with pytest.raises(RequestError, match=r"needs energy_per_atom, .*: put relaxation before it"):
        stages.stages(["stability"])
    with pytest.raises(RequestError, match=r"consensus needs energy_per_atom, .*: put relaxation before it"):
        stages.stages(["consensus"])
    assert names(stages.stages(["stability"], found=["energy_per_atom"])) == ["stability"]
    assert names(stages.stages(["relaxation", "stability"])) == ["relaxation", "stability"]


def test_the_order_of_ids_ends_at_the_first_costly_stage() -> None:
    with pytest.raises(RequestError, match=r"uniqueness needs .* after relaxation, .*: put uniqueness first"):
        stages.stages(["relaxation", "uniqueness"])
    with pytest.raises(RequestError, match="geometry is named twice"):
        stages.stages(["geometry", "geometry"])


def test_the_filter_of_what_is_remembered() -> None:
    """Everything but what was rejected as unsound, of another group or the same as an earlier one."""
    rule = remembered(UniquenessStage(), stages.for_funnel("quick"))

    def told(status: str, stage: str, marks: tuple[str, ...] = ()) -> bool:
        return bool(eval(rule, {"status": status, "stage": stage, "marks": marks}))

    assert told("passed", "") and told("passed", "generation") and told("pending", "") and told("error", "geometry")
    assert told("rejected", "relaxation") and told("rejected", "stage-of-an-extension")
    assert not any(told("rejected", stage) for stage in ("geometry", "composition", "symmetry", "uniqueness"))
    assert told("passed", "", ("geometry",)) and not told("passed", "", ("uniqueness",))
    alone = remembered(UniquenessStage(), (UniquenessStage(),))
    assert alone == rule


def test_the_filter_is_one_that_projects_understand() -> None:
    from crystal_studio.project.filters import parse

    assert "status" in str(parse(remembered(UniquenessStage(), stages.for_funnel("quick"))))


def test_those_that_this_run_has_yet_to_judge_are_told_as_they_pass() -> None:
    ids, quick = np.arange(1, 9), stages.for_funnel("quick")
    pending, reached = np.array([3, 4, 5, 6]), ["", "symmetry", "uniqueness", "relaxation"]
    assert without(ids, pending, reached, "uniqueness", quick).tolist() == [1, 2, 5, 6, 7, 8]


def test_missing_references_are_said_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quick = stages.for_funnel("quick")
    assert lacking(quick, FunnelContext()) == []
    (other,) = lacking(quick, FunnelContext("mace"))
    assert other.startswith("Energy above hull will stay unknown. There is no reference hull of the potential mace")
    monkeypatch.setenv("CRYSTAL_STUDIO_RESOURCES", str(tmp_path))
    monkeypatch.setenv("CRYSTAL_STUDIO_MODELS", str(tmp_path))
    assert len(lacking(quick, FunnelContext())) == 3


@pytest.mark.usefixtures("boxes")
def test_stage_and_quantity_of_another_package() -> None:
    """Molecules in boxes, nothing known of symmetry: judged by every cheap stage and by one of the package's own."""
    from textbook import codes, found

    from crystal_studio.design.request import ChemicalSystem, DesignRequest
    from crystal_studio.funnel import reasons
    from crystal_studio.funnel.protocol import Batch
    from crystal_studio.funnel.run_stage import run
    from crystal_studio.generators import registry

    request = DesignRequest(chemical_system=ChemicalSystem(("H", "O"), "exact"), model="toy-boxes", count=4)
    batch = Batch(np.arange(1, 5), registry.load("toy-boxes").sample(request, 0))
    chosen = stages.for_funnel("geometry,symmetry,uniqueness,novelty,properties,bonds", potential="springs")
    context = FunnelContext("springs")
    for stage in chosen:
        verdicts = run(stage, batch, context)
        assert "error" not in verdicts.status, stage.name
    assert found(verdicts, "longest_bond") == pytest.approx(np.full(4, np.hypot(0.757, 0.586)), abs=1e-6)
    short = stage_registry.STAGES.get("bonds")(longest=0.9)
    assert codes(short(batch, context)) == ["stretched"] * 4
    assert reasons.sentence("bonds", "stretched", {"length": 0.957, "limit": 0.9}).startswith("A bond is 0.96 Å long")
    assert reasons.title("bonds", "stretched") == "A bond is stretched"
