"""Counting stable, unique and novel crystals; remembering and limiting relaxations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from salts import disguised, salt, salts

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.composition import counts
from crystal_studio.data.hull import ReferenceHull
from crystal_studio.errors import ModelError
from crystal_studio.evaluation import energies, relaxing
from crystal_studio.evaluation.crystal_set import CrystalSet
from crystal_studio.evaluation.parallel import Workers
from crystal_studio.evaluation.plan import EvaluationPlan
from crystal_studio.evaluation.relaxing import Relaxed, Settings


def outcome(structures: Structures, i: int, above: float) -> Relaxed:
    """A relaxation that changes nothing and ends so far above the hull, in eV/atom."""
    hull = ReferenceHull.load()
    here = structures.take(np.array([i]))
    zero = hull.distances(counts(here), np.zeros(1)).e_above_hull[0]
    return Relaxed(above - zero, True, here.lattice[0], here.positions, "")


def test_sun_counts_each_kind_once_and_no_elements() -> None:
    element = Structures.from_lists([np.eye(3) * 2.9], [[26, 26]], [[[0, 0, 0], [0.5, 0.5, 0.5]]])
    made = Structures.concatenate([salts(), disguised(salts().take(np.array([0, 1]))), element])
    above = [-0.02, -0.01, 0.05, 0.09, 0.5, np.nan, 0.3, 0.3, 0.3, 0.3, -0.03, 0.07, -0.1]
    outcomes = {
        i: outcome(made, i, e) if np.isfinite(e) else Relaxed(np.nan, False, None, None, "failed")
        for i, e in enumerate(above)
    }
    train = Structures.from_lists(*zip(salt("NaCl", "K", "Br"), strict=True))
    generated = CrystalSet("made", made, np.arange(len(made)).astype(str), unreadable=(("x", "bad"),) * 7)
    known = CrystalSet("train", train, np.array(["0"]))
    with Workers(1) as workers:
        report = energies.summary(EvaluationPlan(Path("made")), generated, known, outcomes, 20, workers)
    # NaCl twice, KBr twice (known), then MgO at 0.05 and CsCl at 0.09; iron is left out.
    assert [report[f"stable_{t}"]["count"] for t in ("0", "0.08", "0.1")] == [3, 5, 6]
    assert [report[f"sun_{t}"]["count"] for t in ("0", "0.08", "0.1")] == [1, 2, 3]
    assert report["sun_0.1"]["value"] == 3 / 20
    assert report["relaxed"]["count"] == 12


@pytest.fixture(scope="module")
def rock_salt() -> Structures:
    return Structures.from_lists(*zip(salt("NaCl", "Na", "Cl", scale=1.03), salt("NaCl", "Mg", "O"), strict=True))


def test_relaxations_are_remembered(rock_salt: Structures, tmp_path: Path) -> None:
    cache = tmp_path / "relaxed.jsonl"
    cache.write_text("torn line\n{}\n")
    settings = Settings(seconds=200)
    first = relaxing.relax(rock_salt, settings, 1, cache)
    assert first[0].converged and first[0].lattice is not None
    assert abs(np.linalg.det(first[0].lattice)) < rock_salt.volume[0]
    # A potential that does not exist, under the same name in the file: nothing is left to do.
    again = relaxing.relax(rock_salt, settings, 1, cache, progress=lambda *_: pytest.fail("worked again"))
    assert again[0].energy == first[0].energy
    np.testing.assert_allclose(again[1].lattice, first[1].lattice)


def test_relaxations_out_of_time_are_not_remembered(rock_salt: Structures, tmp_path: Path) -> None:
    cache = tmp_path / "relaxed.jsonl"
    found = relaxing.relax(rock_salt.take(np.array([0])), Settings(seconds=0.001), 1, cache)
    assert found[0].late and np.isnan(found[0].energy) and "longer" in found[0].reason
    assert not cache.exists()


def test_an_unknown_potential(rock_salt: Structures) -> None:
    with pytest.raises(ModelError, match="abacus"):
        relaxing.relax(rock_salt, Settings(potential="abacus"), 1)


def test_an_interrupted_relaxation_is_judged(rock_salt: Structures, monkeypatch: pytest.MonkeyPatch) -> None:
    def stops(structures, settings, workers, cache, progress, done):
        done.update({k: outcome(structures, k, 0.0) for k in (0, 1, 3)})
        raise KeyboardInterrupt

    monkeypatch.setattr(relaxing, "relax", stops)
    made = CrystalSet("made", salts(), np.arange(10).astype(str))
    with Workers(1) as workers:
        plan = EvaluationPlan(Path("made"), relax=8)
        report, complete = energies.entries(plan, made, None, np.ones(10, bool), workers, None)
    assert report["relaxed"]["count"] == report["relaxed"]["of"] == 2
    assert not complete
