"""An ensemble of the property head is trained from a file, carried on, and judged on systems it never saw."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from crystal_studio.crystal.composition import chemical_systems
from crystal_studio.data.datasets import load
from crystal_studio.errors import FileError, ModelError, RequestError
from crystal_studio.properties import registry
from crystal_studio.properties.graph import RADIAL, build
from crystal_studio.properties.network import Size, Tensors
from crystal_studio.training import properties as training
from crystal_studio.training.properties import PropertyConfig, disturbed, loss, parts, train

CATIONS, ANIONS = range(3, 57), (8, 9, 16, 17, 34, 35)
SMALL = PropertyConfig(size=Size(16, 1, 4), members=2, epochs=40, batch=64, augment=0.2)


@pytest.fixture(scope="module")
def salts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rock salts of all sorts whose labels follow from the elements and the edge."""
    rng = np.random.default_rng(0)
    rows = []
    for a in CATIONS:
        for b in ANIONS:
            if a == b:
                continue
            edge = 4.5 + 0.02 * a + 0.01 * b + rng.uniform(-0.2, 0.2)
            rows.append(
                {
                    "lattice": np.array([edge / 2**0.5] * 3 + [60.0] * 3),
                    "atomic_numbers": np.array([a, b]),
                    "frac_coords": np.array([0, 0, 0, 0.5, 0.5, 0.5]),
                    "formation_energy_per_atom": -3 + 0.05 * b + 0.3 * (edge - 5) + rng.normal(scale=0.02),
                    "e_above_hull": max(0.0, rng.normal(scale=0.05)),
                    "band_gap": 0.0 if a % 2 else 3.0 + rng.normal(scale=0.1),
                }
            )
    path = tmp_path_factory.mktemp("salts") / "salts.parquet"
    pd.DataFrame(rows).to_parquet(path)
    return path


def test_no_chemical_system_is_in_two_parts(salts: Path) -> None:
    dataset = load(salts)
    part = parts(dataset)
    again = dataset.take(np.random.default_rng(1).permutation(len(dataset)))
    of = dict(zip(chemical_systems(dataset.structures), part, strict=True))
    assert parts(again).tolist() == [of[s] for s in chemical_systems(again.structures)]
    assert set(part) == {training.TRAIN, training.CALIBRATION, training.HELD_OUT}
    dataset.columns["split"] = np.array(["val"] * 5 + ["train"] * (len(dataset) - 5))  # type: ignore[index]
    assert (parts(dataset) == training.VALIDATION).sum() == 5


def test_learns_keeps_members_and_goes_on(salts: Path, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    out, rows = tmp_path / "model", []
    scores = train([salts], out, SMALL, report=rows.append)
    energy = scores["held-out systems"]["formation_energy_per_atom"]
    assert energy["mae"] < 0.5 * energy["mae_of_mean"]
    assert rows[-1]["member"] == 1 and rows[-1]["done"] == 1.0
    model = registry.load(str(out))
    dataset = load(salts)
    found = model.predict(dataset.structures)
    assert np.corrcoef(found.mean[:, 0], dataset.columns["formation_energy_per_atom"])[0, 1] > 0.9
    with pytest.raises(RequestError, match="--resume"):
        train([salts], out, SMALL)
    (out / "member-1.safetensors").unlink()
    rows.clear()
    assert train([salts], out, SMALL, resume=True, report=rows.append) == scores
    assert {row["member"] for row in rows} == {1}
    with pytest.raises(ModelError, match="fit"):
        (out / "card.json").write_text((out / "card.json").read_text().replace('"hidden": 16', '"hidden": 24'))
        registry._read.cache_clear()
        registry.load(str(out))


def test_data_without_labels_is_refused(salts: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare.parquet"
    pd.read_parquet(salts)[["lattice", "atomic_numbers", "frac_coords"]].to_parquet(bare)
    with pytest.raises(FileError, match="formation_energy_per_atom"):
        train([bare], tmp_path / "out", SMALL)


def test_loss_leaves_out_unknown_labels_and_gaps_of_metals() -> None:
    output = torch.zeros(3, 7, requires_grad=True)
    labels = torch.tensor([[-1.3, 0.0, 0.0], [float("nan"), 0.1, float("nan")], [-1.0, 0.2, 2.0]])
    value = loss(output, labels)
    value.backward()
    assert torch.isfinite(value) and output.grad is not None
    gradient = output.grad
    assert (gradient[1, [0, 1, 4, 5, 6]] == 0).all() and (gradient[0, [5, 6]] == 0).all()
    assert gradient[2, 5] != 0 and gradient[0, 4] < 0 < gradient[2, 4]


def test_disturbing_keeps_the_number_of_neighbours(salts: Path) -> None:
    tensors = Tensors.of(build(load(salts).structures))
    generator = torch.Generator().manual_seed(0)
    other = disturbed(tensors, 1.0, generator)
    inner = tensors.radial[:, [0, RADIAL - 1]].sum(1) == 0
    torch.testing.assert_close(other.radial.sum(1)[inner], tensors.radial.sum(1)[inner], rtol=1e-4, atol=1e-3)
    assert (other.whole[:, 0] - tensors.whole[:, 0]).std() == pytest.approx(0.06, rel=0.3)
    same = disturbed(tensors, 0.0, generator)
    assert torch.equal(same.radial, tensors.radial)
