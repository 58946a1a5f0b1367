"""New labels for a trained MOFDiff: learnt alone, told with their errors, and aimed at."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from crystal_studio.design.request import DesignRequest
from crystal_studio.design.targets import PropertyTarget
from crystal_studio.errors import RequestError
from crystal_studio.generators import registry
from crystal_studio.generators.mofdiff import weights
from crystal_studio.generators.mofdiff.labels import LABELS, NAMES, scaled, unscaled
from crystal_studio.generators.mofdiff.network import Network
from crystal_studio.mof.library import shipped_blocks, shipped_mofs, write_mofs
from crystal_studio.training.family import TrainingJob
from crystal_studio.training.mofdiff_family import MofDiffTraining
from crystal_studio.training.mofdiff_labels import Encoded, errors, label_loss, learn
from crystal_studio.training.mofdiff_labels_run import LabelConfig, learn_labels
from crystal_studio.training.mofdiff_run import train
from crystal_studio.training.registry import families
from tests.generators.mofdiff_parts import SIZES, random_embeddings, vocabulary
from tests.training.test_mofdiff import SMALL

CO2 = NAMES.index("co2_working_capacity")


def a_network() -> Network:
    torch.manual_seed(0)
    return Network(SIZES, vocabulary())


def test_scales_go_back():
    values = np.array([[5.0, 4.0, 900.0, 0.5, 2.5], [12.0, 7.0, 0.0, 0.8, 0.04]])
    assert unscaled(scaled(values)) == pytest.approx(values, abs=1e-4)


def test_more_labels_leave_the_network_as_it_was():
    """A model that knew fewer labels says of them, and draws for them, what it did."""
    old, new = a_network(), a_network()
    p = len(LABELS)
    own = old.state_dict()
    told = own["prior_in.weight"]
    own["labels_of.2.weight"], own["labels_of.2.bias"] = own["labels_of.2.weight"][:-1], own["labels_of.2.bias"][:-1]
    own["prior_in.weight"] = torch.cat([told[:, : -p - 1], told[:, -p:-1]], 1)
    new.load_state_dict(weights.widened(own, p))
    z, t, asked = torch.randn(3, SIZES.latent), torch.rand(3), torch.randn(3, p)
    asked[:, -1] = torch.nan
    torch.testing.assert_close(new.prior(z, t, asked), old.prior(z, t, asked))
    torch.testing.assert_close(new.told(z).labels[:, :-1], old.told(z).labels[:, :-1])
    assert not new.told(z).labels[:, -1].any()


def test_a_label_that_z_holds_is_learnt_and_the_rest_stays():
    network, random = a_network(), torch.Generator().manual_seed(1)
    z = torch.randn(400, SIZES.latent, generator=random)
    labels = torch.full((400, len(LABELS)), torch.nan)
    labels[:, CO2] = z[:, 0]
    known = Encoded(z, torch.full_like(z, 0.05), labels)
    parts = known.mean, known.deviation, known.labels
    training, held_out = Encoded(*(x[:300] for x in parts)), Encoded(*(x[300:] for x in parts))
    before = {name: p.clone() for name, p in network.state_dict().items()}
    first = label_loss(network, held_out.mean, held_out.labels).item()
    last = learn(network, training, held_out, steps=150, rate=3e-3, seed=0)
    assert last["val_labels"] < 0.3 * first
    found = errors(network, held_out)["co2_working_capacity"]
    assert found["frameworks"] == 100 and found["rank_correlation"] > 0.8 and found["mae"] < found["deviation"]
    changed = {name.split(".")[0] for name, p in network.state_dict().items() if not torch.equal(p, before[name])}
    assert changed == {"labels_of", "prior_in", "prior_layers", "prior_out"}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A model of a few frameworks, and the folder of their data."""
    folder = tmp_path_factory.mktemp("labels")
    mofs = shipped_mofs()
    few = mofs.take(np.flatnonzero(mofs.n_blocks <= 6)[:24])
    write_mofs(folder / "mofs.safetensors", few, shipped_blocks(), {"source": {"licence": "CC BY 4.0"}})
    embeddings = random_embeddings(len(shipped_blocks()))
    train(folder / "mofs.safetensors", folder / "models" / "old", replace(SMALL, max_epochs=1), embeddings)
    rows = "".join(f"{name},{0.1 * i:.2f}\n" for i, name in enumerate(few.name))
    (folder / "adsorption.csv").write_text("name,co2_working_capacity\n" + rows)
    return folder


def test_a_model_that_has_learnt_a_label_can_aim_at_it(trained, monkeypatch):
    rows: list[dict[str, float]] = []
    models = trained / "models"
    learn_labels(trained / "mofs.safetensors", models / "old", models / "new", LabelConfig(steps=4), report=rows.append)
    assert rows[0]["step"] == 0 and rows[-1]["step"] == 4
    monkeypatch.setenv("CRYSTAL_STUDIO_MODELS", str(trained / "models"))
    generator = registry.load("new")
    label = next(label for label in generator.card.labels if label.name == "co2_working_capacity")
    assert label.unit == "mmol/g" and 0 <= label.low < label.high <= 2.3
    generator.rounds = 1
    target = PropertyTarget("co2_working_capacity", 1.0, 2.0)
    request = DesignRequest(count=1, options={"steps": 2}, model="new", targets=(target,))
    generator.check(request)
    assert len(generator.sample(request, 0)) == 1
    with pytest.raises(RequestError, match="cannot aim at"):
        registry.load("old").check(request.with_(model="old"))


def test_labels_need_a_model(tmp_path):
    job = TrainingJob(tmp_path / "mofs.safetensors", tmp_path / "out", MofDiffTraining(learn="labels"))
    with pytest.raises(RequestError, match="--start"):
        families.get("mofdiff").train(job)
