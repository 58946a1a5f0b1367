"""What relaxations have taught: the generated crystals of projects beside the energies that they were relaxed to."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from crystal_studio.errors import FileError
from crystal_studio.potentials import registry
from crystal_studio.project.queries import ProjectReader
from crystal_studio.properties.unrelaxed import Unrelaxed, describe

AT_ONCE = 256


@dataclass(frozen=True)
class Relaxed:
    """n candidates: as they were generated, what they were relaxed to (eV/atom above hull), whether the relaxation was
    stopped before its end so that the energy is an upper bound, whether they are novel, chemical system, and number of
    the project that each came from."""

    crystals: Unrelaxed
    e_hull: NDArray[np.float64]
    stopped: NDArray[np.bool_]
    novel: NDArray[np.bool_]
    system: NDArray[np.str_]
    source: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.e_hull)


def relaxed(
    projects: Sequence[Path],
    facts: NDArray[np.float32],
    potential: str,
    cache: Path,
    report: Callable[[Path, int, int], None] | None = None,
) -> Relaxed:
    """Every candidate of the projects that ``potential`` has relaxed and that it can be asked for a look.

    Looks are kept in the folder ``cache``, so that they are made once. Raises ``FileError`` for a project without such
    a candidate.
    """
    parts = [_of_project(k, path, facts, potential, cache, report) for k, path in enumerate(projects)]
    whole = Unrelaxed(
        np.concatenate([p.crystals.values for p in parts]),
        np.concatenate([p.crystals.above for p in parts]),
        np.concatenate([p.crystals.elements for p in parts]),
    )
    rest = [np.concatenate([getattr(p, n) for p in parts]) for n in ("e_hull", "stopped", "novel", "system", "source")]
    return Relaxed(whole, *rest)


def _of_project(
    number: int,
    path: Path,
    facts: NDArray[np.float32],
    potential: str,
    cache: Path,
    report: Callable[[Path, int, int], None] | None,
) -> Relaxed:
    with ProjectReader(path) as reader:
        name = f"e_hull@{registry.key(potential)!r}"
        if not any(m.name == registry.key(potential) for m in reader.methods()):
            raise _nothing(path, potential)
        columns = reader.columns(["id", name, "stopped", "novel", "chemsys"], f"{name} is not None")
        ids = np.asarray(columns["id"], np.int64)
        if not len(ids):
            raise _nothing(path, potential)
        crystals = _looks(reader, ids, facts, potential, cache, report)
    known = crystals.known
    return Relaxed(
        crystals.take(known),
        np.asarray(columns[name], float)[known],
        np.nan_to_num(np.asarray(columns["stopped"], float))[known] > 0,
        np.nan_to_num(np.asarray(columns["novel"], float), nan=1.0)[known] > 0,
        np.asarray(columns["chemsys"]).astype(str)[known],
        np.full(int(known.sum()), number),
    )


def _looks(
    reader: ProjectReader,
    ids: NDArray[np.int64],
    facts: NDArray[np.float32],
    potential: str,
    cache: Path,
    report: Callable[[Path, int, int], None] | None,
) -> Unrelaxed:
    parts = []
    for start in range(0, len(ids), AT_ONCE):
        if report:
            report(reader.path, start, len(ids))
        structures = reader.structures(ids[start : start + AT_ONCE], "generated")
        cells = (structures.lattice, structures.offsets, structures.numbers, structures.positions, facts)
        key = hashlib.sha256(potential.encode() + b"".join(np.ascontiguousarray(a).tobytes() for a in cells))
        kept = cache / f"looks-{key.hexdigest()[:24]}.safetensors"
        found = _kept(kept)
        if found is None:
            found = describe(structures, facts, potential)
            cache.mkdir(parents=True, exist_ok=True)
            part = kept.with_suffix(".part")
            save_file({n: torch.as_tensor(np.ascontiguousarray(v)) for n, v in found.__dict__.items()}, part)
            part.replace(kept)
        parts.append(found)
    return Unrelaxed(
        np.concatenate([p.values for p in parts]),
        np.concatenate([p.above for p in parts]),
        np.concatenate([p.elements for p in parts]),
    )


def _kept(path: Path) -> Unrelaxed | None:
    """None where there is none, or it is damaged: it is made again."""
    try:
        return Unrelaxed(**{name: tensor.numpy() for name, tensor in load_file(path).items()})
    except (OSError, SafetensorError, TypeError):
        return None


def _nothing(path: Path, potential: str) -> FileError:
    return FileError(
        f"{path} holds no candidate that {potential} has relaxed: take its candidates through the stages relaxation and"
        " stability first ('crystal-studio judge'), or name another project."
    )
