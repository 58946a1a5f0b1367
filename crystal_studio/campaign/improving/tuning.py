"""One round's training, and its model among the models of the user."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from crystal_studio import paths
from crystal_studio.campaign.improving.material import FAR
from crystal_studio.campaign.improving.places import writing
from crystal_studio.errors import FileError, ModelError
from crystal_studio.training import checkpoint
from crystal_studio.training.family import TrainingFamily, TrainingJob

OUT = "training"
MARK = "improvement"
"""Under which key a card says how its model was made."""


def train(
    family: TrainingFamily,
    folder: Path,
    parent: Path,
    *,
    device: str,
    minutes: float,
    seed: int,
    report: Callable[[dict[str, float]], None],
    stop: Callable[[], bool],
) -> None:
    """From ``parent`` on ``data.parquet`` of ``folder`` into its folder ``training``; carries on what was killed.

    Where there is a ``far.parquet``, what to lead away from is learnt of it.
    Whether it was stopped is for the caller to say. Raises ``KnownError``.
    """
    assert family.fine_tuning is not None
    out = folder / OUT
    resume = (out / checkpoint.NAME).exists()
    far = folder / f"{FAR}.parquet"
    with writing(out):
        if not resume:
            shutil.rmtree(out, ignore_errors=True)
        family.train(
            TrainingJob(
                folder / "data.parquet",
                out,
                family.fine_tuning,
                extra=(far,) if far.exists() else (),
                device=device,
                start=parent,
                resume=resume,
                max_minutes=minutes,
                seed=seed,
                report=report,
                stop=stop,
            )
        )


def losses(folder: Path) -> dict[str, float]:
    """Validation losses of a training: ``before`` it and ``after``; those that are known."""
    try:
        lines = (folder / OUT / "curve.jsonl").read_text().splitlines()
    except OSError:
        return {}
    rows = [json.loads(line) for line in lines]
    known = [row["val_total"] for row in rows if "val_total" in row]
    found = {"minutes": rows[-1].get("minutes", 0.0), "epochs": rows[-1].get("epoch", 0)} if rows else {}
    return found | ({"before": known[0], "after": known[-1]} if known else {})


def install(folder: Path, name: str, parent: Path, title: str, made: dict[str, Any]) -> dict[str, Any]:
    """Put the model of a training among those of the user, whole or not at all; returns its card.

    It can make what its parent can. ``made`` says how it came about; the model that is there under this name is left
    alone where it was made so.
    """
    target = paths.own_models() / name
    if (target / "card.json").exists():
        card = _card(target)
        if card.get(MARK) == made:
            return card
        raise FileError(f"There is another model {target}: move it away and run it again.")
    with writing(target):
        draft = target.with_name(f".{name}.part")
        shutil.rmtree(draft, ignore_errors=True)
        draft.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(folder / OUT, draft, ignore=shutil.ignore_patterns(checkpoint.NAME, "*.part"))
        card, before = _card(draft), _card(parent)
        card |= {"title": title, "licence": before["licence"], MARK: made}
        card["elements"] = sorted({*card["elements"], *before["elements"]})
        limits = before.get("limits", {}) | card.get("limits", {})
        most = {k: max(v, before.get("limits", {}).get(k, v)) for k, v in limits.items() if k.startswith("max_")}
        card["limits"] = limits | most
        (draft / "card.json").write_text(json.dumps(card, indent=1) + "\n")
        draft.replace(target)
    return card


def _card(folder: Path) -> dict[str, Any]:
    try:
        card: dict[str, Any] = json.loads((folder / "card.json").read_text())
    except (OSError, ValueError) as error:
        raise ModelError(f"The card of the model {folder} cannot be read: train the model again.") from error
    return card
