"""Engines by name."""

from __future__ import annotations

from crystal_studio.errors import RequestError
from crystal_studio.execution.local import LocalEngine
from crystal_studio.execution.machine import cores
from crystal_studio.execution.protocol import Engine


def open_engine(name: str = "local", workers: int = 0) -> Engine:
    """The engine that a name stands for; ``close`` it when done.

    name : "local" (processes of this machine), the address of a Dask scheduler ("tcp://127.0.0.1:8786", "tls://..."),
        or "slurm:NAME" (a partition, or a section ``jobqueue.NAME`` of Dask's settings).
    workers : processes of the local engine, 0 for one a core; jobs of Slurm.

    Raises ``RequestError`` for any other name, ``KnownError`` where it cannot be had.
    """
    kind, _, rest = name.partition(":")
    if name == "local":
        return LocalEngine(workers or cores())
    if kind in ("tcp", "tls"):
        from crystal_studio.execution.dask import DaskEngine

        return DaskEngine(name)
    if kind == "slurm" and rest:
        from crystal_studio.execution.slurm import slurm_engine

        return slurm_engine(rest, workers)
    raise RequestError(
        f"Unknown engine {name!r}: choose local, the address of a scheduler (tcp://127.0.0.1:8786), or slurm:NAME.",
        "engine",
    )
