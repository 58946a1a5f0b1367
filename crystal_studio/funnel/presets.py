"""Funnels that the user saves under names, each a TOML file in the folder of the user's settings."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crystal_studio import paths
from crystal_studio.candidates.registry import quantities
from crystal_studio.design.funnel import Asked, Funnel
from crystal_studio.errors import FileError, KnownError, RequestError
from crystal_studio.funnel.stage_registry import STAGES
from crystal_studio.funnel.stages import FUNNELS, check, expand, make, tidy

VERSION = 1
"""Of the files; raised when an earlier program could not read them."""
SUFFIX = ".toml"
_NAME = re.compile(r"\w[\w .+-]{0,39}")


@dataclass(frozen=True)
class Preset:
    """A funnel under a name: the user's ``own``, or one that every installation has.

    ``funnel`` is None where the file cannot be used here; ``problem`` then says why and what to do.
    """

    name: str
    own: bool
    funnel: Funnel | None = None
    problem: str = ""


def folder() -> Path:
    """Where they lie; it is made when the first one is saved."""
    return paths.configuration() / "funnels"


def presets() -> list[Preset]:
    """All of them: those of the installation, then the user's by name, those too that cannot be used."""
    own = [_preset(path) for path in sorted(folder().glob(f"*{SUFFIX}"), key=lambda p: p.stem.casefold())]
    return [*(Preset(name, False, funnel) for name, funnel in FUNNELS.items()), *own]


def find(text: str) -> Asked:
    """What ``--funnel`` names: a file of a funnel, or funnels and stages with commas between them.

    What every installation knows stays a name; with a preset of the user it becomes the stages themselves, so that a
    project does not depend on the preset. Raises ``KnownError``.
    """
    if text.endswith(SUFFIX) or os.sep in text:
        found = read(Path(text))
        others = found.name in FUNNELS and found.stages != FUNNELS[found.name].stages
        return Funnel(stages=found.stages) if others else found
    parts = [part.strip() for part in text.split(",")]
    known = {preset.name: preset for preset in presets()}
    for part in parts:
        if part in known and known[part].problem:
            raise FileError(known[part].problem)
    if parts[0] in FUNNELS and all(part in FUNNELS or part in STAGES for part in parts):
        return text
    return expand(text, {name: preset.funnel for name, preset in known.items() if preset.funnel is not None})


def save(funnel: Funnel, name: str, replace: bool = False) -> Funnel:
    """Keep a funnel under a name and return it so named; raises ``KnownError`` where the name is no good or taken."""
    name = _good(name)
    there = _same(name)
    if there is not None and not replace:
        raise FileError(f"There is a funnel {there.stem!r} already: choose another name, or replace it.")
    kept = Funnel(name=name, stages=tidy(funnel).stages)
    _write(there or _path(name), kept)
    return kept


def rename(name: str, new: str) -> Funnel:
    """Call a preset something else; raises ``KnownError``."""
    there = _existing(name)
    new = _good(new)
    other = _same(new)
    if other is not None and other != there:
        raise FileError(f"There is a funnel {other.stem!r} already: choose another name.")
    kept = Funnel(name=new, stages=read(there).stages)
    _write(_path(new), kept)
    if _path(new) != there:
        there.unlink()
    return kept


def delete(name: str) -> None:
    """Forget a preset, also one that cannot be read; raises ``KnownError`` where there is none."""
    _existing(name).unlink()


def to_toml(funnel: Funnel) -> str:
    """The text of a file."""
    import tomli_w

    return tomli_w.dumps({"version": VERSION, **funnel.plain()})


def from_toml(text: str, what: str = "This") -> Funnel:
    """The funnel of a text; raises ``FileError`` that begins with ``what`` for one that cannot be used here."""
    try:
        found: Mapping[str, Any] = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise FileError(f"{what} is not a funnel in TOML: {error}.") from error
    version = found.get("version", VERSION)
    if not isinstance(version, int) or version < 1:
        raise FileError(f"{what} states the version {version!r}, which is none: set it to {VERSION}.")
    if version > VERSION:
        raise FileError(f"{what} is of version {version}, this program reads up to {VERSION}: update Crystal Studio.")
    if not found.get("stages"):
        raise FileError(f"{what} is not a funnel: it has no stages.")
    try:
        funnel = Funnel.of({name: value for name, value in found.items() if name != "version"})
        check([make(stage) for stage in funnel.stages], quantities())
        return tidy(funnel)
    except RequestError as error:
        raise FileError(f"{what} cannot be used: {error}") from error


def read(path: Path) -> Funnel:
    """The funnel in a file; raises ``FileError``."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise FileError(f"{path} cannot be read as a funnel: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise FileError(f"{path} is not a funnel in TOML: it is no text.") from error
    return from_toml(text, str(path))


def export(funnel: Funnel, path: Path) -> None:
    """Write a funnel to a file of the user's choice; raises ``FileError``."""
    _write(path, funnel)


def import_(path: Path, name: str = "", replace: bool = False) -> Funnel:
    """Keep the funnel of a file, under the name that it states unless another is given; raises ``KnownError``."""
    funnel = read(path)
    return save(funnel, name or funnel.name or path.stem, replace)


def _preset(path: Path) -> Preset:
    try:
        funnel = read(path)
    except KnownError as error:
        return Preset(path.stem, True, problem=str(error))
    return Preset(path.stem, True, Funnel(name=path.stem, stages=funnel.stages))


def _path(name: str) -> Path:
    return folder() / f"{name}{SUFFIX}"


def _same(name: str) -> Path | None:
    """The file of a preset whose name differs in nothing but capitals, as some disks do not tell them apart."""
    return next((p for p in folder().glob(f"*{SUFFIX}") if p.stem.casefold() == name.casefold()), None)


def _existing(name: str) -> Path:
    if name in FUNNELS:
        raise RequestError(f"The funnel {name} is the program's: save it under a name of your own first.", "funnel")
    path = _same(name)
    if path is None:
        own = ", ".join(preset.name for preset in presets() if preset.own) or "none"
        raise FileError(f"There is no funnel {name!r} of your own: you have {own}.")
    return path


def _good(name: str) -> str:
    name = name.strip()
    if not _NAME.fullmatch(name):
        raise RequestError(
            "A funnel's name has up to 40 letters, digits, spaces, points, + and -, and begins with a letter or digit.",
            "name",
        )
    if name.casefold() in FUNNELS or name in STAGES:
        raise RequestError(f"The name {name} is taken by the program: choose another.", "name")
    return name


def _write(path: Path, funnel: Funnel) -> None:
    """Whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(to_toml(funnel), encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        if draft.parent.is_dir():
            draft.unlink(missing_ok=True)
        raise FileError(f"{path} cannot be written: {error.strerror}. Choose another place, or make room.") from error
