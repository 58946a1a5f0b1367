"""Structures from a database that speaks OPTIMADE: pages, complaints, silence. A server on this machine answers."""

from __future__ import annotations

import json
import socket
import threading
from pathlib import Path

import numpy as np
import pytest
from optimade_server import Database, entry, serving

from crystal_studio.data import gathering, optimade, reference_sets
from crystal_studio.errors import KnownError, RequestError


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def ask(base: str, **options):
    query = optimade.elements_filter(["Na", "Cl"])
    return optimade.structures(optimade.address(base, query), wait=0.0, **options)


def test_all_pages_are_read_and_the_server_is_asked_for_the_system() -> None:
    for objects in (False, True):
        database = Database([entry(f"db-{i}", a=5 + i / 10) for i in range(5)])
        database.objects = objects
        told: list[tuple[int, int]] = []
        with serving(database) as base:
            found, problems = ask(base, progress=lambda *n, told=told: told.append(n))
        assert [name for name, _ in found] == [f"db-{i}" for i in range(5)] and problems == []
        assert told == [(2, 5), (4, 5), (5, 5)] and len(database.asked) == 3
        first = database.asked[0]
        assert first["filter"] == [
            '(elements HAS ALL "Cl" AND nelements=1) OR (elements HAS ALL "Na" AND nelements=1) OR'
            ' (elements HAS ALL "Cl","Na" AND nelements=2)'
        ]
        assert "lattice_vectors" in first["response_fields"][0]
        assert database.agents[0].startswith("crystal-studio/")
        lattice, numbers, positions = found[1][1]
        assert lattice[0].tolist() == [0, 2.55, 2.55] and numbers.tolist() == [11, 17]
        assert np.allclose(positions, [[0, 0, 0], [0.5, 0.5, 0.5]])


def test_modes_and_addresses() -> None:
    assert optimade.elements_filter(["O", "Mn"], "exact") == '(elements HAS ALL "Mn","O" AND nelements=2)'
    assert optimade.elements_filter(["O", "Mn"], "contains") == 'elements HAS ALL "Mn","O"'
    assert optimade.address("mp", "x").startswith("https://optimade.materialsproject.org/v1/structures?filter=x&")
    assert optimade.address("https://a.org/b/v1/", "x").startswith("https://a.org/b/v1/structures?")
    for provider in ("nobody", "file:///etc/passwd", "ftp://a.org", ""):
        with pytest.raises(RequestError, match="choose one of mp, oqmd"):
            optimade.address(provider, "x")
    for elements, mode in (([], "exact"), (["Xx"], "exact"), (["Na"], "all"), (list("HBCNOFP"), "subset")):
        with pytest.raises(RequestError):
            optimade.elements_filter(elements, mode)


def test_what_cannot_be_used_is_named_and_the_rest_is_kept() -> None:
    half = [{"name": "Na", "chemical_symbols": ["Na", "vacancy"], "concentration": [0.5, 0.5]}]
    hole = [{"name": "Na", "chemical_symbols": ["X"], "concentration": [1.0]}]
    salt = entry("good")["attributes"]["species"]
    bad = {
        "half": (entry("half", species=half + salt[1:]), "partly occupied"),
        "hole": (entry("hole", species=hole + salt[1:]), "no element"),
        "slab": (entry("slab", dimension_types=[1, 1, 0]), "three dimensions"),
        "bare": (entry("bare", cartesian_site_positions=None), "coordinates are not given"),
        "short": (entry("short", cartesian_site_positions=[[0, 0, 0]]), "do not fit together"),
        "flat": (entry("flat", lattice_vectors=[[1, 0, 0]] * 3), "was skipped"),
        "nameless": (entry("nameless", species_at_sites=["Na", "Q"]), "lacks what the standard demands"),
        "empty": ({"id": "empty"}, "lacks what the standard demands"),
    }
    with serving(Database([entry("good"), *(made for made, _ in bad.values()), entry("last")], size=3)) as base:
        found, problems = ask(base)
    assert [name for name, _ in found] == ["good", "last"]
    assert [p.name for p in problems] == list(bad)
    for problem, (_, why) in zip(problems, bad.values(), strict=True):
        assert why in problem.text


def test_a_busy_server_is_asked_again_and_given_up_in_the_end() -> None:
    database = Database([entry("db-1")])
    database.busy = 2
    with serving(database) as base:
        assert len(ask(base)[0]) == 1
        database.busy = 99
        with pytest.raises(KnownError, match=r"127.0.0.1:\d+ refuses \(503 .*try later"):
            ask(base)


def test_the_servers_own_words_are_passed_on() -> None:
    database = Database([entry("db-1")])
    database.raw[0] = 400, json.dumps({"errors": [{"title": "Bad Request", "detail": "I know no nelements."}]}).encode()
    with serving(database) as base:
        with pytest.raises(KnownError, match=r"refuses \(400 .*\): I know no nelements\.$"):
            ask(base)
        assert len(database.asked) == 1  # it would say the same again
        with pytest.raises(KnownError, match=r"refuses \(404 .*\): No such endpoint"):
            optimade.structures(f"{base}/v2/structures", wait=0.0)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"<html>Welcome</html>", "does not answer with JSON"),
        (b"[1, 2]", "no OPTIMADE page"),
        (b'{"data": {"id": 1}}', "no OPTIMADE page"),
        (b'{"data": [], "links": {"next": 7}}', "no OPTIMADE page"),
        (b'{"data": [], "links": {"next": "file:///etc/passwd"}}', "no web address"),
    ],
)
def test_other_answers_are_told_apart(body: bytes, why: str) -> None:
    database = Database([entry(f"db-{i}") for i in range(4)])
    database.raw[1] = 200, body
    with serving(database) as base, pytest.raises(KnownError, match=why):
        ask(base)


def test_pages_in_a_circle_come_to_an_end() -> None:
    database = Database([entry(f"db-{i}") for i in range(4)])
    with serving(database) as base:
        database.next_of = {1: f"{base}/v1/structures?page_offset=2"}
        with pytest.raises(KnownError, match="the same page again and again"):
            ask(base)


def test_silence_and_absence_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    database = Database([entry("db-1")])
    database.silent = threading.Event()
    with serving(database) as base, pytest.raises(KnownError, match=r"does not answer within 0\.2 s: check"):
        ask(base, timeout=0.2)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    with pytest.raises(KnownError, match="cannot be reached"):
        ask(f"http://127.0.0.1:{port}")


def test_cancelled_between_pages_nothing_is_kept() -> None:
    database = Database([entry(f"db-{i}") for i in range(6)])
    cancel = threading.Event()

    def stop(title: str, done: int, total: int) -> None:
        cancel.set()

    with serving(database) as base, pytest.raises(optimade.Stopped):
        gathering.fetch("mine", base, ["Na", "Cl"], cancel=cancel, progress=stop)
    assert len(database.asked) == 1 and reference_sets.cards() == []


def test_a_fetched_set_is_kept_with_its_source(tmp_path: Path) -> None:
    database = Database([entry("mp-22862"), entry("mp-1", ("Na", "Na"))])
    with serving(database) as base:
        card, problems = gathering.fetch("salt", base, ["Na", "Cl"], "contains")
        assert (card.structures, problems) == (2, [])
        assert card.sources == (f"{base}/v1/structures", 'elements HAS ALL "Cl","Na"')
        with pytest.raises(KnownError, match="salt already"):
            gathering.fetch("salt", base, ["Na", "Cl"])
        assert len(database.asked) == 1  # nothing is fetched for nothing
        database.entries = []
        with pytest.raises(KnownError, match="no structure that could be used: ask for other elements"):
            gathering.fetch("none", base, ["Na", "Cl"])
    assert reference_sets.load("salt").ids.tolist() == ["mp-22862", "mp-1"]
