"""The triage stage rejects what is surely far above the hull, and nothing that nobody knows anything of."""

from __future__ import annotations

from pathlib import Path

import pytest
from textbook import batch

from crystal_studio.crystal.batches import Structures
from crystal_studio.design.funnel import ChosenStage
from crystal_studio.funnel.context import FunnelContext
from crystal_studio.funnel.stages import for_funnel, make
from crystal_studio.funnel.triage import TriageStage
from crystal_studio.properties import registry


def test_it_rejects_where_the_whole_interval_lies_over_the_limit() -> None:
    """Salt is stable; with the limit at the lower end of its interval the answer turns."""
    made = batch("NaCl", "SrTiO3")
    assert TriageStage()(made, FunnelContext()).passed.all()
    found = registry.load(registry.DEFAULT).predict(made.structures)
    low = found.low[:, [name in ("e_above_hull", "e_hull") for name in found.names].index(True)]
    assert found.in_domain.all()
    limit = float(low.min()) - 0.01
    verdicts = TriageStage(limit=limit)(made, FunnelContext())
    assert not verdicts.passed.any()
    reason = verdicts.reasons[0]
    assert reason is not None and reason.parameters == {"low": pytest.approx(float(low[0])), "limit": limit}


def test_what_is_unlike_the_training_data_goes_on() -> None:
    made = batch("NaCl")
    lattice, numbers, positions = made.structures.cell(0)
    swollen = Structures.from_lists([3 * lattice], [numbers], [positions])
    found = registry.load(registry.DEFAULT).predict(swollen)
    assert not found.in_domain[0]
    from dataclasses import replace

    candidates = replace(made.candidates, structures=swollen, units=None)
    assert TriageStage(limit=-9.0)(replace(made, candidates=candidates), FunnelContext()).passed.all()


def test_without_a_model_nothing_is_rejected(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CRYSTAL_STUDIO_MODELS", str(tmp_path))
    verdicts = TriageStage(limit=-9.0)(batch("NaCl"), FunnelContext())
    assert verdicts.passed.all() and "train properties" in verdicts.notes["triage_note"][0]


def test_it_is_chosen_like_any_other() -> None:
    names = "geometry,composition,symmetry,uniqueness,novelty,properties,triage,relaxation,stability"
    assert [stage.name for stage in for_funnel(names)][6] == "triage"
    chosen = make(ChosenStage(stage="triage", options={"limit": 1.0}, rejects=False))
    assert isinstance(chosen, TriageStage) and chosen.limit == 1.0 and not chosen.rejects
