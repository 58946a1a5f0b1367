"""This machine's processes as workers of a Dask scheduler."""

from __future__ import annotations

from urllib.parse import urlsplit

from crystal_studio.errors import KnownError
from crystal_studio.execution.addresses import check_address, is_loopback
from crystal_studio.execution.dask import imported
from crystal_studio.execution.machine import cores

_NAMES = ("--tls-ca-file", "--tls-cert", "--tls-key")
_PATIENCE = 60
"""Seconds without a scheduler after which a worker ends."""


def join_scheduler(address: str, workers: int = 0, gpus: int = 0, tls: tuple[str, str, str] = ("", "", "")) -> None:
    """Work until the scheduler ends or this process is interrupted.

    workers : processes, one thread and one task at a time each, watched by a nanny; 0 for one a core.
    gpus : the resource "GPU" that each of them declares.
    tls : files of the authority, the certificate and the key; where empty, those of Dask's settings.

    Raises ``KnownError`` for an address that is neither loopback nor TLS, and where no worker can start.
    """
    imported()
    check_address(address)
    command = [address, "--nworkers", str(workers or cores()), "--nthreads", "1", "--nanny", "--no-dashboard"]
    command += ["--memory-limit", "0", "--death-timeout", str(_PATIENCE)]
    if is_loopback(urlsplit(address).hostname or ""):
        command += ["--host", "127.0.0.1"]
    if gpus:
        command += ["--resources", f"GPU={gpus}"]
    for name, file in zip(_NAMES, tls, strict=True):
        command += [name, file] if file else []
    from distributed.cli.dask_worker import main

    try:
        main(command, standalone_mode=False)
    except (OSError, TimeoutError, RuntimeError) as error:
        raise KnownError(f"The scheduler at {address} cannot be joined ({error}): is it running?") from error
    except SystemExit as ended:
        if ended.code:
            raise KnownError(f"The workers for {address} ended: see the lines above.") from ended
