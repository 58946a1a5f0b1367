"""Structures from databases that speak OPTIMADE (Andersen et al., Sci. Data 8, 217 (2021); specification 1.2).

The network is used by ``structures`` alone, which runs when a user asks for it. JSON:API pages of the endpoint
``/v1/structures`` are followed to their end; whatever is disordered, not three-dimensional or without coordinates is
named and left out.
"""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Protocol
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urljoin, urlsplit
from urllib.request import Request, urlopen

import numpy as np

import crystal_studio
from crystal_studio.crystal.elements import atomic_number
from crystal_studio.errors import KnownError, RequestError
from crystal_studio.exchange.cif_reader import Crystal
from crystal_studio.exchange.entries import usable
from crystal_studio.exchange.problems import Problem

PROVIDERS = {
    "mp": "https://optimade.materialsproject.org",
    "oqmd": "https://oqmd.org/optimade",
    "alexandria": "https://alexandria.icams.rub.de/pbe",
    "cod": "https://www.crystallography.net/cod/optimade",
    "jarvis": "https://jarvis.nist.gov/optimade/jarvisdft",
    "mc3d": "https://aiida.materialscloud.org/mc3d/optimade",
    "odbx": "https://optimade.odbx.science",
    "aflow": "https://aflow.org/API/optimade",
    "nomad": "https://nomad-lab.eu/prod/rae/optimade",
}
"""Base addresses; any other is given in full."""

MODES = ("subset", "exact", "contains")
FIELDS = ("lattice_vectors", "cartesian_site_positions", "species_at_sites", "species", "dimension_types")
PAGE = 100
MOST_BYTES = 64 << 20
MOST_ELEMENTS = 6
TRIES = 3
WAIT = 2.0
"""Seconds before an overloaded server is asked again."""

LONGEST_WAIT = 30.0


class Cancel(Protocol):
    def is_set(self) -> bool: ...


class Stopped(KnownError):
    """The making of a set was asked to end."""


@dataclass(frozen=True)
class Page:
    """One answer: crystals with their ids, what was left out, the next page ("" for none), and how many there are in
    all (0: not said)."""

    crystals: tuple[tuple[str, Crystal], ...]
    problems: tuple[Problem, ...]
    following: str
    total: int


def address(provider: str, query: str) -> str:
    """Where the first page of an answer is asked for; raises ``RequestError`` for an unknown provider.

    provider : a key of ``PROVIDERS``, or the base address of a database (https://... or http://...)
    """
    base = PROVIDERS.get(provider, provider).rstrip("/")
    if urlsplit(base).scheme not in ("http", "https") or not urlsplit(base).hostname:
        known = ", ".join(PROVIDERS)
        raise RequestError(
            f"Unknown provider {provider!r}: choose one of {known}, or give a base address such as"
            " https://optimade.example.org.",
            "provider",
        )
    base = base if base.rsplit("/", 1)[-1].startswith("v1") else base + "/v1"
    return f"{base}/structures?" + urlencode(
        {"filter": query, "response_fields": ",".join(FIELDS), "page_limit": PAGE, "response_format": "json"}
    )


def elements_filter(elements: Sequence[str], mode: str = "subset") -> str:
    """OPTIMADE's filter for a chemical system: of these elements some (subset), all and no other (exact), or all and
    any other (contains)."""
    if not elements or len(set(elements)) > MOST_ELEMENTS:
        raise RequestError(f"Name one to {MOST_ELEMENTS} elements, like --elements Li-Mn-O.", "elements")
    for symbol in elements:
        atomic_number(symbol)
    if mode not in MODES:
        raise RequestError(f"Unknown mode {mode!r}: choose one of {', '.join(MODES)}.", "mode")
    names = sorted(set(elements))
    if mode == "contains":
        return _all(names)
    sizes = [len(names)] if mode == "exact" else range(1, len(names) + 1)
    # HAS ONLY would say the same in one word, but databases need not understand it.
    systems = [f"({_all(part)} AND nelements={n})" for n in sizes for part in combinations(names, n)]
    return " OR ".join(systems)


def structures(
    first: str,
    *,
    timeout: float = 60.0,
    most: int = 100_000,
    cancel: Cancel | None = None,
    progress: Callable[[int, int], None] | None = None,
    wait: float | None = None,
) -> tuple[list[tuple[str, Crystal]], list[Problem]]:
    """All structures of an answer as (id, crystal), page after page, and what was left out.

    first : the address of the first page; timeout : seconds of silence after which a server is given up
    ``progress(done, total)`` is called after each page, total 0 where the server does not say. Raises ``KnownError``
    with what the server said, and ``Stopped`` where ``cancel`` is set.
    """
    found: list[tuple[str, Crystal]] = []
    problems: list[Problem] = []
    for page in _pages(first, timeout, cancel, WAIT if wait is None else wait):
        found += page.crystals
        problems += page.problems
        if progress:
            progress(len(found) + len(problems), page.total)
        if len(found) > most:
            raise KnownError(f"The answer holds more than {most} structures: ask for fewer elements.")
    return found, problems


def _all(names: Sequence[str]) -> str:
    return "elements HAS ALL " + ",".join(f'"{name}"' for name in names)


def _pages(first: str, timeout: float, cancel: Cancel | None, wait: float) -> Iterator[Page]:
    seen: set[str] = set()
    following = first
    while following:
        if following in seen:
            raise KnownError(f"{_host(first)} sends the same page again and again: tell its operators.")
        seen.add(following)
        page = _page(_document(following, timeout, cancel, wait), following)
        yield page
        following = page.following


def _document(url: str, timeout: float, cancel: Cancel | None, wait: float) -> Any:
    """The JSON at an address; a server that is busy is asked again."""
    for attempt in range(TRIES):
        if cancel is not None and cancel.is_set():
            raise Stopped("Stopped: nothing was kept.")
        last = attempt + 1 == TRIES
        try:
            return _read(url, timeout)
        except HTTPError as error:
            said = _said(error)
            if error.code not in (429, 502, 503, 504) or last:
                raise KnownError(f"{_host(url)} refuses ({error.code} {error.reason}){said}") from error
            _pause(max(wait, min(_seconds(error.headers.get("Retry-After")), LONGEST_WAIT)), cancel)
        except (TimeoutError, URLError, http.client.HTTPException, OSError) as error:
            if last:
                reason = getattr(error, "reason", None) or error
                slow = isinstance(reason, TimeoutError)
                why = f"does not answer within {timeout:g} s" if slow else f"cannot be reached ({reason})"
                raise KnownError(f"{_host(url)} {why}: check the connection and the address, or try later.") from error
            _pause(wait, cancel)
    raise AssertionError("the last try returns or raises")


def _read(url: str, timeout: float) -> Any:
    agent = f"crystal-studio/{crystal_studio.__version__}"
    asked = Request(url, headers={"Accept": "application/vnd.api+json, application/json", "User-Agent": agent})
    with urlopen(asked, timeout=timeout) as answer:
        text = answer.read(MOST_BYTES + 1)
    if len(text) > MOST_BYTES:
        raise KnownError(f"{_host(url)} sends a page of more than {MOST_BYTES >> 20} MB: ask for fewer elements.")
    try:
        return json.loads(text)
    except ValueError as error:
        why = "does not answer with JSON: is it the base address of an OPTIMADE database?"
        raise KnownError(f"{_host(url)} {why}") from error


def _pause(seconds: float, cancel: Cancel | None) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and not (cancel is not None and cancel.is_set()):
        time.sleep(min(0.1, seconds))


def _seconds(text: str | None) -> float:
    return float(text) if text and text.isdigit() else 0.0


def _said(error: HTTPError) -> str:
    """The server's own words, where it speaks the standard's."""
    try:
        details = [str(e.get("detail") or e.get("title") or "") for e in json.loads(error.read(1 << 16))["errors"]]
    except (ValueError, KeyError, TypeError, AttributeError, OSError, http.client.HTTPException):
        details = []
    text = " ".join(" ".join(details).split())[:200].rstrip(".")
    return f": {text}." if text else ": check the address, or try later."


def _host(url: str) -> str:
    return urlsplit(url).netloc or url


def _page(document: Any, url: str) -> Page:
    """What an answer holds; raises ``KnownError`` where it is not one of the standard's."""
    try:
        entries = document["data"]
        links, meta = document.get("links") or {}, document.get("meta") or {}
        following = links.get("next")
        following = following.get("href") if isinstance(following, dict) else following
        total = int(meta.get("data_available") or 0)
        more = meta.get("more_data_available", True)
        if not isinstance(entries, list) or not (following is None or isinstance(following, str)):
            raise TypeError("data is no list")
    except (TypeError, KeyError, AttributeError, ValueError) as error:
        raise KnownError(f"{_host(url)} answers with something that is no OPTIMADE page of structures.") from error
    following = urljoin(url, following) if following and more else ""
    if following and urlsplit(following).scheme not in ("http", "https"):
        raise KnownError(f"{_host(url)} names a next page that is no web address: {following[:80]}.")
    crystals, problems = [], []
    for entry in entries:
        name = str(entry.get("id", "?")) if isinstance(entry, dict) else "?"
        try:
            crystals.append((name, crystal(entry)))
        except (ValueError, TypeError, KeyError, AttributeError, IndexError, RequestError) as error:
            text = str(error) if isinstance(error, ValueError) and str(error) else "it lacks what the standard demands"
            problems.append(Problem(name, f"The structure was skipped: {text.rstrip('.')}."))
    return Page(tuple(crystals), tuple(problems), following, total)


def crystal(entry: Any) -> Crystal:
    """The crystal of one entry of the endpoint ``structures``; raises ``ValueError`` with a clause where it is none."""
    attributes = entry["attributes"]
    if attributes.get("dimension_types", [1, 1, 1]) not in ([1, 1, 1], None):
        raise ValueError("it is not periodic in three dimensions")
    if attributes.get("lattice_vectors") is None or attributes.get("cartesian_site_positions") is None:
        raise ValueError("its coordinates are not given")
    species = {kind["name"]: kind for kind in attributes["species"]}
    numbers = [_element(species[name]) for name in attributes["species_at_sites"]]
    lattice = np.asarray(attributes["lattice_vectors"], float)
    places = np.asarray(attributes["cartesian_site_positions"], float)
    if lattice.shape != (3, 3) or places.shape != (len(numbers), 3):
        raise ValueError("cell and sites do not fit together")
    flat = not np.isfinite(lattice).all() or abs(np.linalg.det(lattice)) < 1e-6
    return usable(lattice, numbers, np.zeros_like(places) if flat else places @ np.linalg.inv(lattice))


def _element(kind: Any) -> int:
    symbols, shares = kind["chemical_symbols"], kind.get("concentration", [1.0])
    if len(symbols) != 1 or abs(float(shares[0]) - 1) > 1e-6:
        raise ValueError("it has partly occupied sites")
    if symbols[0] in ("X", "vacancy"):
        raise ValueError("it has sites of no element")
    return atomic_number(symbols[0])
