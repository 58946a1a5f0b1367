"""Which schedulers may be talked to: what a scheduler accepts it runs, so loopback or TLS only."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from crystal_studio.errors import KnownError, RequestError

_HOW = (
    "start scheduler and workers with certificates (--tls-ca-file, --tls-cert, --tls-key), name them to this program "
    "in DASK_DISTRIBUTED__COMM__TLS__CA_FILE, __CLIENT__CERT and __CLIENT__KEY, and use tls:// (docs/clusters.md)."
)


def check_address(address: str) -> None:
    """Raise ``RequestError`` for what is no address, ``KnownError`` for an open one: neither loopback nor TLS."""
    parts = _split(address)
    if parts.scheme == "tcp" and not is_loopback(parts.hostname or ""):
        raise KnownError(
            f"{address} is neither this machine nor encrypted, and whoever reaches a scheduler can run programs: {_HOW}"
        )


def check_listener(address: str, listens: str) -> None:
    """Raise ``KnownError`` where a scheduler reached over loopback listens to the network, unencrypted, as well."""
    parts = urlsplit(listens)
    if parts.scheme == "tcp" and not is_loopback(parts.hostname or ""):
        raise KnownError(
            f"The scheduler at {address} listens to the network ({listens}) without encryption, and whoever reaches it "
            "can run programs: start it with --host 127.0.0.1, or with certificates (docs/clusters.md)."
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach it."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def security_of(address: str) -> Any:
    """Dask's ``Security`` for a tls:// address, from Dask's settings; None for tcp://. Raises ``KnownError``."""
    if _split(address).scheme != "tls":
        return None
    from distributed.security import Security

    security: Any = Security(require_encryption=True)
    files = (security.tls_ca_file, security.tls_client_cert, security.tls_client_key)
    if not all(files):
        raise KnownError(f"There is no certificate for {address}: {_HOW}")
    missing = [f for f in files if "\n" not in str(f) and not Path(f).is_file()]
    if missing:
        raise KnownError(f"The certificate {missing[0]} is not there: {_HOW}")
    return security


def _split(address: str) -> Any:
    parts = urlsplit(address)
    try:
        good = parts.scheme in ("tcp", "tls") and parts.hostname and parts.port
    except ValueError:
        good = False
    if not good:
        raise RequestError(f"{address!r} is no address of a scheduler: write it like tcp://127.0.0.1:8786.", "engine")
    return parts
