"""Sets of crystals to judge or to compare with; what cannot be read is listed, never fatal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.soundness import CellLimits, fault_texts
from crystal_studio.data import datasets
from crystal_studio.data.datasets import Dataset, Unreadable
from crystal_studio.errors import FileError
from crystal_studio.evaluation.parallel import Failure, Workers

LIMITS = CellLimits(most_atoms=4000)
"""Larger cells are listed as unreadable: the published metrics would take hours for one."""

SECONDS_AN_ENTRY = 20.0
ASKED = ("asked_space_group", "requested_space_group")
"""Columns that say which space group was asked for."""


@dataclass(frozen=True)
class CrystalSet:
    """B crystals and what is known of them.

    name : the file, and the part of it that was taken
    ids : (B,) strings
    asked : (B,) int16 space group that was asked for (0 = unknown), None where nothing is known
    columns : name -> (B,) array of whatever else the file tells
    unreadable : entries without a crystal, as (id, reason); they count as generated and invalid
    """

    name: str
    structures: Structures
    ids: NDArray
    asked: NDArray[np.int16] | None = None
    columns: Mapping[str, NDArray] = field(default_factory=dict)
    unreadable: tuple[tuple[str, str], ...] = ()

    def __len__(self) -> int:
        return len(self.structures)

    @property
    def total(self) -> int:
        """Entries, readable or not."""
        return len(self) + len(self.unreadable)

    @property
    def label(self) -> str:
        """Such as "mp20.parquet [val] (877)"."""
        return f"{self.name} ({self.total:,})"


def read(path: str | Path, workers: Workers, split: str = "", count: int = 0, campaign: int = 0) -> CrystalSet:
    """Read a set: any file of ``data.datasets``, or a project with its candidates.

    split : keeps the rows whose column ``split`` equals it; count : the first so many entries (0 = all);
    campaign : of a project file, the candidates of that campaign alone (0 = all).

    Raises ``FileError`` if the file is missing, of an unknown kind or holds no entry.
    """
    path = Path(path)
    name = path.name + (f" [{split}]" if split else "") + (f", first {count}" if count else "")
    if path.suffix.lower() == ".crystals" and path.exists():
        if split:
            raise FileError(f"{path.name} has no column 'split': leave the split out.")
        return _project(path, name, campaign, count)

    def each(function: Callable[[Any], Any], items: Sequence[Any], title: str, block: int) -> list[Any]:
        answers = workers.map(function, items, title, SECONDS_AN_ENTRY, block)
        return [Unreadable(a.reason) if isinstance(a, Failure) else a for a in answers]

    return _of_dataset(name, datasets.read(path, split, count, LIMITS, each))


def _of_dataset(name: str, found: Dataset) -> CrystalSet:
    columns = {k: v for k, v in found.columns.items() if v.dtype.kind in "iufb"}
    asked = next((columns[c] for c in ASKED if c in columns), None)
    if asked is None and "detected_space_group" in columns:  # our own export: space_group is the one asked for
        asked = columns.get("space_group")
    groups = None if asked is None else np.nan_to_num(asked).astype(np.int16)
    return CrystalSet(name, found.structures, found.ids, groups, columns, found.skipped)


def _project(path: Path, name: str, campaign: int, count: int) -> CrystalSet:
    from crystal_studio.project.queries import ProjectReader

    with ProjectReader(path) as reader:
        if campaign:
            reader.campaign(campaign)
        ids = reader.ids(f"campaign_id == {campaign}" if campaign else "")[: count or None]
        structures = reader.structures(ids, "generated")
        asked = reader.units(ids).space_group
    if not len(ids):
        raise FileError(f"{path} holds no entry: generate or import candidates first.")
    faults = fault_texts(structures, LIMITS)
    kept = np.array([not text for text in faults], bool)
    unreadable = tuple((str(i), text) for i, text in zip(ids, faults, strict=True) if text)
    return CrystalSet(name, structures.take(kept), ids.astype(str)[kept], asked[kept], {}, unreadable)
