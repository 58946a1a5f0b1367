"""What other potentials say of a candidate: their values beside the first one's, agreement, and who is asked."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from textbook import codes, raw_batch, sentences, structures

from crystal_studio.candidates.verdicts import Verdicts
from crystal_studio.conformance import samples, stages
from crystal_studio.crystal.composition import counts
from crystal_studio.crystal.elements import atomic_number
from crystal_studio.crystal.space_groups import tables
from crystal_studio.data.hull import RELAXED, WIDTH, ReferenceHull, hull_path, save_hull
from crystal_studio.data.weakness_tables import errors_path
from crystal_studio.errors import KnownError, ModelError
from crystal_studio.funnel.consensus import ConsensusStage
from crystal_studio.funnel.context import FunnelContext
from crystal_studio.funnel.lacking import lacking
from crystal_studio.funnel.protocol import Batch
from crystal_studio.funnel.run_stage import run
from crystal_studio.funnel.stages import for_funnel
from crystal_studio.funnel.well_formed import complaint
from crystal_studio.potentials import registry

ELEMENTS = ("Na", "Cl", "Mg", "O", "Cs", "Ge", "Zn", "S")
ASKED = FunnelContext("springs")
PAIR = ConsensusStage(potentials=("rubber",))


def hull_with(potential: str, crystals: Any = None, above: float = 0.0) -> None:
    """A hull of elements at 0 eV and of the given crystals, as the potential relaxes them, ``above`` eV/atom lower."""
    atoms = np.zeros((len(ELEMENTS), WIDTH), int)
    atoms[np.arange(len(ELEMENTS)), [atomic_number(symbol) for symbol in ELEMENTS]] = 1
    hull = ReferenceHull(atoms, np.zeros(len(ELEMENTS)), np.array(ELEMENTS), potential)
    if crystals is not None:
        energy = registry.load(potential).relax(crystals, PAIR.max_steps, PAIR.fmax).energy_per_atom - above
        hull = hull.extended(counts(crystals), energy, np.array([f"x-{i}" for i in range(len(crystals))]), RELAXED)
    save_hull(hull_path(potential), hull)


@pytest.fixture
def two(boxes: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The toy potentials springs and rubber, each with a hull that knows rock salt as it relaxes it."""
    tables()  # read once, before the resources are others
    monkeypatch.setenv("CRYSTAL_STUDIO_RESOURCES", str(tmp_path))
    registry._loaded.cache_clear()
    for potential in ("springs", "rubber"):
        hull_with(potential, structures("NaCl"))


def with_e_hull(batch: Batch, *values: float, potential: str = "springs") -> Batch:
    return replace(batch, found={f"e_hull@{potential}": np.array(values)})


def relaxed(cells: Any) -> Batch:
    """The crystals as springs relax them."""
    return raw_batch(registry.load("springs").relax(cells, 200, 0.02).structures)


def values(verdicts: Verdicts) -> dict[str, np.ndarray]:
    return {f"{f.quantity}@{f.method.name}": f.values for f in verdicts.findings}


@pytest.mark.usefixtures("two")
def test_a_second_potential_agrees_on_rock_salt() -> None:
    batch = with_e_hull(relaxed(structures("NaCl")), 0.002)
    verdicts = PAIR(batch, ASKED)
    assert not complaint(PAIR, verdicts, batch) and verdicts.passed.all()
    found = values(verdicts)
    assert found["e_hull@rubber"] == pytest.approx([0.0], abs=2e-3)
    assert found["e_hull_spread@consensus"] == pytest.approx(0.002 - found["e_hull@rubber"], abs=1e-6)
    assert found["structures_agree@consensus"].tolist() == found["verdicts_agree@consensus"].tolist() == [1.0]
    own = registry.load("rubber").energies(verdicts.geometry.structures)  # type: ignore[union-attr]
    assert found["energy_per_atom@rubber"] == pytest.approx(own, abs=1e-3)
    assert verdicts.geometry.method.name == "rubber" and verdicts.geometry.moved.all()  # type: ignore[union-attr]


@pytest.mark.usefixtures("two")
def test_only_candidates_below_the_cutoff_are_asked_about() -> None:
    batch = with_e_hull(relaxed(structures("NaCl", "NaCl", "ZnS")), 0.3, 0.01, np.nan)
    verdicts = PAIR(batch, ASKED)
    found = values(verdicts)
    assert np.isfinite(found["e_hull@rubber"]).tolist() == [False, True, False]
    assert np.isfinite(found["verdicts_agree@consensus"]).tolist() == [False, True, False]
    assert verdicts.geometry.moved.tolist() == [False, True, False]  # type: ignore[union-attr]
    assert np.array_equal(verdicts.geometry.structures.lattice[0], batch.structures.lattice[0])  # type: ignore[union-attr]
    assert verdicts.notes["consensus_note"].tolist() == [None, None, "There is no energy above hull by springs."]
    nobody = PAIR(with_e_hull(batch, 0.3, 0.2, 0.4), ASKED)
    assert nobody.passed.all() and nobody.geometry is None
    assert values(nobody).keys() == found.keys()
    assert all(value is None or np.isnan(value) for column in values(nobody).values() for value in column)


@pytest.mark.usefixtures("two")
def test_what_the_other_potential_is_weak_at_is_told_of_what_it_puts_a_number_on() -> None:
    cells = structures("NaCl", "NaCl", "TiO2")
    elements = {
        "Na": {"phases": 20, "error_mev": 30, "left_mev": 30},
        "Cl": {"phases": 500, "error_mev": 9, "left_mev": 9},
    }
    errors_path("rubber").write_text(json.dumps({"elements": elements, "left_mev": 10}))
    batch = with_e_hull(relaxed(cells), 0.0, 0.3, 0.0)
    batch = replace(batch, found=batch.found | {"volume_change@springs": np.array([2.0, 2.0, 2.0])})
    verdicts = PAIR(batch, ASKED)
    assert not complaint(PAIR, verdicts, batch)
    found = values(verdicts)["weaknesses@rubber"]
    assert found.tolist() == ["elements (Na), volume (swelled)", None, None]  # above the cutoff; no hull with Ti


@pytest.mark.usefixtures("two")
def test_a_candidate_that_the_other_finds_unstable_is_marked_or_rejected() -> None:
    hull_with("rubber", structures("NaCl"), above=0.25)
    batch = with_e_hull(relaxed(structures("NaCl")), 0.0)
    verdicts = run(PAIR, batch, ASKED)
    found = values(verdicts)
    assert verdicts.passed.all() and found["verdicts_agree@consensus"].tolist() == [0.0]
    assert codes(verdicts) == ["disagreement"]
    assert found["structures_agree@consensus"].tolist() == [1.0]
    assert found["e_hull_spread@consensus"] == pytest.approx([0.25], abs=2e-3)
    strict = replace(PAIR, rejects=True)
    (sentence,) = sentences(strict, strict(batch, ASKED))
    assert run(strict, batch, ASKED).status == ("rejected",)
    assert sentence.startswith("Rubber between atoms puts it 0.25") and sentence.endswith("(limit 0.100).")
    assert replace(strict, cutoff=0.3)(batch, ASKED).passed.all()


@pytest.mark.usefixtures("two")
def test_what_falls_apart_with_the_other_is_no_agreement(monkeypatch: pytest.MonkeyPatch) -> None:
    import toy_springs

    monkeypatch.setattr(toy_springs.Rubber, "stretch", 1.8)
    batch = with_e_hull(relaxed(structures("NaCl")), 0.0)
    verdicts = PAIR(batch, ASKED)
    found = values(verdicts)
    assert found["structures_agree@consensus"].tolist() == found["verdicts_agree@consensus"].tolist() == [0.0]
    assert np.isnan(found["e_hull@rubber"]).all() and np.isnan(found["e_hull_spread@consensus"]).all()
    assert "The cell swelled" in verdicts.notes["consensus_note"][0]
    assert verdicts.geometry is None
    strict = replace(PAIR, rejects=True)
    assert codes(strict(batch, ASKED)) == ["falls_apart"]
    assert "Rubber between atoms: The cell swelled" in sentences(strict, strict(batch, ASKED))[0]


@pytest.mark.usefixtures("two")
def test_another_crystal_is_no_agreement(monkeypatch: pytest.MonkeyPatch) -> None:
    """An oxide off any symmetry ends in another structure where bonds are much longer."""
    import toy_springs

    monkeypatch.setattr(toy_springs.Rubber, "stretch", 1.3)
    batch = with_e_hull(raw_batch(samples.crystals().take(np.array([4]))), 0.0)
    found = values(PAIR(batch, ASKED))
    assert found["structures_agree@consensus"].tolist() == [0.0]
    assert found["verdicts_agree@consensus"].tolist() == [1.0]


@pytest.mark.usefixtures("two")
def test_an_element_that_the_other_hull_lacks_leaves_the_question_open() -> None:
    batch = with_e_hull(relaxed(structures("TiO2")), 0.0)
    verdicts = PAIR(batch, ASKED)
    found = values(verdicts)
    assert np.isnan(found["verdicts_agree@consensus"]).all() and np.isfinite(found["energy_per_atom@rubber"]).all()
    assert "knows no phase of Ti" in verdicts.notes["consensus_note"][0]
    assert replace(PAIR, rejects=True)(batch, ASKED).passed.all()


@pytest.mark.usefixtures("two")
def test_who_is_asked() -> None:
    """All that are installed with a hull, but never the first potential; a name without a hull is a mistake."""
    assert ConsensusStage().others(ASKED) == ("rubber",)
    assert ConsensusStage().others(FunnelContext("rubber")) == ("springs",)
    assert ConsensusStage().others(FunnelContext("chgnet")) == ("springs", "rubber")
    assert ConsensusStage(potentials=("springs", "rubber")).others(ASKED) == ("rubber",)
    with pytest.raises(ModelError, match="no potential 'magic'"):
        ConsensusStage(potentials=("magic",)).reference(ASKED)
    with pytest.raises(KnownError, match=r"no reference hull of the potential chgnet"):
        ConsensusStage(potentials=("chgnet",)).reference(ASKED)


@pytest.mark.usefixtures("two")
def test_without_a_second_voice_it_is_said_before_and_noted() -> None:
    hull_path("rubber").unlink()
    (warning,) = lacking([ConsensusStage()], ASKED)
    assert warning.startswith("Consensus will stay unknown. No potential but springs") and "pip install" in warning
    verdicts = ConsensusStage()(with_e_hull(relaxed(structures("NaCl")), 0.0), ASKED)
    assert verdicts.passed.all() and "No potential but springs" in verdicts.notes["consensus_note"][0]


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize("check", stages.CHECKS, ids=lambda check: check.__name__)
def test_it_is_a_stage(check: Any) -> None:
    check(ConsensusStage(), ASKED)


def test_it_stands_behind_the_quick_funnel() -> None:
    assert [stage.name for stage in for_funnel("quick,consensus")][-2:] == ["stability", "consensus"]


def test_sevennet_and_chgnet_agree_on_rock_salt_and_magnesia(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sevenn", reason="sevenn is not installed: pip install crystal-studio[sevennet]")
    fcc = 0.5 * (1 - np.eye(3))
    cells = raw_batch(structures("NaCl")).structures
    cells = type(cells).from_lists([5.69 * fcc, 4.25 * fcc], [[11, 17], [12, 8]], [[[0, 0, 0], [0.5] * 3]] * 2)
    monkeypatch.setenv("CRYSTAL_STUDIO_RESOURCES", str(tmp_path))
    atoms = np.zeros((6, WIDTH), int)
    for row, symbols in enumerate(("Na", "Cl", "Mg", "O", "NaCl", "MgO")):
        atoms[row, [z for z in (8, 11, 12, 17) if {8: "O", 11: "Na", 12: "Mg", 17: "Cl"}[z] in symbols]] = 1
    published = np.array([-1.31, -1.84, -1.59, -4.93, -3.70, -6.33])
    save_hull(hull_path("sevennet"), ReferenceHull(atoms, published, np.array(list("abcdef")), "sevennet"))
    stage = ConsensusStage(potentials=("sevennet",))
    verdicts = stage(with_e_hull(raw_batch(cells), 0.0, 0.0, potential="chgnet"), FunnelContext())
    found = values(verdicts)
    assert found["e_hull@sevennet"] == pytest.approx([0.0, 0.0], abs=0.05)
    assert found["formation_energy@sevennet"] == pytest.approx([-2.11, -3.05], abs=0.1)
    assert found["e_hull_spread@consensus"] == pytest.approx(np.abs(found["e_hull@sevennet"]))
    assert found["structures_agree@consensus"].tolist() == found["verdicts_agree@consensus"].tolist() == [1.0, 1.0]
