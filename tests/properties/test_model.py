"""The shipped model on text-book crystals, its mixture, its domain and its files."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk, make_supercell
from solids import batch, rocksalt, rotated

from crystal_studio import paths
from crystal_studio.crystal.batches import AsymmetricUnits, Structures
from crystal_studio.crystal.standardise import to_asymmetric_units
from crystal_studio.errors import ModelError
from crystal_studio.properties import registry
from crystal_studio.properties.ensemble import mixture_of
from crystal_studio.properties.graph import build
from crystal_studio.properties.protocol import NAMES, PropertyModel

SALTS = (rocksalt("Na", "Cl", 5.64), rocksalt("Mg", "O", 4.21), rocksalt("Li", "F", 4.03), rocksalt("K", "Br", 6.60))
METALS = tuple(bulk(s) for s in ("Cu", "Al", "Fe", "W", "Na", "Mg"))


@pytest.fixture(scope="module")
def model() -> PropertyModel:
    return registry.load()


def test_formation_energies_of_salts(model) -> None:
    """Materials Project, MP2020 scheme: NaCl -2.10, MgO -3.04, LiF -3.18, KBr -2.04 eV/atom."""
    found = model.predict(batch(*SALTS))
    np.testing.assert_allclose(found.mean[:, 0], [-2.10, -3.04, -3.18, -2.04], atol=0.3)
    assert (found.mean[:, 2] > 2.5).all() and (found.metal < 0.3).all() and found.in_domain.all()
    np.testing.assert_allclose(found.density, [2.16, 3.58, 2.64, 2.75], rtol=0.02)


def test_elements_have_no_formation_energy_and_metals_no_gap(model) -> None:
    found = model.predict(batch(*METALS))
    assert np.abs(found.mean[:, 0]).max() < 0.25
    assert (found.metal > 0.8).all() and found.mean[:, 2].max() < 0.3


def test_uncertainty_grows_and_domain_ends_away_from_known_crystals(model) -> None:
    usual, squeezed = rocksalt("Na", "Cl", 5.64), rocksalt("Na", "Cl", 3.2)
    rare = Atoms("RnF", scaled_positions=[[0, 0, 0], [0.5] * 3], cell=4 * np.eye(3), pbc=True)
    found = model.predict(batch(usual, squeezed, rare))
    assert found.in_domain.tolist() == [True, False, False]
    assert "volume" in found.reasons[1] and "Rn" in found.reasons[2] and found.reasons[0] == ""
    assert found.std[1, 0] > found.std[0, 0]


def test_predictions_do_not_depend_on_the_description(model) -> None:
    atoms = bulk("ZnO", "wurtzite", 3.25, 5.2)
    doubled = make_supercell(atoms, np.diag([1, 2, 1]))
    cells = batch(atoms, rotated(doubled, 1), rotated(atoms, 2))
    units, ok, _ = to_asymmetric_units(cells)
    assert ok.all() and isinstance(units, AsymmetricUnits)
    plain, orbits = model.predict(cells), model.predict(units)
    for found in (plain.mean, orbits.mean, plain.std, orbits.std):
        np.testing.assert_allclose(
            found, np.broadcast_to(plain.mean[0] if found is plain.mean else found[0], (3, 3)), atol=5e-3
        )
    np.testing.assert_allclose(plain.mean, orbits.mean, atol=5e-3)


def test_batches_and_order_make_no_difference(model) -> None:
    cells = batch(*SALTS, *METALS)
    together = model.predict(cells)
    order = np.random.default_rng(0).permutation(len(cells))
    np.testing.assert_allclose(model.predict(cells.take(order)).mean, together.mean[order], atol=1e-4)


def test_intervals_hold_the_mean_and_respect_zero(model) -> None:
    found = model.predict(batch(*SALTS, *METALS))
    assert (found.low <= found.mean).all() and (found.mean <= found.high).all()
    assert (found.low[:, 1:] >= 0).all() and (found.std > 0).all()
    assert found.names == NAMES


def test_cells_that_are_none_get_no_prediction(model) -> None:
    cells = Structures.from_lists(
        [np.full((3, 3), np.nan), np.zeros((3, 3)), 5 * np.eye(3), 30 * np.eye(3)],
        [[26], [26], [], [2]],
        [[[0, 0, 0]], [[0, 0, 0]], [], [[0, 0, 0]]],
    )
    found = model.predict(cells)
    assert np.isnan(found.mean[:3]).all() and np.isfinite(found.mean[3]).all()
    assert not found.in_domain.any() and all(found.reasons)
    assert len(model.predict(Structures.from_lists([], [], []))) == 0


class _Fixed(torch.nn.Module):
    """A member that always says the same."""

    def __init__(self, *output: float) -> None:
        super().__init__()
        self.output = torch.tensor(output)

    def forward(self, batch):
        return self.output.repeat(batch.count, 1)


def test_mixture_obeys_the_law_of_total_variance() -> None:
    graphs = build(batch(SALTS[0]))
    # Means 1 and 3 with variance 0.25 each; a gap of 2 +- 0.5 with probability 1/2, and certainly.
    members = [_Fixed(2.3, np.log(0.5), 3.0, -9.0, 0.0, 2.0, np.log(0.5)),
               _Fixed(4.3, np.log(0.5), 6.0, -9.0, -50.0, 2.0, np.log(0.5))]  # fmt: skip
    found = mixture_of(members, graphs)  # type: ignore[arg-type]
    np.testing.assert_allclose(found.mean[0], [2.0, 1.5, 1.5], rtol=1e-5)
    np.testing.assert_allclose(found.metal, [0.25], rtol=1e-5)
    assert found.std[0, 0] ** 2 == pytest.approx(0.25 + 1.0)
    assert found.epistemic[0].tolist() == pytest.approx([1.0, 0.5, 0.5])
    # Drawn: three quarters of N(2, 0.25), a quarter of zeros.
    rng = np.random.default_rng(0)
    drawn = np.where(rng.random(400_000) < 0.25, 0, rng.normal(2, 0.5, 400_000))
    assert found.std[0, 2] ** 2 == pytest.approx(drawn.var(), rel=0.02)


def test_files_that_do_not_fit_are_named(tmp_path: Path, monkeypatch) -> None:
    with pytest.raises(ModelError, match="properties-mp20-like"):
        registry.load("nothing")
    copy = shutil.copytree(paths.models() / registry.DEFAULT, tmp_path / "copy")
    weights = copy / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4] + b"\0\1\2\3")
    with pytest.raises(ModelError, match="hash"):
        registry.load(str(copy))
    card = json.loads((copy / "card.json").read_text())
    (copy / "card.json").write_text(json.dumps(card | {"family": "symmcd"}))
    with pytest.raises(ModelError, match="no property model"):
        registry.load(str(copy))
    monkeypatch.setenv("CRYSTAL_STUDIO_MODELS", str(tmp_path / "none"))
    assert registry.installed() == {}


def test_card_states_data_scores_and_elements(model) -> None:
    card = registry.installed()[registry.DEFAULT]
    assert card["sha256"] and card["members"] >= 1 and len(card["elements"]) > 80
    held = card["scores"]["held-out systems"]
    assert held["formation_energy_per_atom"]["r2"] > 0.95
    for label in NAMES:
        assert abs(held[label]["coverage_68"] - 0.68) < 0.06 and abs(held[label]["coverage_95"] - 0.95) < 0.03
