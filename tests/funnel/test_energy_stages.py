"""Novelty, relaxation and stability on the shipped resources, and without them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from textbook import batch, codes, found, raw_batch, sentences, structures

from crystal_studio.candidates.quantities import Method
from crystal_studio.crystal.batches import Structures
from crystal_studio.funnel import stages
from crystal_studio.funnel.context import FunnelContext
from crystal_studio.funnel.novelty import NoveltyStage
from crystal_studio.funnel.protocol import Batch
from crystal_studio.funnel.relaxation import RelaxationStage
from crystal_studio.funnel.stability import ONLY_ELEMENTS, StabilityStage
from crystal_studio.funnel.well_formed import complaint

CHGNET = Method("chgnet", "potential", "CHGNet 0.3.0 (PBE+U, MP2020 corrections)")


def with_energy(candidates: Batch, energy: float, method: str = "chgnet") -> Batch:
    return replace(candidates, found={f"energy_per_atom@{method}": np.full(len(candidates), energy)})


def test_known_crystals_are_named() -> None:
    verdicts = NoveltyStage()(batch("NaCl", "MgAl2O4"), FunnelContext())
    assert codes(verdicts) == ["known", "known"]
    assert sentences(NoveltyStage(), verdicts)[0] == "The crystal is known: mp-22862 (NaCl, Fm-3m)."
    assert found(verdicts, "novel").tolist() == [0.0, 0.0]
    nearest = found(verdicts, "nearest_known")
    assert nearest[0].endswith("(NaCl, Fm-3m)")
    assert "MgAl2O4" in nearest[1] or "Mg(AlO2)2" in nearest[1]
    assert {f.method.kind for f in verdicts.findings} == {"reference"}


def test_a_new_composition_is_novel_with_its_structure_type() -> None:
    rocksalt = structures("NaCl")
    strange = replace(rocksalt, numbers=np.where(rocksalt.numbers == 11, 94, 36).astype(np.int16))
    verdicts = NoveltyStage()(raw_batch(strange), FunnelContext())
    assert found(verdicts, "novel").tolist() == [1.0]
    assert verdicts.notes["nearest_note"].tolist() == ["same structure type"]
    assert found(verdicts, "nearest_distance")[0] < 0.01


def test_without_resources_nothing_is_rejected_and_the_reason_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    candidates = batch("NaCl")
    monkeypatch.setenv("CRYSTAL_STUDIO_RESOURCES", str(tmp_path))
    novelty = NoveltyStage()(candidates, FunnelContext())
    assert novelty.passed.all() and novelty.findings == ()
    assert novelty.notes["nearest_note"][0].startswith("No reference index: ")
    stability = StabilityStage()(with_energy(candidates, -3.4), FunnelContext())
    assert stability.passed.all() and stability.findings == ()
    assert stability.notes["hull_note"][0].startswith("There is no reference hull of the potential chgnet")


def test_hull_of_another_potential_is_not_mixed() -> None:
    verdicts = StabilityStage()(with_energy(batch("NaCl"), -3.4, "other"), FunnelContext(potential="other"))
    assert verdicts.passed.all() and verdicts.findings == ()
    note = verdicts.notes["hull_note"][0]
    assert note.startswith("There is no reference hull of the potential other") and "--potential other" in note


def test_energies_of_another_method_are_not_mixed() -> None:
    """A DFT energy, the headline value, says nothing about CHGNet's hull."""
    candidates = replace(with_energy(batch("NaCl"), -3.4, "gpaw"))
    candidates = replace(candidates, found={**candidates.found, "energy_per_atom": np.array([-3.4])})
    verdicts = StabilityStage()(candidates, FunnelContext())
    assert np.isnan(found(verdicts, "e_hull")).all() and "no energy" in verdicts.notes["hull_note"][0]


def test_relaxed_rock_salt_lies_on_the_hull() -> None:
    context = FunnelContext()
    candidates = batch("NaCl")
    relaxed = RelaxationStage()(candidates, context)
    assert relaxed.passed.all() and found(relaxed, "converged").tolist() == [1.0]
    assert {f.method for f in relaxed.findings} == {CHGNET}
    assert (
        relaxed.geometry is not None and relaxed.geometry.method == CHGNET and relaxed.geometry.moved.tolist() == [True]
    )
    cells = relaxed.geometry.structures
    assert cells.n_atoms.tolist() == [8]
    volume = cells.volume[0] / candidates.structures.volume[0]
    assert found(relaxed, "volume_change")[0] == pytest.approx(volume) and 0.9 < volume < 1.1
    # Whoever reads its distances beside the relaxed cell reads those of the relaxed cell.
    assert found(relaxed, "min_distance")[0] == pytest.approx(cells.volume[0] ** (1 / 3) / 2, rel=1e-3)
    assert 0.9 < found(relaxed, "min_radius_ratio")[0] < 1.2
    energy = {"energy_per_atom@chgnet": found(relaxed, "energy_per_atom")}
    stable = StabilityStage()(Batch(candidates.ids, candidates.candidates.with_geometry(cells), energy), context)
    assert found(stable, "e_hull")[0] == pytest.approx(0, abs=0.005)
    assert found(stable, "formation_energy")[0] == pytest.approx(-2.1, abs=0.1)
    assert stable.notes["decomposition"][0] == "1.00 NaCl"
    assert {f.method for f in stable.findings} == {CHGNET}


def test_a_hull_of_elements_alone_is_told() -> None:
    """No compound of actinium and phosphorus is known: whatever binds at all lies far below this hull."""
    rocksalt = structures("NaCl")
    numbers = np.where(rocksalt.numbers == 11, 89, 15).astype(np.int16)
    candidates = raw_batch(Structures.concatenate([replace(rocksalt, numbers=numbers), rocksalt, structures("Fe")]))
    verdicts = StabilityStage(cutoff=10)(with_energy(candidates, -6.0), FunnelContext())
    assert verdicts.notes["hull_note"].tolist() == [ONLY_ELEMENTS, None, None]
    assert verdicts.notes["decomposition"][0] == "0.50 Ac + 0.50 P"


def test_candidate_without_energy_gets_a_note() -> None:
    verdicts = StabilityStage()(batch("NaCl"), FunnelContext())
    assert verdicts.passed.all() and "no energy" in verdicts.notes["hull_note"][0]


def test_weak_points_of_the_potential_stand_beside_the_energy_and_only_mark() -> None:
    """The change of volume is heeded where a relaxation has found it, and is not needed."""
    plain = with_energy(batch("NaCl", "Fe", "SrTiO3"), -3.4)
    verdicts = StabilityStage(cutoff=10)(plain, FunnelContext())
    assert found(verdicts, "weaknesses").tolist() == [None, "magnetic (Fe)", None]
    assert verdicts.passed.all() and codes(verdicts) == ["", "", ""]
    changed = replace(plain, found={**plain.found, "volume_change@chgnet": np.array([1.0, np.nan, 1.9])})
    verdicts = StabilityStage(cutoff=10)(changed, FunnelContext())
    assert found(verdicts, "weaknesses").tolist() == [None, "magnetic (Fe)", "volume (swelled)"]


def test_without_an_energy_nothing_rests_on_weak_points() -> None:
    assert found(StabilityStage()(batch("Fe"), FunnelContext()), "weaknesses").tolist() == [None]


def test_a_relaxation_that_was_given_up_moves_nothing() -> None:
    lonely = Structures.from_lists([20 * np.eye(3), 5.64 * np.eye(3)], [[18], structures("NaCl").numbers],
                                   [[[0, 0, 0]], structures("NaCl").positions])  # fmt: skip
    stage = RelaxationStage(max_steps=2)
    verdicts = stage(raw_batch(lonely), FunnelContext())
    assert verdicts.status == ("rejected", "passed")
    assert sentences(stage, verdicts)[0].startswith("The potential has no answer")
    assert verdicts.geometry is not None and verdicts.geometry.moved.tolist() == [False, True]
    for quantity in ("energy_per_atom", "volume_change"):
        assert np.isnan(found(verdicts, quantity)).tolist() == [True, False]


@pytest.mark.usefixtures("boxes")
def test_the_named_potential_computes_on_the_named_device(monkeypatch: pytest.MonkeyPatch) -> None:
    import toy_springs

    used = []
    relax = toy_springs.Springs.relax
    monkeypatch.setattr(
        toy_springs.Springs,
        "relax",
        lambda self, *args, **named: used.append(self.device) or relax(self, *args, **named),
    )
    candidates = batch("NaCl")
    for device in ("cpu", "cuda:1"):
        verdicts = RelaxationStage(max_steps=3)(candidates, FunnelContext("springs", device))
        assert {f.method for f in verdicts.findings} == {Method("springs", "potential", "Springs between atoms")}
        expected = relax(toy_springs.Springs(), candidates.structures, 3, 0.1)
        assert found(verdicts, "energy_per_atom").tolist() == expected.energy_per_atom.tolist()
    assert used == ["cpu", "cuda:1"]


def test_no_stage_raises_on_weird_candidates() -> None:
    cells = Structures.from_lists(
        [np.zeros((3, 3)), np.full((3, 3), np.nan), 4 * np.eye(3), 30 * np.eye(3), 4 * np.eye(3), 5 * np.eye(3)],
        [[26], [26], [8, 8], [2], [], [110]],
        [[[0, 0, 0]], [[0, 0, 0]], [[0, 0, 0], [0, 0, 0]], [[0, 0, 0]], [], [[0, 0, 0]]],
    )
    weird = raw_batch(cells)
    context = FunnelContext()
    for stage in stages.for_funnel("quick"):
        assert complaint(stage, stage(weird, context), weird) == "", stage.name


def test_an_absurd_energy_makes_nothing_stable() -> None:
    """A network far outside its data may answer with any finite number."""
    verdicts = StabilityStage()(with_energy(batch("NaCl"), -1e30), FunnelContext())
    assert np.isnan(found(verdicts, "e_hull")).all() and np.isnan(found(verdicts, "formation_energy")).all()
    assert "a fault of CHGNet" in verdicts.notes["hull_note"][0]
