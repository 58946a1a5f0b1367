"""Engines by name."""

from __future__ import annotations

from crystal_studio.errors import RequestError
from crystal_studio.execution.local import LocalEngine
from crystal_studio.execution.machine import cores
from crystal_studio.execution.protocol import Engine

__all__ = ["cores", "open_engine"]


def open_engine(name: str = "local", workers: int = 0) -> Engine:
    """The engine that a name stands for; ``close`` it when done.

    name : "local" (processes of this machine).
    workers : processes of the local engine, 0 for one a core.

    Raises ``RequestError`` for any other name.
    """
    if name == "local":
        return LocalEngine(workers or cores())
    raise RequestError(f"Unknown engine {name!r}: choose local.", "engine")
