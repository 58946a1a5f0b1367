"""DFT codes that run here as a script of their own in a separate Python, and speak with us through files alone.

The folder of a job holds ``input.json`` (what is asked), ``job.py`` (the script), ``state.json`` and whatever else
the script needs to go on after it was ended, ``progress.jsonl`` (a line an event) and, at the end, ``result.json``.
"""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np

from crystal_studio.crystal.batches import Structures
from crystal_studio.dft.kpoints import kpoint_grid
from crystal_studio.dft.protocol import Result, Settings
from crystal_studio.errors import FileError, KnownError

INPUT, SCRIPT, PROGRESS, RESULT, LOG = "input.json", "job.py", "progress.jsonl", "result.json", "log.txt"


@runtime_checkable
class RunsHere(Protocol):
    """A code that this machine can run; ``program`` is what ``local.compute`` starts in the folder of a job."""

    def program(self) -> list[str]:
        """The command; raises ``KnownError`` that says how to get what is missing."""


@dataclass(frozen=True)
class Step:
    """What a job tells while it computes.

    step : of the relaxation, from 0; iteration : of the electrons within it, 0 once it is done
    energy : eV of the cell, NaN where it is not known; max_force : eV/Angstrom, the largest, the cell's included
    """

    step: int
    iteration: int
    energy: float
    max_force: float


class ScriptCode:
    """A code of which ``script`` is the job, run by ``interpreter()``."""

    name: ClassVar[str] = ""
    title: ClassVar[str] = ""
    needs: ClassVar[str] = ""
    command: ClassVar[str] = f"python {SCRIPT} > {LOG} 2>&1"
    script: ClassVar[Path]

    def interpreter(self) -> str:
        """The Python that runs the script; raises ``KnownError`` where there is none."""
        raise NotImplementedError

    def program(self) -> list[str]:
        """See ``RunsHere``; -E: what our own Python was told does not hold for another."""
        return [self.interpreter(), "-E", SCRIPT]

    def write(self, folder: Path, structure: Structures, settings: Settings, title: str) -> None:
        """See ``Code``."""
        lattice, numbers, positions = structure.cell(0)
        document = {
            "title": title,
            "lattice": lattice.tolist(),
            "numbers": numbers.tolist(),
            "positions": positions.tolist(),
            "settings": settings.as_json(),
            "kpoints": list(kpoint_grid(structure, settings.kpoint_spacing)),
        }
        try:
            (folder / INPUT).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
            shutil.copyfile(self.script, folder / SCRIPT)
        except OSError as error:
            raise FileError(f"{folder} cannot be written ({error.strerror}): choose another folder.") from error

    def read(self, folder: Path) -> Result:
        """See ``Code``."""
        path = folder / RESULT
        if not path.exists():
            raise FileError(f"{folder} holds no result of {self.title} yet: let the job finish.")
        try:
            return _result(json.loads(path.read_text(encoding="utf-8")))
        except OSError as error:
            raise FileError(f"{path} cannot be read ({error.strerror}).") from error
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise FileError(f"{path} is damaged: remove it and run the job again.") from error


class Steps:
    """Reads what a job tells, from where it stopped reading the last time."""

    def __init__(self, folder: Path, skip: bool = True) -> None:
        self._path = folder / PROGRESS
        self._at = self._path.stat().st_size if skip and self._path.exists() else 0

    def new(self) -> list[Step]:
        """What was told since the last call; a line that is not whole yet comes with the next."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._at)
                told = file.read()
        except OSError:
            return []
        whole = told[: told.rfind(b"\n") + 1]
        self._at += len(whole)
        return [step for step in map(_step, whole.splitlines()) if step is not None]


def _step(line: bytes) -> Step | None:
    """A line of progress; None for one that says nothing to us."""
    try:
        told = json.loads(line)
        numbers = (float(told.get(name, math.nan)) for name in ("energy", "max_force"))
        return Step(int(told["step"]), int(told.get("iteration", 0)), *numbers)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _result(document: Mapping[str, Any]) -> Result:
    """Raises ``KnownError`` for what a job itself says went wrong, else ``ValueError`` or the like for damage."""
    if document.get("error"):
        raise KnownError(str(document["error"]))
    stress = document.get("stress")
    structure = Structures.from_lists([document["lattice"]], [document["numbers"]], [document["positions"]])
    energy = float(document["energy"])
    figures = [energy, *structure.lattice.ravel(), *structure.positions.ravel()]
    atoms = len(structure.numbers)
    if not np.isfinite(figures).all() or not atoms or len(structure.positions) != atoms:
        raise ValueError("no crystal")
    return Result(
        energy=energy,
        structure=structure,
        converged=bool(document["converged"]),
        functional=str(document["functional"]),
        code=str(document["code"]),
        settings=dict(document["settings"]),
        warnings=tuple(map(str, document.get("warnings", ()))),
        max_force=float(document.get("max_force", math.nan)),
        stress=None if stress is None else np.array(stress, float).reshape(3, 3),
    )
