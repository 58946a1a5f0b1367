"""The benchmarks fit the program: what they import from it is there. They take too long to be run here."""

from __future__ import annotations

import ast
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def defined(module: str) -> set[str]:
    """Names of a module of the program, and of the modules in it where it is a package; read, not imported."""
    spec = find_spec(module)
    assert spec and spec.origin, f"there is no module {module}"
    names = {Path(entry).stem for folder in spec.submodule_search_locations or () for entry in Path(folder).iterdir()}
    for node in ast.parse(Path(spec.origin).read_text(encoding="utf-8")).body:
        for part in ast.walk(node):
            if isinstance(part, ast.FunctionDef | ast.ClassDef):
                names.add(part.name)
            elif isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                names.add(part.id)
            elif isinstance(part, ast.ImportFrom):
                names |= {alias.asname or alias.name for alias in part.names}
    return names


@pytest.mark.parametrize("benchmark", sorted((ROOT / "benchmarks").glob("*.py")), ids=lambda path: path.stem)
def test_what_a_benchmark_imports_is_there(benchmark: Path) -> None:
    for node in ast.walk(ast.parse(benchmark.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("crystal_studio"):
            assert {alias.name for alias in node.names} <= defined(str(node.module)), node.module
