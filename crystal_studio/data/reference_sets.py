"""The user's own reference sets: crystals, and energies for the hull, in a folder a set.

A set is made once and not changed (its energies by a potential come beside it), so that its checksums say what a
campaign was judged against. Files of a set:

    structures.npz       ids, formulas, cells and fingerprints; may hold none
    energies.KEY.npz     a hull's phases, computed by the potential with that key
    card.json            where it comes from
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from crystal_studio import paths
from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.composition import formulas
from crystal_studio.data.fingerprints import WIDTH
from crystal_studio.data.hull import ReferenceHull, save_hull
from crystal_studio.data.reference_set import ReferenceSet
from crystal_studio.errors import FileError, KnownError

VERSION = 1
STRUCTURES = "structures.npz"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Card:
    """What a set says of itself.

    sources : files, or what was asked of a provider; structures : how many; energies : phases by key of potential
    """

    name: str
    created: str
    sources: tuple[str, ...]
    structures: int
    energies: Mapping[str, int]


def cards() -> list[Card]:
    """All sets, by name."""
    return [card(place.name) for place in _folders()]


def card(name: str) -> Card:
    """One set; raises ``KnownError`` where there is none of that name."""
    document = _card(_existing(name))
    energies = {
        file.name.split(".", 1)[1].removesuffix(".npz"): len(ReferenceHull.read(file))
        for file in sorted(_existing(name).glob("energies.*.npz"))
    }
    return Card(name, document["created"], tuple(document["sources"]), int(document["structures"]), energies)


def add(
    name: str,
    structures: Structures,
    ids: Sequence[str],
    vectors: NDArray,
    sources: Iterable[str],
    energies: Mapping[str, ReferenceHull] | None = None,
) -> Card:
    """Keep a new set; raises ``KnownError`` where the name is no good or taken.

    ids : one a structure; vectors : (B, W) their fingerprints; energies : phases by key of the potential
    """
    check_name(name)
    folder = paths.references()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".") as made:
            place = Path(made) / name
            place.mkdir()
            _write(place / STRUCTURES, structures, ids, vectors)
            for key, phases in (energies or {}).items():
                save_hull(place / energies_file(key), phases)
            document = {
                "version": VERSION,
                "created": datetime.now(UTC).isoformat(timespec="seconds"),
                "sources": list(sources),
                "structures": len(structures),
            }
            (place / "card.json").write_text(json.dumps(document, indent=1) + "\n")
            place.rename(folder / name)
    except OSError as error:
        raise FileError(f"The set {name} cannot be written to {folder} ({error.strerror or error}).") from error
    return card(name)


def add_energies(name: str, phases: ReferenceHull) -> None:
    """Energies of a set by one more potential, ``phases.potential``; those it had are replaced."""
    place = _existing(name)
    save_hull(place / energies_file(phases.potential), phases)
    ReferenceHull.forget()


def remove(name: str) -> None:
    """Delete a set; raises ``KnownError`` where there is none of that name."""
    shutil.rmtree(_existing(name))
    _load.cache_clear()
    ReferenceHull.forget()


def check_name(name: str) -> None:
    """Raises ``KnownError`` where a new set cannot be called so."""
    if not _NAME.fullmatch(name):
        raise KnownError(f"{name!r} cannot be the name of a set: use letters, digits, dots, dashes and underscores.")
    if (paths.references() / name).exists():
        raise KnownError(f"There is a reference set {name} already: choose another name, or remove it first.")


def energies_file(key: str) -> str:
    """Name of the file that holds energies by one potential."""
    return f"energies.{key}.npz"


def checksums() -> dict[str, str]:
    """SHA-256 of every file that says what is known: "my-oxides/structures.npz" and so on."""
    return {f"{place.name}/{file.name}": _sha256(file) for place in _folders() for file in sorted(place.glob("*.npz"))}


def unchanged(recorded: Mapping[str, str]) -> tuple[tuple[str, ...], list[str]]:
    """Of files with their checksums those that are still the same, and a sentence on each that is not."""
    now = checksums() if recorded else {}
    sentences = [
        f"The reference set {file.partition('/')[0]} is {'not what it was' if file in now else 'gone'} since this"
        f" campaign began: it goes on without {file}."
        for file, checksum in recorded.items()
        if now.get(file) != checksum
    ]
    return tuple(file for file, checksum in recorded.items() if now.get(file) == checksum), sentences


def load(name: str) -> ReferenceSet:
    """The crystals of a set, read once; raises ``KnownError`` where it is gone or damaged."""
    return _load(_existing(name) / STRUCTURES)


def of_files(files: Iterable[str]) -> tuple[ReferenceSet, ...]:
    """The sets of crystals among files named as by ``checksums``; raises ``KnownError``."""
    return tuple(load(file.partition("/")[0]) for file in files if file.endswith(f"/{STRUCTURES}"))


def hull_files(files: Iterable[str], key: str) -> tuple[Path, ...]:
    """Those among them that hold energies by one potential."""
    return tuple(paths.references() / file for file in files if file.endswith(f"/{energies_file(key)}"))


def _existing(name: str) -> Path:
    place = paths.references() / name
    if not _NAME.fullmatch(name) or not (place / "card.json").is_file():
        known = ", ".join(f.name for f in _folders()) or "none"
        raise KnownError(f"There is no reference set {name!r}: there is {known}.")
    return place


def _folders() -> list[Path]:
    folder = paths.references()
    return sorted(f for f in folder.iterdir() if (f / "card.json").is_file()) if folder.is_dir() else []


def _card(place: Path) -> dict[str, Any]:
    try:
        document = json.loads((place / "card.json").read_text())
        if document["version"] == VERSION:
            return document
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FileError(f"The reference set {place.name} is damaged: remove it and add it again.") from error
    raise FileError(f"The reference set {place.name} was made by another version: remove it and add it again.")


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _write(path: Path, structures: Structures, ids: Sequence[str], vectors: NDArray) -> None:
    np.savez_compressed(
        path,
        version=VERSION,
        ids=_packed(ids),
        lattice=structures.lattice,
        offsets=structures.offsets,
        numbers=structures.numbers,
        positions=structures.positions,
        vectors=np.asarray(vectors, np.float32).reshape(-1, WIDTH),
        formulas=_packed(formulas(structures)),
    )


@lru_cache(maxsize=8)
def _load(path: Path) -> ReferenceSet:
    try:
        with np.load(path, allow_pickle=False) as stored:
            numbers = stored["numbers"]
            structures = Structures(
                stored["lattice"],
                stored["offsets"],
                numbers,
                stored["positions"],
                np.full(len(numbers), -1, np.int16),
            )
            size = len(structures)
            found = ReferenceSet(
                path.parent.name,
                _words(stored["ids"], size),
                _words(stored["formulas"], size),
                structures,
                stored["vectors"],
            )
            if not len(found.vectors) == size or len(numbers) != structures.offsets[-1]:
                raise ValueError("columns of different lengths")
            return found
    except (OSError, ValueError, KeyError, IndexError, EOFError, BadZipFile) as error:
        raise FileError(
            f"The reference set {path.parent.name} is damaged: remove it and add it again"
            f" (crystal-studio reference remove {path.parent.name})."
        ) from error


def _packed(words: Sequence[str]) -> NDArray[np.uint8]:
    return np.frombuffer("\n".join(" ".join(str(w).split()) for w in words).encode(), np.uint8)


def _words(packed: NDArray[np.uint8], size: int) -> NDArray:
    words = packed.tobytes().decode().split("\n") if size else []
    if len(words) != size:
        raise ValueError("columns of different lengths")
    return np.array(words, str)
