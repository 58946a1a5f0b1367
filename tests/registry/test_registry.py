"""Shipped entries, entry points of other packages, and what is wrong with them."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import pytest

from crystal_studio.errors import KnownError, ModelError
from crystal_studio.registry import Registry

GROUP = "crystal_studio.test_fruits"


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder from which Python imports; ``install`` puts packages with entry points into it."""
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def install(folder: Path, package: str, code: str, entries: dict[str, str]) -> None:
    (folder / f"{package}.py").write_text(code)
    about = folder / f"{package}-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    lines = [f"{name} = {package}:{attribute}" for name, attribute in entries.items()]
    (about / "entry_points.txt").write_text("\n".join([f"[{GROUP}]", *lines, ""]))


def fruits(**entries: str) -> Registry[object]:
    return Registry("fruit", GROUP, entries or {"pi": "math:pi", "join": "os:path.join"})


def test_a_shipped_entry_is_imported_when_asked_for(packages: Path) -> None:
    (packages / "late_fruit.py").write_text("value = 7\n")
    registry = fruits(late="late_fruit:value")
    assert registry.names() == ("late",) and "late" in registry and "late_fruit" not in sys.modules
    assert registry.get("late") == 7 and "late_fruit" in sys.modules


def test_attributes_may_be_dotted_and_modules_may_be_meant() -> None:
    import os

    assert fruits().get("join") is os.path.join
    assert fruits(os="os").get("os") is os


def test_an_unknown_name_lists_the_known() -> None:
    registry = Registry[float]("fruit", GROUP, {"pi": "math:pi", "e": "math:e"}, ModelError)
    with pytest.raises(ModelError, match=r"There is no fruit 'tau': choose one of pi, e\."):
        registry.get("tau")


def test_another_package_adds_an_entry(packages: Path) -> None:
    install(packages, "third_fruit", "value = 'kiwi'\n", {"kiwi": "value"})
    registry = fruits()
    assert registry.names() == ("pi", "join", "kiwi") and registry.get("kiwi") == "kiwi"
    assert set(registry.all()) == {"pi", "join", "kiwi"}


@pytest.mark.parametrize("code", ["raise RuntimeError('rotten')\n", "import no_such_module\n", "value = (\n", ""])
def test_a_broken_package_is_a_warning_and_never_more(
    packages: Path, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    install(packages, "broken_fruit", code, {"bad": "value"})
    sys.modules.pop("broken_fruit", None)
    registry = fruits()
    with caplog.at_level(logging.WARNING):
        assert set(registry.all()) == {"pi", "join"}
    assert "broken_fruit" in caplog.text and "remove it" in caplog.text
    assert registry.names() == ("pi", "join") and "broken_fruit" in registry.problem("bad")
    with pytest.raises(KnownError, match="'bad' of the package broken_fruit cannot be loaded"):
        registry.get("bad")


def test_a_shipped_name_cannot_be_taken(packages: Path, caplog: pytest.LogCaptureFixture) -> None:
    install(packages, "thief_fruit", "value = 3\n", {"pi": "value"})
    with caplog.at_level(logging.WARNING):
        assert fruits().get("pi") == pytest.approx(3.14159, abs=1e-5) and fruits().names() == ("pi", "join")
    assert "the name is taken" in caplog.text


def test_a_package_installed_later_is_found_after_a_refresh(packages: Path) -> None:
    registry = fruits()
    assert "plum" not in registry
    install(packages, "late_third_fruit", "value = 'plum'\n", {"plum": "value"})
    registry.refresh()
    assert registry.get("plum") == "plum"


def test_what_is_wrong_with_a_shipped_entry_is_raised_as_it_is() -> None:
    with pytest.raises(ModuleNotFoundError):
        fruits(lost="no_such_module_at_all:x").get("lost")


def test_what_is_not_as_it_should_be_is_left_out(packages: Path, caplog: pytest.LogCaptureFixture) -> None:
    install(packages, "unripe_fruit", "green = 'lime'\nripe = 'fig'\n", {"lime": "green", "fig": "ripe"})

    def check(fruit: object) -> None:
        if fruit == "lime":
            raise TypeError("not ripe")

    registry: Registry[object] = Registry("fruit", GROUP, {"pi": "math:pi"}, check=check)
    with caplog.at_level(logging.WARNING):
        assert set(registry.all()) == {"pi", "fig"}
    assert "not ripe" in registry.problem("lime") and "unripe_fruit" in caplog.text
