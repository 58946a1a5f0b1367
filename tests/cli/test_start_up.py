"""What a command and the window load before they have anything to show: a new process each, and none of the heavy."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {
    "torch", "pymatgen", "dask", "distributed", "scipy", "pandas", "matplotlib", "chgnet", "smact", "sklearn", "vispy",
    "pyqtgraph", "alembic",
}  # fmt: skip
PROJECT = Path(__file__).parents[1] / "project" / "data" / "version2.crystals"

_COMMAND = """
import json, sys
from crystal_studio.cli.main import main
try:
    code = main(sys.argv[2:])
except SystemExit as end:
    code = end.code
open(sys.argv[1], "w").write(json.dumps([code, sorted(sys.modules)]))
"""

_WINDOW = """
import json, os, sys
from crystal_studio.app import application
made = application.create_application()
from crystal_studio.app.main_window import MainWindow
window = MainWindow(probe_devices=False)
loaded = sorted(sys.modules)
window.show()
open(sys.argv[1], "w").write(json.dumps([0 if window.isVisible() else 1, loaded]))
os._exit(0)
"""


def _loaded(tmp_path: Path, code: str, *arguments: str) -> set[str]:
    told = tmp_path / "modules.json"
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen", "XDG_CONFIG_HOME": str(tmp_path)}
    ran = subprocess.run(
        [sys.executable, "-c", code, str(told), *arguments],
        capture_output=True,
        text=True,
        env=environment,
        stdin=subprocess.DEVNULL,
        timeout=120,
    )
    assert told.exists(), ran.stderr
    status, modules = json.loads(told.read_text())
    assert status == 0, ran.stderr
    return set(modules)


NEEDLESS = {
    "--help": {"numpy", "sqlalchemy", "pydantic", "ase", "PySide6", "http", "asyncio"},
    "models": {"numpy", "sqlalchemy", "pydantic", "ase", "PySide6", "http", "asyncio"},
    "list": {"pydantic", "ase", "PySide6", "http", "spglib", "crystal_studio.candidates.batch", "crystal_studio.data"},
}
"""What a command has no use for, beside the heavy."""


@pytest.mark.parametrize("arguments", [("--help",), ("list", "{project}"), ("models",)])
def test_a_quick_command_loads_nothing_heavy(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    project = tmp_path / "some.crystals"
    shutil.copy(PROJECT, project)
    from crystal_studio.project.store import ProjectWriter

    ProjectWriter.open(project).close()
    found = _loaded(tmp_path, _COMMAND, *(text.format(project=project) for text in arguments))
    assert not found & (HEAVY | NEEDLESS[arguments[0]])


def test_a_command_loads_no_other(tmp_path: Path) -> None:
    found = _loaded(tmp_path, _COMMAND, "models")
    assert {name for name in found if name.startswith("crystal_studio.cli.")} <= {
        f"crystal_studio.cli.{name}" for name in ("main", "common", "display", "models")
    }


OPENED_LATER = {
    "crystal_studio.app.evaluation.dialog", "crystal_studio.app.explore.export_dialog",
    "crystal_studio.app.notice_list",
    "crystal_studio.app.palette.command_palette", "crystal_studio.app.references.dialog",
    "crystal_studio.app.funnel.funnel_dialog", "crystal_studio.app.dft.dft_dialog",
}  # fmt: skip
"""Dialogs."""

AFTER_THE_FIRST_FRAME = {
    "ase", "http", "pydantic", "spglib", "sqlalchemy", "ssl", "urllib.request", "crystal_studio.data.reference_sets",
    "crystal_studio.generators.symmcd.family", "crystal_studio.potentials",
}  # fmt: skip
"""What reading the models and making the first request need."""


def test_the_window_is_there_before_anything_heavy_is_loaded(tmp_path: Path) -> None:
    assert not _loaded(tmp_path, _WINDOW) & (HEAVY | OPENED_LATER | AFTER_THE_FIRST_FRAME)
