"""The rooms import downwards only (the contracts stand in pyproject.toml)."""

from __future__ import annotations

import ast
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
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


def circle(root: Path, package: str) -> list[str]:
    """Modules that import each other in a circle, the first again at the end; empty where there is none.

    Imports within functions and those for type checking count as any other.
    """
    files = {
        ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): path
        for path in (root / package).rglob("*.py")
    }
    graph: dict[str, set[str]] = {}
    for name, path in files.items():
        named: set[str] = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                named |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                whole = {f"{node.module}.{alias.name}" for alias in node.names}
                named |= whole | ({node.module} if whole - files.keys() else set())
        graph[name] = named & files.keys() - {name}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_no_module_imports_itself_by_way_of_others(tmp_path: Path) -> None:
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy/__init__.py").touch()
    (tmp_path / "toy/a.py").write_text("from toy import b\n")
    (tmp_path / "toy/b.py").write_text("def late():\n    from toy.c import x\n")
    (tmp_path / "toy/c.py").write_text("x = 1\n")
    assert circle(tmp_path, "toy") == []
    (tmp_path / "toy/c.py").write_text("if TYPE_CHECKING:\n    import toy.a\n")
    assert set(circle(tmp_path, "toy")) == {"toy.a", "toy.b", "toy.c"}
    assert circle(ROOT, "crystal_studio") == []
