"""What the card of a trained model says of its training."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from crystal_studio.training.loop import Loop


def of_training(trainer: Loop[Any, Any], last: Mapping[str, float], **more: Any) -> dict[str, Any]:
    """Date, length, device and settings of a training, ``more`` of them, and the losses of ``last``, the last row of
    its curve."""
    return {
        "date": date.today().isoformat(),
        "epochs": trainer.epoch,
        "steps": trainer.step,
        "minutes": round(trainer.budget.seconds / 60, 1),
        "device": trainer.device,
        "config": {k: v for k, v in trainer.config.__dict__.items() if isinstance(v, int | float | bool)},
        **more,
        "losses": {k: v for k, v in last.items() if k not in ("epoch", "step", "minutes", "crystals_per_s")},
    }
