"""What the weight of elements, equivalent descriptions and less stable crystals give SymmCD: one changed at a time.

    python benchmarks/ablations.py OUT --data mp20_like.parquet --extra mp_le20_above80meV.parquet --crystals 10000

A small network is trained on a part of the data for the same epochs each time; losses of the averaged weights on the
validation split do not depend on the weights of the loss. Then candidates are drawn and looked at once each: their
expected S.U.N. is the mean chance of the triage over novel crystals. Arms that are there are not run again; ``--only``
names some of them.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from crystal_studio.generators.symmcd.network import NetworkConfig
from crystal_studio.generators.symmcd.process import LossWeights
from crystal_studio.project.queries import ProjectReader
from crystal_studio.training import checkpoint
from crystal_studio.training.symmcd import TrainConfig
from crystal_studio.training.symmcd_run import train

ARMS: dict[str, dict[str, Any]] = {
    "as shipped": {},
    "elements 0.1": {"elements": 0.1},
    "elements 1": {"elements": 1.0},
    "one description": {"augment": 1},
    "no less stable": {"extra": None},
}
STAGES = ("geometry", "composition", "symmetry", "uniqueness", "novelty", "triage:limit=10,cutoff=0")


def part(path: Path, out: Path, count: int) -> Path:
    """A file of ``count`` random training rows of another, and all that are none."""
    target = out / f"{count}-of-{path.name}"
    if not target.exists():
        rows = pd.read_parquet(path)
        training = rows["split"] == "train" if "split" in rows else pd.Series(True, rows.index)
        drawn = rows[training].sample(min(count, int(training.sum())), random_state=0)
        pd.concat([drawn, rows[~training]]).sort_index().to_parquet(target, index=False)
    return target


def model_of(folder: Path, args: argparse.Namespace, arm: dict[str, Any], seed: int) -> Path:
    """Train one arm, or carry on with it."""
    if not (folder / "card.json").exists():
        config = TrainConfig(
            network=NetworkConfig(hidden=args.hidden, layers=args.layers),
            weights=LossWeights(elements=arm.get("elements", 0.5)),
            max_minutes=1e6,
            max_epochs=args.epochs,
            batch=256,
            bf16=True,
            seed=seed,
        )
        train(
            args.data,
            folder,
            config,
            resume=(folder / checkpoint.NAME).exists(),
            extra=arm.get("extra", args.extra),
            augment=arm.get("augment", 8),
        )
    return folder


def drawn(project: Path, model: Path, count: int) -> dict[str, Any]:
    """Candidates of a model after one look each."""
    if not project.exists():
        stages = [word for stage in STAGES for word in ("--stage", stage)]
        command = [sys.executable, "-m", "crystal_studio", "generate", str(project), "--model", model.name]
        command += [*stages, "--count", str(count), "--seed", "7", "--device", "cpu", "--workers", "1"]
        known = {**os.environ, "CRYSTAL_STUDIO_MODELS": str(model.parent)}
        subprocess.run(command, check=True, env=known, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with ProjectReader(project) as reader:
        total = reader.count()
        looked = reader.columns(["chance_stable", "novel"], "chance_stable >= 0")
    hits = np.zeros(total)
    hits[: len(looked["novel"])] = looked["chance_stable"] * (looked["novel"] == 1)
    error = hits.std() / np.sqrt(total)
    return {
        "candidates": total,
        "looked at": len(looked["novel"]),
        "novel": round(float((looked["novel"] == 1).mean()), 3),
        "expected S.U.N.": f"{hits.mean():.1%} ± {error:.1%}",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--extra", type=Path, required=True, help="less stable crystals")
    parser.add_argument(
        "--crystals", type=int, default=10_000, help="of the training, and two fifths as many less stable"
    )
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--hidden", type=int, default=128)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--only", nargs="*", choices=list(ARMS))
    args = parser.parse_args()
    torch.set_num_threads(1)
    args.out.mkdir(parents=True, exist_ok=True)
    args.data = part(args.data, args.out, args.crystals)
    args.extra = part(args.extra, args.out, args.crystals * 2 // 5)
    for name in args.only or ARMS:
        folder = model_of(args.out / name.replace(" ", "-"), args, ARMS[name], args.seed)
        curve = [json.loads(line) for line in (folder / "curve.jsonl").read_text().splitlines()]
        losses = [step for step in curve if "val_k" in step][-1]
        row = {"arm": name, "epoch": losses["epoch"]} | {
            key: losses[f"val_{key}"] for key in ("k", "x", "elements", "classes")
        }
        print(json.dumps(row | drawn(folder.with_suffix(".crystals"), folder, args.count)), flush=True)


if __name__ == "__main__":
    main()
