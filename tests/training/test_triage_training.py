"""An ensemble for triage is trained on projects, carried on, calibrated, and ranks what it has never seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from crystal_studio.analysis.enrichment import calibration_error, enrichment
from crystal_studio.candidates.batch import Candidates
from crystal_studio.candidates.quantities import Method
from crystal_studio.candidates.verdicts import Finding, marking
from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.composition import counts
from crystal_studio.data.hull import ReferenceHull
from crystal_studio.errors import FileError, ModelError, RequestError
from crystal_studio.potentials import registry as potentials
from crystal_studio.project.store import ProjectWriter
from crystal_studio.properties import calibration, registry
from crystal_studio.properties.elemental import table
from crystal_studio.properties.triage_network import Size, TriageNetwork
from crystal_studio.properties.unrelaxed import bent, describe, straight
from crystal_studio.training import triage as training
from crystal_studio.training.relaxed import relaxed
from crystal_studio.training.triage import TriageConfig, loss, parts, train

CATIONS, ANIONS = (3, 11, 12, 19, 20, 22, 25, 26, 29, 30, 37, 38), (8, 9, 16, 17, 35)
SMALL = TriageConfig(hidden=32, layers=1, members=2, epochs=60, batch=16, dropout=0.0, learning_rate=5e-3)
CHGNET = Method("chgnet", "potential", "CHGNet")


def salts(edges: np.ndarray) -> Structures:
    pairs = [(a, b) for a in CATIONS for b in ANIONS]
    cells = [edge * np.eye(3) for edge in edges]
    fcc = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
    both = np.concatenate([fcc, (fcc + 0.5) % 1])
    return Structures.from_lists(cells, [np.repeat(pair, 4) for pair in pairs], [both] * len(pairs))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rock salts of any size; "relaxed", half of what they lie above the hull is gone, and of some it is a bound."""
    rng = np.random.default_rng(0)
    made = salts(rng.uniform(4.2, 6.6, len(CATIONS) * len(ANIONS)))
    above = ReferenceHull.load("chgnet").distances(counts(made), potentials.load("chgnet").energies(made)).e_above_hull
    stopped = (np.arange(len(made)) % 6 == 0) & (above > 0.3)
    path = tmp_path_factory.mktemp("project") / "salts.crystals"
    with ProjectWriter.create(path) as writer:
        campaign = writer.add_campaign("salts", {"seed": 1}, {}, len(made))
        ids = writer.add_candidates(campaign, np.arange(len(made)), Candidates.of_structures(made), "")
        findings = [
            Finding("e_hull", CHGNET, np.where(stopped, 0.6 * above, 0.5 * above - 0.05)),
            Finding("stopped", CHGNET, stopped.astype(float)),
        ]
        writer.record(campaign, "stability", ids, marking(len(made), findings), last=True)
    return path


def test_no_chemical_system_is_in_two_parts() -> None:
    systems = [f"{a}-{b}" for a in "ABCDEFGH" for b in "IJKLMN"]
    assert set(parts(systems)) == {training.TRAIN, training.CALIBRATION, training.HELD_OUT}
    assert parts(systems[::-1]).tolist() == parts(systems).tolist()[::-1]


def test_energies_bend_and_straighten() -> None:
    energy = np.array([-0.3, 0.0, 0.05, 3.0])
    assert straight(bent(energy)) == pytest.approx(energy)


def test_learns_keeps_looks_and_members_and_goes_on(project: Path, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    out, rows = tmp_path / "model", []
    scores = train([project], out, SMALL, report=rows.append)
    assert scores["held-out systems"]["count"] > 0 and rows[-1]["member"] == 1 and rows[-1]["done"] == 1.0
    model = registry.load(str(out))
    seen = relaxed([project], table(), "chgnet", out / "looks")
    found = model.predict(salts(np.random.default_rng(0).uniform(4.2, 6.6, len(seen))))
    known = ~seen.stopped
    assert np.corrcoef(bent(found.mean[known, 0]), bent(seen.e_hull[known]))[0, 1] > 0.9
    held = (seen.e_hull >= found.low[:, 0]) & (seen.e_hull <= found.high[:, 0])
    assert held[known].mean() > 0.8
    chance = found.chance(0.1)
    stable = seen.e_hull <= 0.1
    assert chance[stable].mean() > chance[~stable].mean() + 0.3
    assert (found.chance(0.0) <= chance).all() and np.isnan(found.metal).all()
    with pytest.raises(RequestError, match="--resume"):
        train([project], out, SMALL)
    (out / "member-1.safetensors").unlink()
    looks = {path: path.stat().st_mtime_ns for path in (out / "looks").iterdir()}
    rows.clear()
    assert train([project], out, SMALL, resume=True, report=rows.append) == scores
    assert {row["member"] for row in rows if "member" in row} == {1}
    assert {path: path.stat().st_mtime_ns for path in (out / "looks").iterdir()} == looks


def test_a_project_without_relaxed_candidates_and_a_potential_without_a_look(tmp_path: Path) -> None:
    with ProjectWriter.create(tmp_path / "none.crystals") as writer:
        writer.add_campaign("none", {}, {}, 0)
    with pytest.raises(FileError, match="judge"):
        train([tmp_path / "none.crystals"], tmp_path / "out", SMALL)
    if "sevennet" in potentials.available():
        with pytest.raises(ModelError, match="chgnet"):
            describe(salts(np.full(60, 5.0)), table(), "sevennet")


def test_a_bound_teaches_that_the_energy_lies_below_it() -> None:
    output = torch.tensor([[0.0, 0.0], [4.0, 0.0]])
    energy, stopped = torch.tensor([2.0, 2.0]), torch.tensor([True, True])
    low, high = (loss(output[i : i + 1], energy[:1], stopped[:1], 0.0) for i in (0, 1))
    assert low < high
    sharp = loss(torch.tensor([[2.0, -1.0]]), energy[:1], ~stopped[:1], 0.0)
    assert sharp < loss(torch.tensor([[2.0, 1.0]]), energy[:1], ~stopped[:1], 0.0)


def test_an_untrained_network_says_that_nothing_moves() -> None:
    values = torch.randn(5, 7)
    assert TriageNetwork(Size(7))(values)[:, 0].tolist() == pytest.approx(values[:, 0].tolist())


def test_chances_are_set_right_by_slope_and_intercept() -> None:
    rng = np.random.default_rng(0)
    true = rng.normal(size=4000)
    hits = rng.random(4000) < 1 / (1 + np.exp(-true))
    slope, intercept = calibration.platt(3 * true + 2, hits)
    assert slope == pytest.approx(1 / 3, abs=0.05) and intercept == pytest.approx(-2 / 3, abs=0.15)
    told = 1 / (1 + np.exp(-(slope * (3 * true + 2) + intercept)))
    assert calibration_error(told, hits) < 0.03 < calibration_error(1 / (1 + np.exp(-3 * true - 2)), hits)
    assert np.isfinite(calibration.platt(true, np.zeros(4000))).all()


def test_enrichment_counts_the_hits_among_the_first() -> None:
    score = np.array([0.9, 0.1, np.nan, 0.8, 0.5, 0.5, 0.3, 0.2, 0.0, -1.0])
    hits = np.zeros(10, bool)
    hits[[0, 4, 2]] = True
    first, half = enrichment(score, hits, (0.1, 0.5))
    assert (first.found.count, first.found.total, first.rate.total) == (1, 3, 1)
    assert (half.found.count, half.rate.total) == (2, 5)
