"""What ``pyinstaller.spec`` puts into the bundle."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def data(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """The files that the spec names by itself, and their folders in the bundle."""
    hooks: Any = ModuleType("PyInstaller.utils.hooks")
    hooks.collect_data_files = hooks.collect_submodules = hooks.copy_metadata = lambda *args, **options: []
    for name, module in (("PyInstaller", ModuleType("PyInstaller")), ("PyInstaller.utils", ModuleType("utils"))):
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setitem(sys.modules, hooks.__name__, hooks)
    monkeypatch.chdir(ROOT)
    told: dict[str, Any] = {}

    def analysis(scripts: list[str], **options: Any) -> SimpleNamespace:
        told.update(options)
        return SimpleNamespace(pure=[], scripts=[], binaries=[], datas=[])

    names = {"Analysis": analysis, **{name: lambda *args, **options: None for name in ("PYZ", "EXE", "COLLECT")}}
    exec(compile((ROOT / "pyinstaller.spec").read_text(), "pyinstaller.spec", "exec"), names)
    return told["datas"]


def test_scripts_for_another_python_are_files_with_what_they_import_of_their_folder(data) -> None:
    scripts = sorted((ROOT / "crystal_studio").rglob("*_job.py"))
    assert len(scripts) >= 5
    for script in scripts:
        imported = {
            alias.name
            for node in ast.walk(ast.parse(script.read_text()))
            if isinstance(node, ast.Import)
            for alias in node.names
        }
        beside = [script.with_name(f"{name}.py") for name in imported]
        for path in (script, *(other for other in beside if other.exists())):
            inside = path.relative_to(ROOT)
            assert (str(inside), str(inside.parent)) in data


def test_what_is_named_is_there(data) -> None:
    assert all((ROOT / name).exists() for name, _ in data)
