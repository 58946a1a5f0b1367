"""The rooms import downwards only (the contracts stand in pyproject.toml)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_contracts_hold() -> None:
    code = "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_contracts_catch_an_upward_import(tmp_path: Path) -> None:
    """The same contracts, on a copy of the tree with one import the wrong way."""
    import shutil

    shutil.copytree(ROOT / "crystal_studio", tmp_path / "crystal_studio", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / "crystal_studio/crystal/batches.py").open("a") as file:
        file.write("\nimport crystal_studio.design.request\n")
    code = "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode != 0 and "crystal_studio.crystal.batches -> crystal_studio.design.request" in done.stdout
