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


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help="model family: symmcd, or properties (the predictors)")
    parser.add_argument(
        "--data", required=True, metavar="FILE", help="parquet, CSV with CIFs, extxyz, ASE db or a folder of CIFs"
    )
    parser.add_argument(
        "--extra",
        action="append",
        default=[],
        metavar="FILE",
        help="less stable crystals, shown only with their e_above_hull: for targets, never for plain requests; "
        "for properties simply more data (repeatable)",
    )
    parser.add_argument(
        "--augment",
        type=int,
        default=8,
        metavar="N",
        help="equivalent descriptions of each crystal by the normalizer of its space group (default: 8)",
    )
    parser.add_argument("--start", metavar="MODEL", help="fine-tune this model: name or folder")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder for weights, card, curve and checkpoint")
    parser.add_argument("--device", default="auto", metavar="DEVICE", help="auto, cpu, cuda, cuda:1 or mps")
    parser.add_argument("--resume", action="store_true", help="carry on the training in --out")
    parser.add_argument("--max-minutes", type=float, default=60.0, metavar="M", help="how long (default: 60)")
    parser.add_argument("--max-epochs", type=int, default=2000, metavar="N", help="at most so often through the data")
    parser.add_argument("--hidden", type=int, metavar="N", help="width of the network (default: 256; properties: 64)")
    parser.add_argument("--layers", type=int, metavar="N", help="its depth (default: 6; properties: 2)")
    parser.add_argument("--members", type=int, default=5, metavar="N", help="networks of an ensemble (default: 5)")
    parser.add_argument("--epochs", type=int, default=12, metavar="N", help="of each member of an ensemble (12)")
    parser.add_argument("--batch", type=int, default=512, metavar="N", help="crystals a step (default: 512)")
    parser.add_argument("--learning-rate", type=float, default=1e-3, metavar="R", help="at the start (default: 0.001)")
    parser.add_argument(
        "--bf16",
        choices=("auto", "on", "off"),
        default="auto",
        help="16-bit matrix products; auto: where the device is fast at them",
    )
    parser.add_argument("--seed", type=int, default=42, metavar="N")


def run(args: argparse.Namespace) -> dict[str, Any]:
    if args.model == "properties":
        return _properties(args)
    if len(args.extra) > 1:
        raise RequestError("A generator takes one --extra file: put the crystals together.", "extra")
    from crystal_studio.campaign.devices import out_of_memory, resolve
    from crystal_studio.generators.symmcd.model import bf16_pays
    from crystal_studio.generators.symmcd.network import NetworkConfig
    from crystal_studio.training.symmcd import TrainConfig
    from crystal_studio.training.train import train

    device = resolve(args.device).name
    config = TrainConfig(
        network=NetworkConfig(hidden=args.hidden or 256, layers=args.layers or 6),
        max_minutes=args.max_minutes,
        max_epochs=args.max_epochs,
        batch=args.batch,
        seed=args.seed,
        learning_rate=args.learning_rate,
        bf16=bf16_pays(device.split(":")[0]) if args.bf16 == "auto" else args.bf16 == "on",
    )
    stop = threading.Event()
    before = signal.signal(signal.SIGINT, lambda *_: stop.set())
    try:
        last = train(
            args.model,
            Path(args.data),
            Path(args.out),
            config,
            device=device,
            resume=args.resume,
            extra=Path(args.extra[0]) if args.extra else None,
            augment=args.augment,
            start=_model_folder(args.start) if args.start else None,
            report=_report,
            stop=stop.is_set,
        )
    except Exception as error:
        if known := out_of_memory(error):
            raise known from error
        raise
    finally:
        signal.signal(signal.SIGINT, before)
    return {"model": args.model, "folder": str(Path(args.out).resolve()), "device": device, "last": last}


def _properties(args: argparse.Namespace) -> dict[str, Any]:
    """Ctrl+C or the end of the time is felt between two members; each finished one is kept."""
    from crystal_studio.properties.network import Size
    from crystal_studio.training.properties import PropertyConfig, train

    plain = PropertyConfig()
    config = PropertyConfig(
        size=Size(args.hidden or plain.size.hidden, args.layers or plain.size.layers),
        members=args.members,
        epochs=min(args.max_epochs, args.epochs),
        max_minutes=args.max_minutes,
        batch=min(args.batch, plain.batch),
        seed=args.seed,
    )
    files = [Path(args.data), *map(Path, args.extra)]
    scores = train(files, Path(args.out), config, resume=args.resume, report=_report_member)
    return {"model": args.model, "folder": str(Path(args.out).resolve()), "device": "cpu", "scores": scores}


def _report_member(row: dict[str, float]) -> None:
    common.log(
        f"member {row['member'] + 1:.0f}  {100 * row['done']:.0f}%  {row['minutes']:.1f} min  loss {row['loss']:.4f}"
    )


def _model_folder(name: str) -> Path:
    """The folder of a model given by path or by the name of an installed one."""
    from crystal_studio.generators import registry

    path = Path(name)
    return path if (path / "card.json").exists() else registry.folder(name)


def text(document: dict[str, Any]) -> str:
    if "scores" in document:
        lines = [
            f"{name}, {label}: MAE {found['mae']:.3f}, 68% interval holds {100 * found['coverage_68']:.0f}%"
            for name, labels in document["scores"].items()
            for label, found in labels.items()
            if found.get("count")
        ]
        return "\n".join([*lines, f"Weights and card are in {document['folder']}"])
    last = document["last"]
    losses = ", ".join(f"{k} {v:.4g}" for k, v in last.items() if k in ("total", "val_total"))
    return f"Epoch {last.get('epoch', 0)}, {losses}: weights and card are in {document['folder']}"


def _report(row: dict[str, float]) -> None:
    common.log(
        f"epoch {row['epoch']:.0f}  step {row['step']:.0f}  {row['minutes']:.1f} min  loss {row.get('total', 0):.4f}"
        + (f"  validation {row['val_total']:.4f}" if "val_total" in row else "")
        + f"  {row['crystals_per_s']:.0f}/s"
    )
