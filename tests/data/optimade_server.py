"""A tiny database that speaks OPTIMADE on this machine, and misbehaves on request."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

FCC = [[0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]]


def entry(name: str, symbols: tuple[str, str] = ("Na", "Cl"), a: float = 5.64, **changes: Any) -> dict[str, Any]:
    """Rock salt in its primitive cell as the standard writes it."""
    attributes: dict[str, Any] = {
        "lattice_vectors": [[a * x for x in row] for row in FCC],
        "cartesian_site_positions": [[0.0, 0.0, 0.0], [a / 2, a / 2, a / 2]],
        "species_at_sites": list(symbols),
        "species": [{"name": s, "chemical_symbols": [s], "concentration": [1.0]} for s in dict.fromkeys(symbols)],
        "dimension_types": [1, 1, 1],
    }
    return {"id": name, "type": "structures", "attributes": attributes | changes}


class Database:
    """Entries in pages of ``size``.

    busy : so many first answers are 503; raw : bodies sent instead, by page; links : "href" objects instead of texts;
    silent : set to let answers go that otherwise never come
    """

    def __init__(self, entries: list[dict[str, Any]], size: int = 2) -> None:
        self.entries, self.size = entries, size
        self.asked: list[dict[str, list[str]]] = []
        self.agents: list[str] = []
        self.busy = 0
        self.raw: dict[int, tuple[int, bytes]] = {}
        self.next_of: Mapping[int, Any] = {}
        self.objects = False
        self.silent: threading.Event | None = None
        self.base = ""

    def answer(self, path: str) -> tuple[int, bytes]:
        parts = urlsplit(path)
        query = parse_qs(parts.query)
        self.asked.append(query)
        if self.silent is not None:
            self.silent.wait(20)
        if self.busy:
            self.busy -= 1
            return 503, b"busy"
        if not parts.path.endswith("/v1/structures"):
            return 404, json.dumps({"errors": [{"detail": "No such endpoint.", "title": "Not Found"}]}).encode()
        page = int(query.get("page_offset", ["0"])[0]) // self.size
        if page in self.raw:
            return self.raw[page]
        chosen = self.entries[page * self.size : (page + 1) * self.size]
        more = (page + 1) * self.size < len(self.entries)
        following: Any = f"{self.base}/v1/structures?page_offset={(page + 1) * self.size}" if more else None
        following = self.next_of.get(page, following)
        if self.objects and following:
            following = {"href": following, "meta": {}}
        document = {
            "data": chosen,
            "links": {"next": following},
            "meta": {"data_available": len(self.entries), "more_data_available": more or page in self.next_of},
        }
        return 200, json.dumps(document).encode()


@contextmanager
def serving(database: Database) -> Iterator[str]:
    """The database on a port of this machine; its base address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            database.agents.append(self.headers.get("User-Agent", ""))
            status, body = database.answer(self.path)
            with suppress(OSError):  # whoever asked may be gone
                self.send_response(status)
                self.send_header("Content-Type", "application/vnd.api+json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    database.base = f"http://127.0.0.1:{server.server_address[1]}/optimade"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield database.base
    finally:
        if database.silent is not None:
            database.silent.set()
        server.shutdown()
        server.server_close()
        thread.join()
