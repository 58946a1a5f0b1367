"""Relaxing many crystals in worker processes, each crystal with a time limit, remembered in a side file.

A worker that runs out of time is ended: no library can hold the evaluation up. What is done is appended to the
side file at once, so that an evaluation that is stopped, or one of a larger sample, goes on from there.
"""

from __future__ import annotations

import hashlib
import json
import time
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import Structures
from crystal_studio.errors import FileError, ModelError
from crystal_studio.evaluation.parallel import Progress
from crystal_studio.execution.engines import open_engine
from crystal_studio.execution.machine import cores
from crystal_studio.execution.mapping import outcomes
from crystal_studio.execution.protocol import Done, Failed, Outcome, Task, TimedOut
from crystal_studio.execution.worker_state import once

TITLE = "Relaxation"

TOGETHER = 32
"""Crystals of one task; where a task fails, each is tried alone."""


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

    ``late`` where the time ran out or the process was lost: that says little of the crystal and is not remembered.
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
    if not waiting:
        return done

    def keep(i: int, relaxed: Relaxed) -> None:
        done[i] = relaxed
        if cache and not relaxed.late:
            _remember(cache, keys[i], relaxed)
        if progress:
            progress(TITLE, len(done) - before, len(waiting), time.monotonic() - started)

    workers = min(workers or cores(), len(waiting))
    size = max(1, min(TOGETHER, len(waiting) // (2 * workers)))
    alone = []
    with closing(open_engine("local", workers)) as engine:
        batches = [waiting[k : k + size] for k in range(0, len(waiting), size)]
        for k, outcome in outcomes(engine, (_task(structures, batch, settings) for batch in batches)):
            if not isinstance(outcome, Done) and len(batches[k]) > 1:
                alone += batches[k]  # one of them is to blame, the others are judged
                continue
            for i, relaxed in zip(batches[k], _relaxed(outcome, settings), strict=True):
                keep(i, relaxed)
        for k, outcome in outcomes(engine, (_task(structures, [i], settings) for i in alone)):
            keep(alone[k], _relaxed(outcome, settings)[0])
    return done


def _task(structures: Structures, rows: list[int], settings: Settings) -> Task:
    return Task(_relax, (structures.take(np.array(rows)), settings), settings.seconds * len(rows))


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


def _relaxed(outcome: Outcome, settings: Settings) -> list[Relaxed]:
    """One a crystal of a task that was done, else one."""
    match outcome:
        case Done(value):
            return value
        case Failed(error=error, known=True):  # the potential did not load: no crystal's fault
            raise ModelError(error)
        case Failed(error=error, out_of_memory=lack):
            return [_failed(f"The relaxation failed: {error[:120]}", late=lack)]
        case TimedOut():
            return [_failed(f"The relaxation took longer than {settings.seconds:g} s.", late=True)]
    return [_failed("The relaxation brought its worker down.", late=True)]


def _relax(batch: Structures, settings: Settings) -> list[Relaxed]:
    """Runs in the worker, with the potential that the worker loads once."""
    from crystal_studio.potentials import registry
    from crystal_studio.potentials.protocol import why

    potential: Any = once(("potential", settings.potential), partial(registry.load, settings.potential))
    answer = potential.relax(batch, settings.max_steps, settings.fmax)
    found = []
    for i, (given_up, energy) in enumerate(zip(answer.reasons, answer.energy_per_atom.tolist(), strict=True)):
        if given_up is not None or not np.isfinite(energy):
            found.append(_failed("The potential has no energy of it." if given_up is None else why(given_up)))
            continue
        cell = answer.structures
        found.append(
            Relaxed(energy, bool(answer.converged[i]), cell.lattice[i], cell.positions[cell.atoms(i)].copy(), "")
        )
    return found
