"""Relaxing many crystals in worker processes, each crystal with a time limit, remembered in a side file.

A worker that runs out of time is ended and replaced: no library can hold the
evaluation up. What is done is appended to the side file at once, so that an
evaluation that is stopped, or one of a larger sample, goes on from there.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import Structures
from crystal_studio.errors import FileError, ModelError
from crystal_studio.evaluation.parallel import Progress, default_workers, settle

TITLE = "Relaxation"
START_SECONDS = 180.0
"""How long a worker may take to load its potential."""


@dataclass(frozen=True)
class Settings:
    """The potential and how far it relaxes; ``fmax`` in eV/Angstrom, ``seconds`` a crystal."""

    potential: str = "chgnet"
    max_steps: int = 120
    fmax: float = 0.1
    seconds: float = 300.0

    @property
    def text(self) -> str:
        """What a reader must know to repeat it."""
        return f"{self.potential}, at most {self.max_steps} steps, forces below {self.fmax:g} eV/A"


@dataclass(frozen=True)
class Relaxed:
    """One outcome: energy in eV/atom (NaN where there is none), its cell, and why it failed ("" if it did not).

    ``late`` where only the time ran out: that is not remembered.
    """

    energy: float
    converged: bool
    lattice: NDArray[np.float64] | None
    positions: NDArray[np.float64] | None
    reason: str
    late: bool = False


def _failed(reason: str, late: bool = False) -> Relaxed:
    return Relaxed(np.nan, False, None, None, reason, late)


def relax(
    structures: Structures,
    settings: Settings,
    workers: int = 0,
    cache: Path | None = None,
    progress: Progress | None = None,
    done: dict[int, Relaxed] | None = None,
) -> dict[int, Relaxed]:
    """Row -> outcome, filled into ``done`` as it comes, so that the caller keeps it when interrupted."""
    done = {} if done is None else done
    keys = [_key(structures, i, settings) for i in range(len(structures))]
    remembered = _recall(cache) if cache else {}
    for i, key in enumerate(keys):
        if key in remembered:
            done[i] = remembered[key]
    waiting = [i for i in range(len(structures)) if i not in done]
    started, before = time.monotonic(), len(done)
    team = _Team(settings, min(workers or default_workers(), max(len(waiting), 1)))
    with team:
        for i, outcome in team.work(structures, waiting):
            done[i] = outcome
            if cache and not outcome.late:
                _remember(cache, keys[i], outcome)
            if progress:
                progress(TITLE, len(done) - before, len(waiting), time.monotonic() - started)
    return done


def _key(structures: Structures, i: int, settings: Settings) -> str:
    """Names a crystal and the settings, whatever file the crystal came in."""
    atoms = structures.atoms(i)
    text = f"{settings.potential} {settings.max_steps} {settings.fmax:g}"
    digest = hashlib.sha256(text.encode())
    for array in (
        structures.lattice[i].round(5) + 0.0,
        structures.numbers[atoms],
        structures.positions[atoms].round(5),
    ):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:24]


def _recall(path: Path) -> dict[str, Relaxed]:
    """What the side file holds; torn and foreign lines are left out."""
    found: dict[str, Relaxed] = {}
    if not path.exists():
        return found
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"The side file {path} cannot be read: give another file to --cache.") from error
    for line in lines:
        try:
            row = json.loads(line)
            cell = [None if row[k] is None else np.array(row[k], float) for k in ("lattice", "positions")]
            energy = np.nan if row["energy"] is None else float(row["energy"])
            found[row["key"]] = Relaxed(energy, bool(row["converged"]), cell[0], cell[1], row["reason"])
        except (ValueError, KeyError, TypeError):
            continue
    return found


def _remember(path: Path, key: str, outcome: Relaxed) -> None:
    row = {
        "key": key,
        "energy": None if np.isnan(outcome.energy) else outcome.energy,
        "converged": outcome.converged,
        "reason": outcome.reason,
        "lattice": None if outcome.lattice is None else outcome.lattice.tolist(),
        "positions": None if outcome.positions is None else outcome.positions.tolist(),
    }
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
    except OSError as error:
        raise FileError(f"The side file {path} cannot be written ({error.strerror}): choose another place.") from error


class _Team:
    """Worker processes that each relax one crystal at a time."""

    def __init__(self, settings: Settings, count: int) -> None:
        self._settings = settings
        self._count = count
        self._members: list[_Member] = []

    def __enter__(self) -> _Team:
        return self

    def __exit__(self, *_: object) -> None:
        for member in self._members:
            member.end()

    def work(self, structures: Structures, rows: Sequence[int]) -> Iterator[tuple[int, Relaxed]]:
        """(row, outcome) as they come."""
        queue = list(rows)[::-1]
        while queue or any(m.row is not None for m in self._members):
            while queue and len(self._members) < self._count:
                self._members.append(_Member(self._settings))
            for member in self._members:
                if member.ready and member.row is None and queue:
                    row = queue.pop()
                    member.give(row, structures.take(np.array([row])))
            ends = [m.deadline for m in self._members]
            wait([m.pipe for m in self._members], max(0.0, min(ends) - time.monotonic()))
            for member in list(self._members):
                answer = member.answer()
                if isinstance(answer, Relaxed):
                    assert member.row is not None
                    row, member.row = member.row, None
                    member.deadline = np.inf
                    yield row, answer
                if member.lost:
                    self._members.remove(member)
                    member.end()


class _Member:
    """One process, its pipe, and until when it must have answered."""

    def __init__(self, settings: Settings) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, settings), daemon=True)
        self._process.start()
        theirs.close()
        self._settings = settings
        self.ready, self.lost = False, False
        self.row: int | None = None
        self.deadline = time.monotonic() + START_SECONDS

    def give(self, row: int, one: Structures) -> None:
        self.row = row
        self.deadline = time.monotonic() + self._settings.seconds
        try:
            self.pipe.send(one)
        except OSError:
            self.deadline = time.monotonic()

    def answer(self) -> Relaxed | None:
        """What has come back, a failed outcome where the process is out of time or gone, None where neither."""
        try:
            if self.pipe.poll():
                message = self.pipe.recv()
                if isinstance(message, ModelError):
                    raise message
                if message == "ready":
                    self.ready, self.deadline = True, np.inf
                    return None
                return message
            late = time.monotonic() >= self.deadline
            reason = f"The relaxation took longer than {self._settings.seconds:g} s."
        except (EOFError, OSError):
            late, reason = True, "The relaxation brought its worker down."
        if not late:
            return None
        self.lost = True
        if not self.ready:
            raise ModelError(f"The potential {self._settings.potential} did not start: run crystal-studio doctor.")
        return _failed(reason, late=True) if self.row is not None else None

    def end(self) -> None:
        self.pipe.close()
        self._process.kill()
        self._process.join()


def _serve(pipe: Connection, settings: Settings) -> None:
    """The process: batches of one in, outcomes out, until the pipe closes."""
    settle()
    import torch

    from crystal_studio.potentials import registry
    from crystal_studio.potentials.protocol import why

    torch.set_num_threads(1)
    try:
        potential: Any = registry.load(settings.potential)
    except ModelError as error:
        pipe.send(error)
        return
    pipe.send("ready")
    while True:
        try:
            one = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            answer = potential.relax(one, settings.max_steps, settings.fmax)
            given_up = answer.reasons[0]
            if given_up is not None or not np.isfinite(answer.energy_per_atom[0]):
                pipe.send(_failed("The potential has no energy of it." if given_up is None else why(given_up)))
                continue
            cell, energy = answer.structures, float(answer.energy_per_atom[0])
            pipe.send(Relaxed(energy, bool(answer.converged[0]), cell.lattice[0], cell.positions, ""))
        except Exception as error:  # the potential's own failure on a degenerate cell
            pipe.send(_failed(f"The relaxation failed: {' '.join(str(error).split())[:120]}"))
