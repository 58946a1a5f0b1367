"""``crystal-studio train``: a model from a data set."""

from __future__ import annotations

import argparse
import signal
import threading
from pathlib import Path
from typing import Any

from crystal_studio.cli import common
from crystal_studio.errors import RequestError

SUMMARY = "train a model on a data set; resumes after a kill"
EXAMPLE = "crystal-studio train symmcd --data structures.parquet --out models/mine --max-minutes 120"
RESERVED = (
    "--help", "--json", "--data", "--extra", "--start", "--out", "--device", "--resume", "--max-minutes", "--seed",
)  # fmt: skip
"""What ``train`` calls otherwise than the options of a family."""


def arguments(parser: argparse.ArgumentParser) -> None:
    from crystal_studio.cli import declared_arguments
    from crystal_studio.training.registry import families

    titles = {name: family.title for name, family in families.all().items()}
    parser.add_argument("model", metavar="MODEL", help=f"what to train: {', '.join(titles)}")
    parser.add_argument(
        "--data",
        nargs="+",
        default=[],
        metavar="FILE",
        help="parquet, CSV with CIFs, extxyz, ASE db or a folder of CIFs; for models of frameworks their own files "
        "(default: those that ship); for triage projects with relaxed candidates (several)",
    )
    parser.add_argument(
        "--extra",
        action="append",
        default=[],
        metavar="FILE",
        help="less stable crystals, shown only with their e_above_hull: for targets, never for plain requests; "
        "for properties and triage simply more data (repeatable)",
    )
    parser.add_argument("--start", metavar="MODEL", help="fine-tune this model: name or folder")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder for weights, card, curve and checkpoint")
    parser.add_argument("--device", default="auto", metavar="DEVICE", help="auto, cpu, cuda, cuda:1 or mps")
    parser.add_argument("--resume", action="store_true", help="carry on the training in --out")
    parser.add_argument("--max-minutes", type=float, default=60.0, metavar="M", help="how long (default: 60)")
    parser.add_argument("--seed", type=int, default=42, metavar="N", help="(default: 42)")
    options = parser.add_argument_group("how the network is trained")
    for argument in _options():
        declared_arguments.add_option(options, argument, titles)


def run(args: argparse.Namespace) -> dict[str, Any]:
    from crystal_studio.campaign.devices import out_of_memory, resolve
    from crystal_studio.cli import declared_arguments
    from crystal_studio.training.family import TrainingJob
    from crystal_studio.training.registry import families

    family = families.get(args.model)
    chosen = family.options(**declared_arguments.values(args, _options(), family.name, family.title, "model"))
    more = [Path(name) for name in args.data[1:]]
    data = Path(args.data[0]) if args.data else family.default_data()
    if data is None:
        raise RequestError(f"{family.title} needs data to be trained on: name a file with --data.", "data")
    if more and not getattr(family, "joins_data", False):
        raise RequestError(f"{family.title} is trained on one file: name one with --data, others with --extra.", "data")
    device = resolve(args.device).name
    stop = threading.Event()
    job = TrainingJob(
        data,
        Path(args.out),
        chosen,
        extra=(*more, *map(Path, args.extra)),
        device=device,
        start=_model_folder(args.start) if args.start else None,
        resume=args.resume,
        max_minutes=args.max_minutes,
        seed=args.seed,
        report=lambda row: common.log(family.progress(row)),
        stop=stop.is_set,
    )
    before = signal.signal(signal.SIGINT, lambda *_: stop.set())
    try:
        reached = family.train(job)
    except Exception as error:  # torch and CUDA say in many ways that memory is short
        if known := out_of_memory(error):
            raise known from error
        raise
    finally:
        signal.signal(signal.SIGINT, before)
    return {"model": args.model, "folder": str(Path(args.out).resolve()), "device": device, **reached}


def text(document: dict[str, Any]) -> str:
    from crystal_studio.training.registry import families

    return f"{families.get(document['model']).reached(document)}\nWeights and card are in {document['folder']}"


def _options() -> tuple[Any, ...]:
    """The options of all families."""
    from crystal_studio.design.flags import arguments
    from crystal_studio.training.registry import families

    return arguments({name: family.options for name, family in families.all().items()}, RESERVED)


def _model_folder(name: str) -> Path:
    """The folder of a model given by path or by the name of an installed one."""
    from crystal_studio.generators import registry

    path = Path(name)
    return path if (path / "card.json").exists() else registry.folder(name)
