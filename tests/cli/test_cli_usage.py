"""What the command line says before any work: help, mistakes, and how little it loads for that."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from crystal_studio.cli.main import COMMANDS, main

HEAVY = ("torch", "pymatgen", "PySide6", "vispy", "pyqtgraph", "scipy", "sqlalchemy", "chgnet", "ase", "numpy")


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_has_an_example(command: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main([*([command] if command else []), "--help"])
    assert left.value.code == 0
    text = capfd.readouterr().out
    if command:
        assert f"crystal-studio {command}" in text.split("example:")[1]
        assert "--json" in text
    else:
        listed = {line.split()[0] for line in text.splitlines() if line.startswith("    ")}
        assert set(COMMANDS) <= listed


@pytest.mark.parametrize(
    ("argv", "needed"),
    [(["--help"], []), (["list", "--help"], []), (["train", "--help"], []), (["generate", "--help"], ["numpy"])],
)
def test_help_loads_nothing_heavy(argv: list[str], needed: list[str]) -> None:
    """The options of ``generate`` are drawn from what requests and families declare, which know the elements."""
    code = f"""
import sys
from crystal_studio.cli.main import main
try:
    main({argv!r})
except SystemExit:
    pass
print("\\nLOADED", [name for name in {HEAVY!r} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == f"LOADED {needed}"


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["divine"], "invalid choice"),
        (["generate"], "PROJECT"),
        (["generate", "{p}", "--count", "many"], "--count"),
        (["generate", "{p}", "--mode", "maybe", "--chemsys", "Li"], "--mode"),
        (["generate", "{p}", "--chemsys", "-"], "empty"),
        (["generate", "{p}", "--chemsys", "Li-Xx"], "'Xx'"),
        (["generate", "{p}", "--chemsys", "Li-Mn-O", "--space-group", "231"], "231"),
        (["generate", "{p}", "--chemsys", "Li-Mn-O", "--space-group", "Fq-3m"], "Fq-3m"),
        (["generate", "{p}", "--composition", "Li2Mn(", "--space-group", "1"], "not a formula"),
        (["generate", "{p}", "--chemsys", "Li-O", "--exclude", "Li"], "Li"),
        (["generate", "{p}", "--chemsys", "Li-O", "--target", "gap"], "target"),
        (["generate", "{p}", "--count", "0"], "at least one"),
        (["generate", "{p}", "--device", "tpu"], "tpu"),
        (["show", "{p}", "first"], "ID"),
    ],
)
def test_a_mistake_is_one_line_and_exit_2(
    argv: list[str], words: str, tmp_path, capfd: pytest.CaptureFixture[str]
) -> None:
    project = tmp_path / "p.crystals"
    argv = [a.format(p=project) for a in argv]
    try:
        code = main(argv)
    except SystemExit as left:
        code = left.code  # type: ignore[assignment]
    out, err = capfd.readouterr()
    assert code == 2 and out == ""
    assert words in err and len(err.strip().splitlines()) == 1
    assert not project.exists()


def test_an_error_in_json_is_one_document(tmp_path, capfd: pytest.CaptureFixture[str]) -> None:
    code = main(["generate", str(tmp_path / "p.crystals"), "--chemsys", "Xx", "--json"])
    out, err = capfd.readouterr()
    assert code == 2
    assert json.loads(out) == {"error": "'Xx' is not a chemical element.", "exit_code": 2}
    assert err.strip() == "crystal-studio generate: 'Xx' is not a chemical element."


def test_what_libraries_print_does_not_reach_standard_output(tmp_path, capfd, monkeypatch) -> None:
    import os

    from crystal_studio.cli import models

    def noisy(args: object) -> dict[str, object]:
        print("CHGNet initialised")
        os.write(1, b"from C\n")
        return {"folder": "", "models": []}

    monkeypatch.setattr(models, "run", noisy)
    assert main(["models", "--json"]) == 0
    out, err = capfd.readouterr()
    assert json.loads(out) == {"folder": "", "models": []}
    assert "CHGNet initialised" in err and "from C" in err


def test_the_window_without_a_display_is_one_line(monkeypatch, capfd: pytest.CaptureFixture[str]) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    if sys.platform != "linux":
        pytest.skip("other systems always have one")
    assert main([]) == 1
    assert "no display" in capfd.readouterr().err


def test_readme_names_every_command() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    assert [name for name in COMMANDS if f"`crystal-studio {name}" not in readme] == []
