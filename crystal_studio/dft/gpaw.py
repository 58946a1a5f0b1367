"""GPAW, a plane-wave code that this machine can run: a program of its own (GPL-3), never imported by ours."""

from __future__ import annotations

import shutil
from pathlib import Path

import platformdirs

from crystal_studio.dft.script_code import ScriptCode
from crystal_studio.execution.other_python import first_with, installed_in, this_python

VARIABLE = "CRYSTAL_STUDIO_GPAW"
"""Environment variable with the path of a Python that has GPAW."""

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
    beside the program ``gpaw``, or python3. Raises ``MissingError`` where none has it."""
    program = shutil.which("gpaw")
    beside = str(Path(program).resolve().with_name("python")) if program else ""
    places = (installed_in(home()), this_python(), beside, shutil.which("python3") or "")
    return first_with("gpaw", "GPAW", VARIABLE, HOW, places, imports="ase, gpaw")


GPAW = Gpaw()
