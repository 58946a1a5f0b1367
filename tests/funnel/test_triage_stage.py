"""The triage stage rejects what is surely far above the hull, and nothing that nobody knows anything of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from textbook import batch

from crystal_studio.crystal.batches import Structures
from crystal_studio.design.funnel import ChosenStage
from crystal_studio.funnel.context import FunnelContext
from crystal_studio.funnel.protocol import PROMISE
from crystal_studio.funnel.stages import for_funnel, make
from crystal_studio.funnel.triage import TriageStage
from crystal_studio.properties import registry

MODELS = (registry.TRIAGE_DEFAULT, registry.DEFAULT)


@pytest.mark.parametrize("model", MODELS)
def test_it_rejects_where_the_whole_interval_lies_over_the_limit(model: str) -> None:
    """Salt is stable; with the limit at the lower end of its interval the answer turns."""
    made = batch("NaCl", "SrTiO3")
    assert TriageStage(model=model)(made, FunnelContext()).passed.all()
    found = registry.load(model).predict(made.structures)
    low = found.low[:, [name in ("e_above_hull", "e_hull") for name in found.names].index(True)]
    limit = float(low.min()) - 0.01
    verdicts = TriageStage(limit=limit, model=model)(made, FunnelContext())
    assert found.in_domain.any() and verdicts.passed.tolist() == (~found.in_domain).tolist()
    first = int(np.argmax(found.in_domain))
    reason = verdicts.reasons[first]
    assert reason is not None and reason.parameters == {"low": pytest.approx(float(low[first])), "limit": limit}


@pytest.mark.parametrize("model", MODELS)
def test_what_is_unlike_the_training_data_goes_on(model: str) -> None:
    made = batch("NaCl")
    lattice, numbers, positions = made.structures.cell(0)
    swollen = Structures.from_lists([2 * lattice], [numbers], [positions])
    found = registry.load(model).predict(swollen)
    assert not found.in_domain[0] and found.reasons[0]
    candidates = replace(made.candidates, structures=swollen, units=None)
    stage = TriageStage(limit=-9.0, model=model)
    assert stage(replace(made, candidates=candidates), FunnelContext()).passed.all()


def test_a_stretched_crystal_is_known_to_shrink_back_and_one_of_equal_charges_to_lie_high() -> None:
    """The energy is that after relaxation: a salt 4% too large in every direction lies high, and is expected low."""
    made = batch("NaCl")
    lattice, numbers, positions = made.structures.cell(0)
    stretched = Structures.from_lists([1.04 * lattice], [numbers], [positions])
    mixed = Structures.from_lists([lattice], [np.array([11, 17, 11, 17, 17, 11, 17, 11])], [positions])
    model = registry.load(registry.TRIAGE_DEFAULT)
    low, high = model.predict(stretched), model.predict(mixed)
    assert low.mean[0, 0] < 0.1 < high.mean[0, 0]
    verdicts = TriageStage()(replace(made, candidates=replace(made.candidates, structures=stretched)), FunnelContext())
    chance = next(finding.values for finding in verdicts.findings if finding.quantity == PROMISE)
    assert chance[0] == pytest.approx(low.chance(0.0)[0]) and low.chance(0.1)[0] > high.chance(0.1)[0]


def test_without_a_model_nothing_is_rejected(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CRYSTAL_STUDIO_MODELS", str(tmp_path))
    verdicts = TriageStage(limit=-9.0)(batch("NaCl"), FunnelContext())
    assert verdicts.passed.all() and "train properties" in verdicts.notes["triage_note"][0]


def test_it_is_chosen_like_any_other_and_goes_before_the_relaxation() -> None:
    names = "geometry,composition,symmetry,uniqueness,novelty,properties,triage,relaxation,stability"
    assert [stage.name for stage in for_funnel(names)][6] == "triage"
    assert [stage.name for stage in for_funnel("quick,triage")] == names.split(",")
    chosen = make(ChosenStage(stage="triage", options={"limit": 1.0, "best": 200}, rejects=False))
    assert isinstance(chosen, TriageStage) and chosen.limit == 1.0 and chosen.waits and not chosen.rejects
