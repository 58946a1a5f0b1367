"""Names of quantities and methods, which the file holds once each and its rows name by number."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from crystal_studio.candidates.quantities import LABEL, METHOD_KINDS, NUMBER, Method, Quantity
from crystal_studio.candidates.registry import quantities
from crystal_studio.candidates.verdicts import Finding
from crystal_studio.errors import FileError
from crystal_studio.project import checksums

LEARNED = "learned"


@dataclass
class Names:
    """What stands behind the numbers of one file: quantities (with their units) and methods."""

    quantities: dict[int, Quantity] = field(default_factory=dict)
    methods: dict[int, Method] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.quantity_ids = {q.name: i for i, q in self.quantities.items()}
        self.method_ids = {m.name: i for i, m in self.methods.items()}

    def rank(self, method: int) -> int:
        """How far a method is from the most trusted kind, 0."""
        return METHOD_KINDS.index(self.methods[method].kind)

    def known(self) -> Mapping[str, Quantity]:
        """Quantities that can be asked for: those of this installation, then those that only the file knows."""
        return {**quantities(), **{q.name: q for q in self.quantities.values() if q.name not in quantities()}}


def read(connection: sqlite3.Connection, path: Path) -> Names:
    """The names of a file; raises ``FileError`` where they are damaged."""
    found, ways = {}, {}
    for i, name, unit, kind, checksum in connection.execute(
        "SELECT id, name, unit, kind, checksum FROM quantity_names ORDER BY id"
    ):
        if not checksums.holds(checksums.name, (i, name, unit, kind), checksum):
            raise _damaged(path, "quantities")
        known = quantities().get(name)
        found[i] = known if known and (known.unit, known.kind) == (unit, kind) else _foreign(name, unit, kind)
    for i, name, kind, title, checksum in connection.execute(
        "SELECT id, name, kind, title, checksum FROM methods ORDER BY id"
    ):
        if not checksums.holds(checksums.name, (i, name, kind, title), checksum):
            raise _damaged(path, "methods")
        ways[i] = Method(name, kind, title)
    return Names(found, ways)


def _foreign(name: str, unit: str, kind: str) -> Quantity:
    return Quantity(name, name.replace("_", " ").capitalize(), unit=unit, kind=kind)


def _damaged(path: Path, what: str) -> FileError:
    return FileError(
        f"The names of {what} in {path} are damaged: see what can be saved with crystal-studio doctor {path}, "
        "or restore the project from a copy."
    )


def add_quantity(connection: sqlite3.Connection, names: Names, name: str, unit: str, kind: str) -> int:
    """The number of a quantity, entered where it is new."""
    if name not in names.quantity_ids:
        new = max(names.quantities, default=0) + 1
        row = (new, name, unit, kind)
        connection.execute("INSERT INTO quantity_names VALUES (?, ?, ?, ?, ?)", (*row, checksums.name(*row)))
        names.quantities[new] = quantities().get(name) or _foreign(name, unit, kind)
        names.quantity_ids[name] = new
    return names.quantity_ids[name]


def add_method(connection: sqlite3.Connection, names: Names, method: Method) -> int:
    """The number of a method, entered where it is new; raises ``ValueError`` where its name is of another kind."""
    if method.name not in names.method_ids:
        new = max(names.methods, default=0) + 1
        row = (new, method.name, method.kind, method.title)
        connection.execute("INSERT INTO methods VALUES (?, ?, ?, ?, ?)", (*row, checksums.name(*row)))
        names.methods[new] = method
        names.method_ids[method.name] = new
    number = names.method_ids[method.name]
    if names.methods[number].kind != method.kind:
        raise ValueError(f"method {method.name!r} is {names.methods[number].kind} in this project, not {method.kind}")
    return number


def kind_of(finding: Finding) -> tuple[str, str]:
    """Unit and kind of what a stage found; a quantity that no registry knows is a number or a label."""
    known = quantities().get(finding.quantity)
    if known:
        return known.unit, known.kind
    return "", LABEL if np.asarray(finding.values).dtype == object else NUMBER
