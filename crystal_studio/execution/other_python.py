"""Packages that run in a Python of their own, as separate programs: because of their licence, or because they crash."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import platformdirs

from crystal_studio.errors import MissingError
from crystal_studio.execution.other_programs import environment

VARIABLE = "CRYSTAL_STUDIO_MOF_PYTHON"
"""Environment variable with the path of a Python that has the programs for porous crystals."""

PATIENCE = 120.0
"""Seconds that a Python is given to say what it has."""

_FOUND: dict[tuple[str, str], str] = {}


class ProgramError(Exception):
    """A program ended without an answer; the text says how."""


def home() -> Path:
    """Where ``make mof`` installs these packages."""
    return platformdirs.user_data_path("crystal-studio") / "mof"


def python_with(package: str, title: str) -> tuple[str, str]:
    """(Python, version of the package): what the environment names, what ``make mof`` has installed, or this Python.

    Raises ``MissingError`` that says how to get it where none has it.
    """
    how = f"install it with 'make mof', or set {VARIABLE} to a Python that has it (pip install {package})"
    return first_with(package, title, VARIABLE, how, (installed_in(home()), this_python()))


def installed_in(folder: Path) -> str:
    """The Python of a virtual environment."""
    return str(folder / ("Scripts" if os.name == "nt" else "bin") / "python")


def this_python() -> str:
    """The one that runs us; "" where we are a bundle of our own."""
    return "" if getattr(sys, "frozen", False) else sys.executable


def first_with(
    package: str, title: str, variable: str, how: str, places: Iterable[str], imports: str = ""
) -> tuple[str, str]:
    """(Python, version of the package): the one that an environment variable names, which then has to have it, else
    the first of some places ("": none) that has it.

    how : what people can do where none has it
    imports : what must be possible to import there, separated by commas
    Raises ``MissingError``.
    """
    named = os.environ.get(variable)
    if named:
        if version := _version(named, package, imports):
            return named, version
        raise MissingError(f"The Python that {variable} names, {named}, has no {title}: {how}.")
    for python in places:
        if python and Path(python).exists() and (version := _version(python, package, imports)):
            return python, version
    raise MissingError(f"{title} was not found: {how}.")


def ask(python: str, script: Path, question: Mapping[str, Any], seconds: float) -> dict[str, Any]:
    """Run a script that reads ``question.json`` in its folder and writes ``answer.json`` there; its answer.

    Raises ``ProgramError`` where it crashes, answers nothing, or takes longer than ``seconds`` (it is ended then).
    """
    with tempfile.TemporaryDirectory(prefix="crystal-studio-") as name:
        folder = Path(name)
        (folder / "question.json").write_text(json.dumps(question), encoding="utf-8")
        with (folder / "log.txt").open("wb") as log:
            try:
                code = subprocess.run(
                    [python, "-E", str(script)],
                    cwd=folder,
                    env=environment() | {"OMP_NUM_THREADS": "1"},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    timeout=seconds,
                    check=False,
                ).returncode
            except subprocess.TimeoutExpired as error:
                raise ProgramError(f"it took longer than {seconds:g} s") from error
            except OSError as error:
                raise ProgramError(f"it could not be started ({error})") from error
        try:
            return json.loads((folder / "answer.json").read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            words = (folder / "log.txt").read_text(encoding="utf-8", errors="replace").split("\n")
            last = next((line.strip() for line in reversed(words) if line.strip()), "")[-200:]
            how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
            raise ProgramError(f"it {how} and gave no answer{': ' if last else ''}{last}") from error


def _version(python: str, package: str, imports: str) -> str:
    """The version of a package that a Python has, "" where it has none (which may change while we run)."""
    key = (python, package)
    if key not in _FOUND:
        needed = ", ".join(filter(None, ("importlib.metadata as m", imports)))
        code = f"import {needed}; print('version', m.version({package!r}))"
        try:
            answer = subprocess.run(
                [python, "-E", "-c", code], capture_output=True, text=True, timeout=PATIENCE, check=False,
                stdin=subprocess.DEVNULL, env=environment(),
            )  # fmt: skip
        except (OSError, subprocess.SubprocessError):
            return ""
        words = answer.stdout.split()
        if answer.returncode or words[-2:-1] != ["version"]:
            return ""
        _FOUND[key] = words[-1]
    return _FOUND[key]
