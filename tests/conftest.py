"""Settings, weights and threads of the tests: nothing outside the test's folder is read or written."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from crystal_studio.execution.threads import one_thread

one_thread()
sys.path.insert(0, str(Path(__file__).parent / "crystals"))


@pytest.fixture(autouse=True)
def _own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings and logs of a test go to a folder of its own."""
    home = tmp_path_factory.mktemp("home")
    for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(home / name.lower()))


@pytest.fixture
def boxes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The package in ``tests/toy`` installed for one test: the family "boxes" with the model "toy-boxes", the potential
    "springs", the stage "bonds" with its quantity "longest_bond", the property model "guess", the DFT code "toy"."""
    from crystal_studio.candidates.registry import EXTENSIONS
    from crystal_studio.dft.registry import CODES
    from crystal_studio.exchange.exporters import exporters
    from crystal_studio.funnel.stage_registry import STAGES
    from crystal_studio.generators.registry import families
    from crystal_studio.potentials.registry import POTENTIALS
    from crystal_studio.properties.registry import PROPERTY_MODELS
    from crystal_studio.training.registry import families as trained

    registries = (families, trained, exporters, STAGES, POTENTIALS, PROPERTY_MODELS, EXTENSIONS, CODES)
    monkeypatch.syspath_prepend(str(Path(__file__).parent / "toy"))
    for registry in registries:
        registry.refresh()
    yield
    monkeypatch.undo()
    for registry in registries:
        registry.refresh()
