"""Draw docs/figures/property-calibration.png from the calibration curves stored beside a property model.

    python benchmarks/property_calibration.py [--model properties-mp20-like]

Upper row: observed against nominal coverage, before and after conformal recalibration. Lower row: root mean square
error against predicted standard deviation. Both on chemical systems that neither training nor calibration saw.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import NullFormatter

from crystal_studio import paths
from crystal_studio.properties.calibration import miscalibration_area
from crystal_studio.properties.protocol import NAMES, UNITS

TITLES = ("Formation energy", "Energy above hull", "Band gap (PBE)")
BEFORE, AFTER, LINE = "#c2703d", "#2a6f97", "#888888"


def draw(folder: Path, out: Path, part: str) -> None:
    """One picture of one model and one of its evaluation sets."""
    document = json.loads((folder / "calibration.json").read_text())
    levels = np.concatenate([[0], document["levels"], [1]])
    figure, axes = plt.subplots(2, 3, figsize=(10.5, 7), constrained_layout=True)
    for p, (name, title, unit) in enumerate(zip(NAMES, TITLES, UNITS, strict=True)):
        found = document[part][name]
        axis = axes[0, p]
        axis.plot([0, 1], [0, 1], color=LINE, lw=1, ls="--")
        for key, colour in (("before", BEFORE), ("after", AFTER)):
            curve = np.array(found[key])
            area = miscalibration_area(curve)
            axis.plot(levels, np.concatenate([[0], curve, [1]]), color=colour, label=f"{key}: area {area:.3f}")
        axis.set(title=title, xlabel="nominal coverage", ylabel="observed coverage", aspect="equal")
        axis.legend(frameon=False, loc="upper left")
        axis = axes[1, p]
        std, rmse = (np.array(found["reliability"][key]) for key in ("std", "rmse"))
        low, high = min(std.min(), rmse.min()) / 1.4, max(std.max(), rmse.max()) * 1.4
        axis.loglog([low, high], [low, high], color=LINE, lw=1, ls="--")
        axis.loglog(std, rmse, "o-", color=AFTER, ms=4)
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.yaxis.set_minor_formatter(NullFormatter())
        axis.set(xlabel=f"predicted standard deviation, {unit}", ylabel=f"root mean square error, {unit}")
    figure.suptitle(f"{folder.name}: {part}")
    out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="properties-mp20-like")
    parser.add_argument("--out", type=Path, default=Path("docs/figures/property-calibration.png"))
    parser.add_argument("--part", default="held-out systems")
    args = parser.parse_args()
    draw(paths.models() / args.model, args.out, args.part)


if __name__ == "__main__":
    main()
