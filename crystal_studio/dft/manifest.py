"""What ties the folder of one DFT job to the candidate that it is about, and the way back to the candidate's cell."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.assignment import assign
from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.primitive import PrimitiveCell, primitive_cell
from crystal_studio.dft.protocol import Settings
from crystal_studio.errors import FileError, KnownError

NAME = "crystal-studio.json"
"""Name of the manifest in the folder of a job."""

VERSION = 1


@dataclass(frozen=True)
class Manifest:
    """One job.

    run : key of the submission, which the project holds too
    candidate, formula : whose crystal it is
    geometry : which of the candidate's geometries was given, "generated" or the name of a method
    code : name of the DFT code
    settings : what is asked of it
    given : the candidate's cell (B = 1), and ``cell`` its primitive cell, which is what the code computes
    """

    run: str
    candidate: int
    formula: str
    geometry: str
    code: str
    settings: Settings
    given: Structures
    cell: PrimitiveCell

    @staticmethod
    def of(
        run: str, candidate: int, formula: str, geometry: str, code: str, settings: Settings, given: Structures
    ) -> Manifest:
        """Of a candidate's cell, with its primitive cell looked for."""
        return Manifest(run, candidate, formula, geometry, code, settings, given, primitive_cell(*given.cell(0)))

    @property
    def structure(self) -> Structures:
        """The primitive cell (B = 1): what the code computes."""
        return Structures.from_lists([self.cell.lattice], [self.cell.numbers], [self.cell.positions])

    def write(self, folder: Path) -> None:
        """Into the folder of the job; raises ``FileError`` where that cannot be written."""
        lattice, numbers, positions = self.given.cell(0)
        document = {
            "format": "crystal-studio dft job",
            "version": VERSION,
            "run": self.run,
            "candidate": self.candidate,
            "formula": self.formula,
            "geometry": self.geometry,
            "code": self.code,
            "settings": self.settings.as_json(),
            "given": {"lattice": lattice.tolist(), "numbers": numbers.tolist(), "positions": positions.tolist()},
            "cell": {name: np.asarray(value).tolist() for name, value in asdict(self.cell).items()},
        }
        document["checksum"] = _checksum(document)
        try:
            (folder / NAME).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        except OSError as error:
            raise FileError(f"{folder / NAME} cannot be written ({error.strerror}): choose another folder.") from error

    def restored(self, found: Structures) -> Structures:
        """The candidate's cell (B = 1), its atoms in their order, after the primitive one has become ``found`` (B = 1),
        whose atoms may stand in another order. Raises ``KnownError`` where those are other atoms."""
        lattice, numbers, positions = found.cell(0)
        if sorted(numbers.tolist()) != sorted(self.cell.numbers.tolist()):
            raise KnownError(f"The result holds other atoms than {self.formula}: it is of another job.")
        moved = positions[None] - self.cell.positions[:, None]
        moved -= np.rint(moved)
        costs = (np.einsum("nmi,ij->nmj", moved, self.cell.lattice) ** 2).sum(-1)
        costs[self.cell.numbers[:, None] != numbers[None]] = np.inf
        column = assign(costs[None])[0]
        here = self.cell.positions + moved[np.arange(len(column)), column]
        whole, fractional = self.cell.restore(lattice, here)
        return Structures.from_lists([whole], [self.given.numbers], [fractional])


def read(folder: Path) -> Manifest:
    """The manifest of a job's folder; raises ``FileError`` where it is missing or damaged."""
    path = folder / NAME
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["version"] != VERSION:
            raise FileError(f"{path} was written by another version of Crystal Studio: collect it with that one.")
        if document["checksum"] != _checksum(document):
            raise _damaged(path)
        return Manifest(
            str(document["run"]),
            int(document["candidate"]),
            str(document["formula"]),
            str(document["geometry"]),
            str(document["code"]),
            Settings.of_json(document["settings"]),
            Structures.from_lists(*([document["given"][k]] for k in ("lattice", "numbers", "positions"))),
            PrimitiveCell(**{name: _array(name, value) for name, value in document["cell"].items()}),
        )
    except FileNotFoundError as error:
        raise FileError(f"{folder} is no folder of a DFT job of Crystal Studio: it has no {NAME}.") from error
    except OSError as error:
        raise FileError(f"{path} cannot be read ({error.strerror}).") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _damaged(path) from error


def _array(name: str, value: Any) -> NDArray:
    return np.array(value, {"numbers": np.int16, "source": np.int64}.get(name, np.float64))


def _checksum(document: Mapping[str, Any]) -> str:
    whole = {name: value for name, value in document.items() if name != "checksum"}
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


def _damaged(path: Path) -> FileError:
    return FileError(f"{path} is damaged: hand the candidate in again, or restore the file.")
