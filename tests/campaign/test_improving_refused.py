"""What cannot be improved is said before anything is made."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from crystal_studio import paths
from crystal_studio.campaign.improving import starting, tools
from crystal_studio.campaign.improving.plan import ImproveOptions, ImprovePlan
from crystal_studio.design.funnel import ChosenStage, Funnel
from crystal_studio.design.request import DesignRequest
from crystal_studio.errors import FileError, KnownError, ModelError, RequestError


def test_a_family_that_learns_from_no_crystals(boxes) -> None:
    with pytest.raises(RequestError, match=r"Boxes models cannot be trained .* choose a model of symmcd") as caught:
        tools.trainer("toy-boxes")
    assert caught.value.field == "model"


def test_a_funnel_that_does_not_tell_what_is_stable() -> None:
    with pytest.raises(RequestError, match="lacks novelty, relaxation, stability") as caught:
        tools.methods(DesignRequest(funnel=Funnel(stages=(ChosenStage(stage="uniqueness"),))), False)
    assert caught.value.field == "funnel"


def test_a_potential_without_a_hull(boxes) -> None:
    with pytest.raises(KnownError, match="springs"):
        tools.methods(DesignRequest(potential="springs", device="cpu"), False)


def test_no_second_potential(monkeypatch) -> None:
    from crystal_studio.potentials import registry

    monkeypatch.setattr(registry, "available", lambda: ("chgnet",))
    with pytest.raises(KnownError, match="go without a guard with --check 0"):
        tools.methods(DesignRequest(device="cpu"), True)
    assert tools.methods(DesignRequest(device="cpu"), False) == ("chgnet", "")


def test_damaged_weights_and_missing_base_data(tmp_path: Path, monkeypatch) -> None:
    shutil.copytree(paths.models() / "symmcd-mp20-like", tmp_path / "mine")
    weights = tmp_path / "mine" / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-100] ^= 1
    weights.write_bytes(bytes(data))
    monkeypatch.setenv("CRYSTAL_STUDIO_MODELS", str(tmp_path))
    request = DesignRequest(model="mine", device="cpu")
    with pytest.raises(ModelError, match="are damaged"):
        starting.plan_of(request, ImproveOptions(check=0))
    (tmp_path / "mine" / "model.safetensors").unlink()
    with pytest.raises(ModelError, match="missing"):
        starting.plan_of(request, ImproveOptions(check=0))


def test_base_data_that_are_not_there(monkeypatch, tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"no file nowhere\.parquet"):
        starting.plan_of(
            DesignRequest(model="symmcd-mp20-like", device="cpu"), ImproveOptions(check=0), "nowhere.parquet"
        )


def test_nothing_to_carry_on(tmp_path: Path) -> None:
    from crystal_studio.project.store import ProjectWriter

    ProjectWriter.create(tmp_path / "empty.crystals").close()
    with pytest.raises(RequestError, match="holds no improvement: begin one"):
        starting.last(tmp_path / "empty.crystals")


def test_a_plan_comes_back_from_the_project_as_it_was() -> None:
    plan = ImprovePlan(
        DesignRequest(model="m", count=7), ImproveOptions(near=0.05), "chgnet", "sevennet", "d.parquet", 3
    )
    assert ImprovePlan.from_dict(json.loads(json.dumps(plan.to_dict()))) == plan
    assert plan.request_of(2, "n") == plan.request.with_(model="n", seed=2)


def test_models_of_the_user_are_found_beside_those_that_ship(tmp_path: Path, monkeypatch) -> None:
    from crystal_studio.generators import registry

    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    before = list(registry.installed())
    shutil.copytree(paths.models() / "symmcd-mp20-like", paths.own_models() / "battery-i1-r1")
    assert "battery-i1-r1" in registry.installed() and registry.installed().keys() > set(before)
    assert registry.folder("battery-i1-r1") == paths.own_models() / "battery-i1-r1"
    assert registry.default() == before[0] and registry.load("battery-i1-r1").card.name == "battery-i1-r1"
