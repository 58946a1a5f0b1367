"""``crystal-studio worker``: workers of this machine for a Dask scheduler."""

from __future__ import annotations

import argparse
from typing import Any

SUMMARY = "Join a Dask scheduler as workers, for campaigns that run with --engine ADDRESS."
EXAMPLE = "crystal-studio worker tcp://127.0.0.1:8786 --workers 2"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("address", metavar="ADDRESS", help="of the scheduler: tcp://127.0.0.1:8786 or tls://HOST:8786")
    parser.add_argument("--workers", type=int, default=0, metavar="N", help="worker processes (default: one a core)")
    parser.add_argument(
        "--gpus",
        type=int,
        default=0,
        metavar="N",
        help="tasks that want a GPU, at the same time, a worker (default: 0)",
    )
    for name, what in (
        ("ca-file", "the certificate authority"),
        ("cert", "this machine's certificate"),
        ("key", "its key"),
    ):
        parser.add_argument(f"--tls-{name}", default="", metavar="FILE", help=f"{what}, for tls:// (PEM)")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Work until the scheduler ends or Ctrl-C."""
    from crystal_studio.execution.join_scheduler import join_scheduler

    tls = (args.tls_ca_file, args.tls_cert, args.tls_key)
    join_scheduler(args.address, args.workers, args.gpus, tls)
    return {"address": args.address}


def text(document: dict[str, Any]) -> str:
    return f"No longer a worker of {document['address']}."
