"""What ``pyinstaller.spec`` puts into the bundle."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]


FOUND = (
    "torch/lib/libtorch_cpu.so",
    "torch/bin/torch_shm_manager",
    "pyarrow/libparquet.so.2600",
    "pyarrow/libarrow_substrait.so.2600",  # every module of it is linked to that
    "PySide6/Qt/plugins/platforms/libqxcb.so",
    "chgnet/pretrained/0.3.0/chgnet_0.3.0_e29f68s314m37.pth.tar",
)
"""What hooks find and the program needs."""

UNUSED = (
    "torch/test/test_api",
    "torch/bin/protoc",
    "pyarrow/libarrow_flight.so.2600",
    "PySide6/Qt/lib/libQt6Quick.so.6",
    "PySide6/Qt/plugins/platforminputcontexts/libqtvirtualkeyboardplugin.so",
    "chgnet/pretrained/0.2.0/chgnet_0.2.0_e30f77s348m32.pth.tar",
)


@pytest.fixture
def spec(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the spec tells PyInstaller, which finds ``FOUND`` and ``UNUSED`` by itself: ``datas`` as it names them,
    ``scripts`` that run at the start, ``parts`` of the bundle."""
    hooks: Any = ModuleType("PyInstaller.utils.hooks")
    hooks.collect_data_files = hooks.collect_submodules = hooks.copy_metadata = lambda *args, **options: []
    for name, module in (("PyInstaller", ModuleType("PyInstaller")), ("PyInstaller.utils", ModuleType("utils"))):
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setitem(sys.modules, hooks.__name__, hooks)
    monkeypatch.chdir(ROOT)
    told: dict[str, Any] = {}

    def analysis(scripts: list[str], **options: Any) -> SimpleNamespace:
        told.update(options)
        parts = [(name, f"/packages/{name}", "BINARY") for name in (*FOUND, *UNUSED)]
        parts += [(Path(name).name, name, "SYMLINK") for name in UNUSED]
        hooks = [(name, f"/hooks/{name}.py", "PYSOURCE") for name in ("pyi_rth_multiprocessing", "pyi_rth_mplconfig")]
        return SimpleNamespace(pure=[], scripts=hooks, binaries=parts, datas=[])

    def program(pure: None, scripts: list[tuple[str, str, str]], **options: Any) -> None:
        told["scripts"] = [name for name, _, _ in scripts]

    def collect(program: None, *parts: list[tuple[str, str, str]], **options: Any) -> None:
        told["parts"] = [name for found in parts for name, _, _ in found]

    names = {"Analysis": analysis, "PYZ": lambda pure: None, "EXE": program, "COLLECT": collect}
    exec(compile((ROOT / "pyinstaller.spec").read_text(), "pyinstaller.spec", "exec"), names)
    return told


def test_scripts_for_another_python_are_files_with_what_they_import_of_their_folder(spec: dict[str, Any]) -> None:
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
            assert (str(inside), str(inside.parent)) in spec["datas"]


def test_what_is_named_is_there(spec: dict[str, Any]) -> None:
    assert all((ROOT / name).exists() for name, _ in spec["datas"])


def test_what_is_not_used_stays_out(spec: dict[str, Any]) -> None:
    assert sorted(spec["parts"]) == sorted(FOUND)


def test_matplotlib_keeps_what_it_knows_of_fonts(spec: dict[str, Any]) -> None:
    assert spec["scripts"] == ["pyi_rth_multiprocessing"]


_AS_A_BUNDLE = """
import runpy, sys
sys.frozen = True
sys.argv[1:] = ["-m", "json.tool", "--compact", "asked.json"]
runpy.run_module("crystal_studio", run_name="__main__")
"""


def test_stands_in_for_a_python_that_is_told_a_module(tmp_path: Path) -> None:
    """As dask-jobqueue starts workers: ``sys.executable -m distributed.cli.dask_worker``."""
    (tmp_path / "asked.json").write_text('{"a":   1}')
    ended = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}){_AS_A_BUNDLE}"],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    assert (ended.returncode, ended.stdout.strip()) == (0, '{"a":1}'), ended.stderr
