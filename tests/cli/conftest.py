"""The command line in this process, and a model small enough to generate in a blink."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from crystal_studio.cli.main import main


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def complaint(self) -> str:
        """The one line that tells what went wrong."""
        lines = [line for line in self.err.splitlines() if line.startswith("crystal-studio")]
        assert len(lines) == 1 and self.out == "", (self.out, self.err)
        assert "Traceback" not in self.err
        return lines[0]


Studio = Callable[..., Answer]


@pytest.fixture
def studio(capfd: pytest.CaptureFixture[str]) -> Studio:
    """Runs one command and returns its exit code and what it printed."""

    def run(*argv: object) -> Answer:
        capfd.readouterr()
        try:
            code = main([str(a) for a in argv])
        except SystemExit as left:
            code = int(left.code or 0)
        return Answer(code, *capfd.readouterr())

    return run


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models folder with an untrained SymmCD: real code, arbitrary weights."""
    import torch

    from crystal_studio.crystal.batches import AsymmetricUnits
    from crystal_studio.crystal.space_groups import tables
    from crystal_studio.generators.symmcd.network import Denoiser, NetworkConfig
    from crystal_studio.generators.symmcd.priors import estimate
    from crystal_studio.generators.symmcd.representation import encode
    from crystal_studio.generators.symmcd.weights import save

    table, rng, size = tables(), np.random.default_rng(0), 300
    groups = rng.choice([62, 166, 221, 225, 227], size).astype(np.int16)
    rows = [rng.integers(table.wyckoff_start[g - 1] + 1, table.wyckoff_start[g], 3) for g in groups]
    seen = AsymmetricUnits(
        groups,
        rng.uniform(4, 8, (size, 1, 1)) * np.eye(3),
        rng.choice([3, 8, 11, 17, 25], (size, 3)).astype(np.int16),
        np.array(rows, np.int16),
        rng.random((size, 3, 3)),
    )
    torch.manual_seed(0)
    config = NetworkConfig(hidden=32, layers=1)
    network = Denoiser(config, torch.as_tensor(table.encoding))
    folder = tmp_path_factory.mktemp("models")
    about = {"title": "Tiny, untrained", "licence": "MIT", "data": {}, "training": {}}
    save(folder / "tiny", dict(network.named_parameters()), config, estimate(encode(seen)), about)
    return folder


@pytest.fixture
def models(tiny_models: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tiny model is the only one installed."""
    monkeypatch.setenv("CRYSTAL_STUDIO_MODELS", str(tiny_models))
    return tiny_models


@pytest.fixture
def project(studio: Studio, models: Path, tmp_path: Path) -> Path:
    """Twelve candidates of Li, Mn and O, generated with the tiny model."""
    path = tmp_path / "p.crystals"
    answer = studio(
        *f"generate {path} --chemsys Li-Mn-O --mode subset --count 12 --seed 7 --steps 2 --max-atoms 12".split(),
        *["--funnel", "none", "--device", "cpu"],
    )
    assert answer.code == 0, answer.err
    return path
