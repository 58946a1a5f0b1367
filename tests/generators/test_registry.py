import json
import shutil

import pytest

from crystal_studio.errors import ModelError
from crystal_studio.generators import registry


@pytest.fixture
def copy(model_folder, tmp_path, monkeypatch):
    shutil.copytree(model_folder, tmp_path / "models")
    monkeypatch.setenv("CRYSTAL_STUDIO_MODELS", str(tmp_path / "models"))
    return tmp_path / "models" / "tiny"


def test_cards_are_listed(models):
    assert list(registry.installed()) == ["tiny"]
    assert registry.default() == "tiny"


def test_a_flipped_bit_is_found(copy):
    path = copy / "model.safetensors"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(ModelError, match="damaged"):
        registry.load("tiny")


def test_truncated_weights_are_found(copy):
    path = copy / "model.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ModelError, match="damaged"):
        registry.load("tiny")


def test_missing_weights_are_named(copy):
    (copy / "model.safetensors").unlink()
    with pytest.raises(ModelError, match="missing"):
        registry.load("tiny")


def test_weights_of_another_size_are_refused(copy):
    card = json.loads((copy / "card.json").read_text())
    card["network"]["hidden"] = 48
    (copy / "card.json").write_text(json.dumps(card))
    with pytest.raises(ModelError, match="do not fit"):
        registry.load("tiny")


def test_a_malformed_card_is_left_out_and_named_on_loading(copy):
    (copy / "card.json").write_text("{")
    assert registry.installed() == {}
    with pytest.raises(ModelError, match="card"):
        registry.load("tiny")


def test_unknown_names_list_what_there_is(models):
    with pytest.raises(ModelError, match="installed are tiny"):
        registry.load("other")


def test_no_model_at_all(tmp_path, monkeypatch):
    monkeypatch.setenv("CRYSTAL_STUDIO_MODELS", str(tmp_path))
    with pytest.raises(ModelError, match="crystal-studio train"):
        registry.load("")
