"""Novelty, relaxation and stability on the shipped resources, and without them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from textbook import batch, raw_batch, structures

from crystal_studio.crystal.batches import Structures
from crystal_studio.errors import RequestError
from crystal_studio.funnel import stages
from crystal_studio.funnel.context import FunnelContext
from crystal_studio.funnel.novelty import Novelty
from crystal_studio.funnel.relaxation import Relaxation
from crystal_studio.funnel.stability import Stability


def test_names_and_order_of_the_quick_funnel() -> None:
    names = [stage.name for stage in stages.quick()]
    assert names == [
        *("geometry", "composition", "symmetry", "uniqueness", "novelty", "properties", "relaxation", "stability")
    ]
    assert [s.name for s in stages.quick() if s.costly] == ["relaxation"]
    assert [s.name for s in stages.quick() if s.in_order] == ["uniqueness"]
    assert stages.for_funnel("none") == ()
    assert [s.name for s in stages.for_funnel("full")] == names
    with pytest.raises(RequestError, match="Unknown funnel 'slow'"):
        stages.for_funnel("slow")


def test_known_crystals_are_named() -> None:
    verdicts = Novelty()(batch("NaCl", "MgAl2O4"), FunnelContext())
    assert verdicts.passed.all() and verdicts.reasons == ("", "")
    assert verdicts.values["novel"].tolist() == [False, False]
    assert verdicts.values["nearest_known"][0].endswith("(NaCl, Fm-3m)")
    assert "MgAl2O4" in verdicts.values["nearest_known"][1] or "Mg(AlO2)2" in verdicts.values["nearest_known"][1]


def test_a_new_composition_is_novel_with_its_structure_type() -> None:
    rocksalt = structures("NaCl")
    strange = replace(rocksalt, numbers=np.where(rocksalt.numbers == 11, 94, 36).astype(np.int16))
    verdicts = Novelty()(raw_batch(strange), FunnelContext())
    assert verdicts.values["novel"].tolist() == [True]
    assert verdicts.values["nearest_note"].tolist() == ["same structure type"]
    assert verdicts.values["nearest_distance"][0] < 0.01


def test_without_resources_nothing_is_rejected_and_the_reason_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    candidates = batch("NaCl")
    monkeypatch.setenv("CRYSTAL_STUDIO_RESOURCES", str(tmp_path))
    novelty = Novelty()(candidates, FunnelContext())
    assert novelty.passed.all() and novelty.values["novel"].tolist() == [None]
    assert novelty.values["nearest_note"][0].startswith("No reference index: ")
    with_energy = replace(candidates, values={"energy_per_atom": np.array([-3.4])})
    stability = Stability()(with_energy, FunnelContext())
    assert stability.passed.all() and np.isnan(stability.values["e_hull"]).all()
    assert stability.values["hull_note"][0].startswith("No reference hull: ")


def test_hull_of_another_potential_is_not_mixed() -> None:
    candidates = replace(batch("NaCl"), values={"energy_per_atom": np.array([-3.4])})
    verdicts = Stability()(candidates, FunnelContext(potential="other"))
    assert np.isnan(verdicts.values["e_hull"]).all()
    assert verdicts.values["hull_note"][0] == "The reference hull was computed by chgnet, not by other."


def test_relaxed_rock_salt_lies_on_the_hull() -> None:
    context = FunnelContext()
    candidates = batch("NaCl")
    relaxed = Relaxation()(candidates, context)
    assert relaxed.passed.all() and relaxed.values["converged"].tolist() == [1.0]
    assert relaxed.relaxed is not None and relaxed.relaxed.n_atoms.tolist() == [8]
    after = replace(candidates, structures=relaxed.relaxed, values=relaxed.values)
    stable = Stability()(after, context)
    assert stable.values["e_hull"][0] == pytest.approx(0, abs=0.005)
    assert stable.values["formation_energy"][0] == pytest.approx(-2.1, abs=0.1)
    assert stable.values["decomposition"][0] == "1.00 NaCl"


def test_candidate_without_energy_gets_a_note() -> None:
    verdicts = Stability()(batch("NaCl"), FunnelContext())
    assert verdicts.passed.all() and "no energy" in verdicts.values["hull_note"][0]


def test_no_stage_raises_on_weird_candidates() -> None:
    cells = Structures.from_lists(
        [np.zeros((3, 3)), np.full((3, 3), np.nan), 4 * np.eye(3), 30 * np.eye(3), 4 * np.eye(3), 5 * np.eye(3)],
        [[26], [26], [8, 8], [2], [], [110]],
        [[[0, 0, 0]], [[0, 0, 0]], [[0, 0, 0], [0, 0, 0]], [[0, 0, 0]], [], [[0, 0, 0]]],
    )
    weird = raw_batch(cells)
    context = FunnelContext()
    for stage in stages.quick():
        verdicts = stage(weird, context)
        assert len(verdicts.passed) == len(verdicts.reasons) == len(weird.ids), stage.name
        assert all(bool(reason) != passed for reason, passed in zip(verdicts.reasons, verdicts.passed, strict=True))
        assert all(len(column) == len(weird.ids) for column in verdicts.values.values())
