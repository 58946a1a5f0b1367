"""Structures from files: CIF, POSCAR, extended XYZ, ASE databases. A bad file is named and skipped.

Files are read in worker processes: one that takes too long or brings its reader down costs that file alone.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from crystal_studio.crystal.batches import Structures
from crystal_studio.exchange.cif_reader import Crystal, crystals_of_text
from crystal_studio.exchange.problems import Problem
from crystal_studio.execution.engines import cores, open_engine
from crystal_studio.execution.mapping import outcomes
from crystal_studio.execution.protocol import Done, Failed, Outcome, Task, TimedOut

SECONDS_A_FILE = 20.0
FILES_A_WORKER = 100
"""So many files are worth the start of another worker process."""
MAX_BYTES = 256 << 20
MAX_ATOMS = 20_000
_FORMATS = {".cif": "cif", ".vasp": "poscar", ".poscar": "poscar", ".xyz": "xyz", ".extxyz": "xyz", ".db": "ase-db"}


def format_of(path: Path) -> str | None:
    """cif, poscar, xyz or ase-db, by the file's name; None for anything else."""
    if path.suffix.lower() in _FORMATS:
        return _FORMATS[path.suffix.lower()]
    return "poscar" if path.name.upper().startswith(("POSCAR", "CONTCAR")) else None


def find_files(paths: Iterable[str | Path]) -> list[Path]:
    """The paths, with each folder replaced by the structure files in it, sorted."""
    found: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            found += sorted(p for p in path.rglob("*") if p.is_file() and format_of(p))
        else:
            found.append(path)
    return found


def read_files(
    paths: Iterable[str | Path],
    *,
    seconds_a_file: float = SECONDS_A_FILE,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Structures, list[str], list[Problem]]:
    """Read files and folders of files.

    Returns the structures, a name for each (the file's, with "#2" and so on
    where it holds several), and what could not be read and why.
    ``progress(done, total)`` is called after each file.
    """
    files = find_files(paths)
    crystals: list[Crystal] = []
    names: list[str] = []
    problems: list[Problem] = []
    answers = _watched(files, seconds_a_file)
    for done, (path, (found, complaints)) in enumerate(zip(files, answers, strict=True), 1):
        crystals += [crystal for _, crystal in found]
        names += [path.name + suffix for suffix, _ in found]
        problems += [Problem(path.name + suffix, text) for suffix, text in complaints]
        if progress:
            progress(done, len(files))
    batch = Structures.from_lists(*([c[k] for c in crystals] for k in range(3)))
    return batch, names, problems


_Answer = tuple[list[tuple[str, Crystal]], list[tuple[str, str]]]
"""What one file gave: (suffix of the name, crystal) and (suffix, complaint)."""


def _watched(files: Sequence[Path], limit: float) -> Iterator[_Answer]:
    """One answer a file, in order."""
    if not files:
        return
    answers: dict[int, _Answer] = {}
    tasks = [Task(read_one, (path,), limit) for path in files]
    with closing(open_engine("local", min(cores(), 1 + len(files) // FILES_A_WORKER))) as engine:
        following = 0
        for k, outcome in outcomes(engine, tasks):
            answers[k] = _answer(outcome)
            while following in answers:
                yield answers.pop(following)
                following += 1


def _answer(outcome: Outcome) -> _Answer:
    match outcome:
        case Done(answer):
            return answer
        case TimedOut(seconds):
            complaint = f"Reading takes longer than {seconds:g} s: the file was skipped."
        case Failed(error=error):
            complaint = f"The file was skipped: it cannot be read ({error})."
        case _:
            complaint = "The file brought the reader down and was skipped."
    return [], [("", complaint)]


def read_one(path: Path) -> _Answer:
    """Read one file in this process; every complaint is a sentence."""
    try:
        crystals = _crystals(path)
    except FileNotFoundError:
        return [], [("", "There is no such file: check its name.")]
    except OSError as error:
        return [], [("", f"The file cannot be read ({error.strerror or error}): check its permissions.")]
    except ValueError as error:
        return [], [("", f"The file was skipped: {error}.")]
    except Exception as error:  # a reader's own failure on a malformed file, of whatever kind
        text = " ".join(str(error).split())[:160] or type(error).__name__
        return [], [("", f"The file was skipped: it cannot be read as {format_of(path)} ({text}).")]
    found, complaints = [], []
    for k, crystal in enumerate(crystals, 1):
        suffix = f"#{k}" if len(crystals) > 1 else ""
        reason = _unusable(crystal)
        if reason:
            complaints.append((suffix, f"The structure was skipped: {reason}."))
        else:
            found.append((suffix, crystal))
    return found, complaints


def _crystals(path: Path) -> list[Crystal]:
    kind = format_of(path)
    if kind is None:
        raise ValueError("its format is unknown (CIF, POSCAR, extended XYZ and ASE databases are read)")
    size = path.stat().st_size
    if path.is_dir() or not size:
        raise ValueError("it is empty")
    if size > MAX_BYTES:
        raise ValueError(f"it is larger than {MAX_BYTES >> 20} MB")
    if not os.access(path, os.R_OK):
        raise PermissionError(13, "Permission denied")
    if kind == "cif":
        return crystals_of_text(path.read_bytes().decode("utf-8", errors="replace"))
    return [_of_atoms(atoms) for atoms in _ase_atoms(path, kind)]


def _ase_atoms(path: Path, kind: str) -> list:
    import ase.io

    if kind == "ase-db":
        import ase.db

        if not path.read_bytes()[:16].startswith(b"SQLite format 3"):
            raise ValueError("it is no ASE database")
        return [row.toatoms() for row in ase.db.connect(str(path), type="db").select()]
    if kind == "poscar":
        return [ase.io.read(str(path), format="vasp")]
    return list(ase.io.read(str(path), index=":", format="extxyz"))


def _of_atoms(atoms) -> Crystal:
    if any("occupancy" in key for key in atoms.info):
        raise ValueError("it has partly occupied sites, and only fully ordered crystals can be used")
    cell = np.array(atoms.cell[:], float)
    if np.abs(np.linalg.det(cell)) < 1e-6:
        raise ValueError("it has no three-dimensional cell")
    return cell, np.asarray(atoms.numbers, np.int16), np.asarray(atoms.get_scaled_positions(wrap=False), float)


def _unusable(crystal: Crystal) -> str:
    """Why a crystal cannot enter the program; "" if it can."""
    lattice, numbers, positions = crystal
    if not len(numbers):
        return "it holds no atoms"
    if len(numbers) > MAX_ATOMS:
        return f"its cell holds {len(numbers)} atoms, more than {MAX_ATOMS}"
    if not (np.isfinite(lattice).all() and np.isfinite(positions).all()):
        return "its cell or coordinates are no finite numbers"
    if np.abs(np.linalg.det(lattice)) < 1e-3:
        return "it has no three-dimensional cell"
    if (numbers < 1).any() or (numbers > 118).any():
        return "it holds atoms that are no chemical element"
    return ""
