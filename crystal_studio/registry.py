"""Things of one kind by name: those shipped, and those that other installed packages offer as entry points."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, lru_cache
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from crystal_studio.errors import KnownError

if TYPE_CHECKING:
    from importlib import metadata

GROUPS = b"[crystal_studio."
"""How every group of entry points begins that a registry reads."""

T = TypeVar("T")
log = logging.getLogger(__name__)


class Registry(Generic[T]):
    """One table of a kind of thing, imported when first asked for.

    ``what`` is the word for one of them ("potential"), used in messages. ``group`` names the entry points that add to
    the table. ``entries`` are those shipped: name -> "module:attribute". ``error`` is raised for what is not there.

    An entry point that cannot be loaded, that takes a shipped name, or at which ``check`` raises is left out with a
    warning in the log: the shipped ones work on. What is wrong with a shipped one is raised as it is.
    """

    def __init__(
        self,
        what: str,
        group: str,
        entries: Mapping[str, str],
        error: type[KnownError] = KnownError,
        check: Callable[[T], object] | None = None,
    ) -> None:
        self.what, self.group, self._shipped, self._error, self._check = what, group, dict(entries), error, check
        self._loaded: dict[str, T] = {}
        self._broken: dict[str, str] = {}

    def names(self) -> tuple[str, ...]:
        """Every name, the shipped ones first; nothing is imported."""
        return tuple(name for name in (*self._shipped, *self._offered) if name not in self._broken)

    def __contains__(self, name: object) -> bool:
        return name in self.names()

    def get(self, name: str) -> T:
        """The thing of that name; raises the registry's kind of ``KnownError``, which lists the known names."""
        if name not in self._loaded:
            if name in self._shipped:
                self._loaded[name] = _resolve(self._shipped[name])
            else:
                self._loaded[name] = self._from_entry_point(name)
        return self._loaded[name]

    def all(self) -> dict[str, T]:
        """All of them by name, imported now; broken entry points are left out."""
        return dict(self._working())

    def problem(self, name: str) -> str:
        """Why the entry point of that name is left out; empty where it is not."""
        return self._broken.get(name, "")

    def refresh(self) -> None:
        """Look for entry points again, as after a package was installed."""
        self.__dict__.pop("_offered", None)
        self._broken.clear()
        for name in set(self._loaded) - set(self._shipped):
            del self._loaded[name]

    @cached_property
    def _offered(self) -> dict[str, metadata.EntryPoint]:
        found: dict[str, metadata.EntryPoint] = {}
        for entry in _offers(self.group):
            if entry.name in self._shipped or entry.name in found:
                log.warning(
                    "The %s %r of %s is left out: the name is taken. Remove that package, or ask its authors to rename"
                    " it.", self.what, entry.name, _package(entry),
                )  # fmt: skip
                continue
            found[entry.name] = entry
        return found

    def _working(self) -> Iterator[tuple[str, T]]:
        for name in self.names():
            try:
                yield name, self.get(name)
            except KnownError:
                if name in self._shipped:
                    raise

    def _from_entry_point(self, name: str) -> T:
        if name in self._broken:
            raise self._error(self._broken[name])
        entry = self._offered.get(name)
        if entry is None:
            known = ", ".join(self.names()) or "none"
            raise self._error(f"There is no {self.what} {name!r}: choose one of {known}.")
        try:
            found = cast(T, entry.load())
            if self._check is not None:
                self._check(found)
            return found
        except Exception as error:  # whatever a third party's module does when imported
            self._broken[name] = (
                f"The {self.what} {name!r} of {_package(entry)} cannot be loaded ({type(error).__name__}: {error}):"
                " update that package or remove it."
            )
            log.warning("%s", self._broken[name])
            raise self._error(self._broken[name]) from error


def _offers(group: str) -> tuple[metadata.EntryPoint, ...]:
    """What installed packages offer to one registry."""
    return tuple(entry for entry in _entry_points(tuple(map(_place, sys.path))) if entry.group == group)


def _place(path: str) -> tuple[str, int]:
    """A place that packages lie in, and when something was last put there or taken away (-1: it is not there)."""
    try:
        return path, Path(path).stat().st_mtime_ns
    except OSError:
        return path, -1


@lru_cache(maxsize=1)
def _entry_points(places: tuple[tuple[str, int], ...]) -> tuple[metadata.EntryPoint, ...]:
    """Every entry point for a registry of ours, looked for once as long as no package comes or goes.

    ``importlib.metadata`` takes a tenth of the start of a command to import and as much again for each registry, so
    it is left out where no file of entry points speaks of us.
    """
    if not any(_speaks_of_us(path) for path, changed in places if changed >= 0):
        return ()
    from importlib import metadata

    found = metadata.entry_points()
    ours = [group for group in found.groups if f"[{group}".encode().startswith(GROUPS)]
    return tuple(entry for group in ours for entry in found.select(group=group))


def _speaks_of_us(place: str) -> bool:
    """Whether a package in one place of ``sys.path`` may have entry points for us; an archive may always."""
    try:
        with os.scandir(place or ".") as found:
            packages = [entry.path for entry in found if entry.name.endswith((".dist-info", ".egg-info"))]
    except OSError:
        return True
    for package in packages:
        try:
            if GROUPS in (Path(package) / "entry_points.txt").read_bytes():
                return True
        except OSError:
            continue
    return False


def _resolve(reference: str) -> T:  # type: ignore[type-var]
    module, _, attribute = reference.partition(":")
    found = import_module(module)
    return cast(T, attrgetter(attribute)(found) if attribute else found)


def _package(entry: metadata.EntryPoint) -> str:
    return f"the package {entry.dist.name}" if entry.dist is not None else f"the module {entry.module}"
