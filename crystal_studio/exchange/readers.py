"""Structures from files: CIF, POSCAR, extended XYZ, ASE databases. A bad file is named and skipped.

Files are read in worker processes: one that takes too long or brings its reader down costs that file alone.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from crystal_studio.candidates.batch import Candidates
from crystal_studio.candidates.bonds import Bonds, BondTable
from crystal_studio.crystal.batches import Structures
from crystal_studio.exchange.entries import Crystal
from crystal_studio.exchange.one_file import Answer, BondedAnswer, find_files, read_bonded, read_one
from crystal_studio.exchange.problems import Problem
from crystal_studio.execution.engines import open_engine
from crystal_studio.execution.machine import cores
from crystal_studio.execution.mapping import outcomes
from crystal_studio.execution.protocol import Done, Failed, Outcome, Task, TimedOut

SECONDS_A_FILE = 20.0
FILES_A_WORKER = 100
"""So many files are worth the start of another worker process."""


def read_files(
    paths: Iterable[str | Path],
    *,
    seconds_a_file: float = SECONDS_A_FILE,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Structures, list[str], list[Problem]]:
    """As ``read_candidates``, the structures alone."""
    found, names, problems = _read(read_one, paths, seconds_a_file, progress)
    return found.structures, names, problems


def read_candidates(
    paths: Iterable[str | Path],
    *,
    seconds_a_file: float = SECONDS_A_FILE,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Candidates, list[str], list[Problem]]:
    """Read files and folders of files.

    Returns the crystals as their files have them, with the bonds that they state, a name for each (the file's, with
    "#2" and so on where it holds several), and what could not be read and why.
    ``progress(done, total)`` is called after each file.
    """
    return _read(read_bonded, paths, seconds_a_file, progress)


def _read(
    read: Callable[[Path], Any],
    paths: Iterable[str | Path],
    seconds_a_file: float,
    progress: Callable[[int, int], None] | None,
) -> tuple[Candidates, list[str], list[Problem]]:
    files = find_files(paths)
    crystals: list[Crystal] = []
    bonds: list[BondTable | None] = []
    names: list[str] = []
    problems: list[Problem] = []
    with closing(_watched(read, files, seconds_a_file)) as answers:  # where progress raises, the workers end at once
        for done, (path, (found, complaints)) in enumerate(zip(files, answers, strict=True), 1):
            crystals += [crystal for _, crystal, *_ in found]
            bonds += [rest[0] if rest else None for _, _, *rest in found]
            names += [path.name + suffix for suffix, *_ in found]
            problems += [Problem(path.name + suffix, text) for suffix, text in complaints]
            if progress:
                progress(done, len(files))
    batch = Structures.from_lists(*([c[k] for c in crystals] for k in range(3)))
    stated = Bonds.of_tables(bonds) if any(table is not None for table in bonds) else None
    return replace(Candidates.of_structures(batch), bonds=stated), names, problems


def _watched(
    read: Callable[[Path], Any], files: Sequence[Path], limit: float
) -> Generator[Answer | BondedAnswer, None, None]:
    """One answer a file, in order."""
    if not files:
        return
    answers: dict[int, Answer | BondedAnswer] = {}
    tasks = [Task(read, (path,), limit) for path in files]
    with closing(open_engine("local", min(cores(), 1 + len(files) // FILES_A_WORKER))) as engine:
        following = 0
        for k, outcome in outcomes(engine, tasks):
            answers[k] = _answer(outcome)
            while following in answers:
                yield answers.pop(following)
                following += 1


def _answer(outcome: Outcome) -> Answer | BondedAnswer:
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
