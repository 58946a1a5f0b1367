"""What every file format that can be written offers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crystal_studio.exchange.problems import Problem

if TYPE_CHECKING:
    from crystal_studio.candidates.batch import Candidates
    from crystal_studio.crystal.batches import Structures

Report = Callable[[Problem], None]


@dataclass(frozen=True)
class Contents:
    """What goes into one file.

    candidates : B candidates, their asymmetric units and bonds where they are known; one for most formats
    names : B names
    columns : B values a column, what else is known of them; empty where nothing is
    report : told of every candidate that cannot be written as asked
    """

    candidates: Candidates
    names: tuple[str, ...]
    columns: Mapping[str, Sequence[Any]]
    report: Report

    @property
    def cells(self) -> Structures:
        """Every atom of their cells."""
        return self.candidates.structures


@dataclass(frozen=True)
class Exporter:
    """A format by its name in the registry.

    title, help : a few words, and a phrase on what it is for
    suffix : ending of its files, with the dot; "" for a folder a candidate, which ``write`` makes
    single : whether all candidates go into one file
    write : ``write(path, contents)`` makes the file; it may raise ``OSError`` or ``KnownError``
    """

    name: str
    title: str
    help: str
    suffix: str
    single: bool
    write: Callable[[Path, Contents], None]
