"""What families of generators have in common when they are trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from crystal_studio.design.declared import Options, declare

SixteenBit = Literal["auto", "on", "off"]


def sixteen_bit() -> Any:
    """The option of 16-bit matrix products."""
    return declare(
        "auto",
        "16-bit products",
        "16-bit matrix products",
        labels={
            "auto": ("Automatic", "16-bit matrix products where the device is fast at them"),
            "on": ("On", ""),
            "off": ("Off", ""),
        },
    )


def in_sixteen_bit(chosen: SixteenBit, device: str) -> bool:
    """Whether products are to be of 16 bit on a device ("cuda:0")."""
    from crystal_studio.generators.precision import bf16_pays

    return bf16_pays(device.split(":")[0]) if chosen == "auto" else chosen == "on"


class GeneratorFamily:
    """How far a training is and what it has reached, in the words of all generators."""

    fine_tuning: Options | None = None

    def default_data(self) -> Path | None:
        """None: data have to be named."""
        return None

    def progress(self, row: dict[str, float]) -> str:
        """Like "epoch 3  step 40  1.2 min  loss 0.8123  210/s"."""
        validation = f"  validation {row['val_total']:.4f}" if "val_total" in row else ""
        return (
            f"epoch {row['epoch']:.0f}  step {row['step']:.0f}  {row['minutes']:.1f} min"
            f"  loss {row.get('total', 0):.4f}{validation}  {row['crystals_per_s']:.0f}/s"
        )

    def reached(self, document: dict[str, Any]) -> str:
        """Losses of the last epoch."""
        last = document["last"]
        losses = ", ".join(f"{k} {v:.4g}" for k, v in last.items() if k in ("total", "val_total"))
        return f"Epoch {last.get('epoch', 0)}, {losses}"
