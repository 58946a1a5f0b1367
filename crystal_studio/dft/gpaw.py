"""GPAW, a plane-wave code that this machine can run: a program of its own (GPL-3), never imported by ours."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import platformdirs

from crystal_studio.dft.script_code import ScriptCode
from crystal_studio.errors import KnownError

VARIABLE = "CRYSTAL_STUDIO_GPAW"
"""Environment variable with the path of a Python that has GPAW."""

PATIENCE = 120.0
"""Seconds that a Python is given to say whether it has GPAW."""

HOW = (
    f"install it with 'make dft' (it needs the libraries libxc, openblas and fftw3), or set {VARIABLE} to a Python that"
    " has it; docs/dft.md says more"
)


class Gpaw(ScriptCode):
    """PBE with projector augmented waves, one thread."""

    name = "gpaw"
    title = "GPAW"
    needs = f"GPAW with its data sets in a Python of its own: {HOW}."
    script = Path(__file__).with_name("gpaw_job.py")

    def interpreter(self) -> str:
        """See ``ScriptCode``."""
        return found()[0]


def home() -> Path:
    """Where ``make dft`` installs GPAW."""
    return platformdirs.user_data_path("crystal-studio") / "gpaw"


def found() -> tuple[str, str]:
    """(Python, version of GPAW): what the environment names, what ``make dft`` has installed, this Python, the one
    beside the program ``gpaw``, or python3. Raises ``KnownError`` where none has it."""
    named = os.environ.get(VARIABLE)
    if named:
        version = _version(named)
        if not version:
            raise KnownError(f"The Python that {VARIABLE} names, {named}, has no GPAW: {HOW}.")
        return named, version
    program = shutil.which("gpaw")
    beside = str(Path(program).resolve().with_name("python")) if program else ""
    folder = "Scripts" if os.name == "nt" else "bin"
    ours = "" if getattr(sys, "frozen", False) else sys.executable
    for python in (str(home() / folder / "python"), ours, beside, shutil.which("python3") or ""):
        version = _version(python) if python and Path(python).exists() else ""
        if version:
            return python, version
    raise KnownError(f"GPAW was not found: {HOW}.")


_VERSIONS: dict[str, str] = {}


def _version(python: str) -> str:
    """The version of GPAW that a Python has, "" where it has none (which may change while we run)."""
    if python not in _VERSIONS and (version := _ask(python)):
        _VERSIONS[python] = version
    return _VERSIONS.get(python, "")


def _ask(python: str) -> str:
    ask = "import ase, gpaw; print('gpaw', gpaw.__version__)"
    try:
        answer = subprocess.run(
            [python, "-E", "-c", ask], capture_output=True, text=True, timeout=PATIENCE, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return ""
    words = answer.stdout.split()
    return words[-1] if answer.returncode == 0 and words[-2:-1] == ["gpaw"] else ""


GPAW = Gpaw()
