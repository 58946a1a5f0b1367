"""Property targets by classifier-free guidance: how far guided and unguided samples lie from the target.

    python benchmarks/guidance.py --count 200 --steps 50 --strengths 0 1 2 4 --out guidance.json --figure guidance.png

For each target, crystals are drawn without a target (strength 0) and with strengths w. Density is computed;
the other properties are predicted by the installed property model, so the figures hold as far as that model
does (its own error is printed beside them). What guidance costs is shown as the share of valid compositions,
of distinct formulas, and of candidates that keep their group.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from crystal_studio.crystal.asymmetric_unit import expand
from crystal_studio.crystal.batches import AsymmetricUnits
from crystal_studio.crystal.composition import formulas
from crystal_studio.crystal.lattice import densities
from crystal_studio.crystal.primitive import primitive
from crystal_studio.design.request import DesignRequest, PropertyTarget
from crystal_studio.evaluation.validity import compositionally_valid
from crystal_studio.generators import registry
from crystal_studio.generators.checks import has_its_symmetry
from crystal_studio.properties import registry as properties

TARGETS: dict[str, tuple[tuple[str, float], ...]] = {
    "formation energy -3.0 eV/atom": (("formation_energy_per_atom", -3.0),),
    "formation energy -0.5 eV/atom": (("formation_energy_per_atom", -0.5),),
    "energy above hull 0 eV/atom": (("e_above_hull", 0.0),),
    "band gap 3 eV": (("band_gap", 3.0),),
    "density 3 g/cm3": (("density", 3.0),),
    "density 10 g/cm3": (("density", 10.0),),
    "band gap 3 eV and density 4 g/cm3": (("band_gap", 3.0), ("density", 4.0)),
}


def measure(units: Any, model: properties.PropertyModel) -> dict[str, np.ndarray]:
    """Values of every property: density computed, the others predicted."""
    cells = primitive(expand(units), units.space_group)
    predicted = model.predict(cells)
    values = {name: predicted.mean[:, i] for i, name in enumerate(predicted.names)}
    values["density"] = densities(cells)
    return values


def main() -> None:
    """Print the table; write JSON and the trade-off figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--strengths", type=float, nargs="+", default=[0.0, 1.0, 2.0, 4.0])
    parser.add_argument("--only", nargs="*", help="parts of the names of targets")
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--figure", type=Path)
    arguments = parser.parse_args()
    generator = registry.load(arguments.model, "cpu")
    model = properties.load()
    rows = []
    free: tuple[Any, dict[str, np.ndarray]] | None = None
    for name, wanted in TARGETS.items():
        if arguments.only and not any(part in name for part in arguments.only):
            continue
        for w in arguments.strengths:
            targets = tuple(PropertyTarget(n, v, v) for n, v in wanted) if w else ()
            request = DesignRequest(
                targets=targets,
                count=arguments.count,
                seed=arguments.seed,
                options={"guidance": w or 1.0, "steps": arguments.steps},
            )
            if w or free is None:
                chunks = range(-(-request.count // generator.chunk_size))
                units = AsymmetricUnits.concatenate(generator.sample_units(request, chunk) for chunk in chunks)
                values = measure(units, model)
                free = (units, values) if not w else free
            else:
                units, values = free
            errors = {n: float(np.nanmean(np.abs(values[n] - v))) for n, v in wanted}
            cells = expand(units)
            row = {
                "target": name,
                "w": w,
                "error": errors,
                "mean": {n: float(np.nanmean(values[n])) for n, _ in wanted},
                "neutral": float(compositionally_valid(cells).mean()),
                "distinct": len(set(formulas(cells))) / len(units),
                "group": float(has_its_symmetry(units).mean()),
                "count": len(units),
            }
            rows.append(row)
            text = ", ".join(f"{n} mean {row['mean'][n]:.2f} error {errors[n]:.2f}" for n, _ in wanted)
            share = f"neutral {row['neutral']:.1%}, distinct {row['distinct']:.1%}, group {row['group']:.1%}"
            print(f"{name:36s} w {w:3.1f}: {text}; {share}", flush=True)
    if arguments.out:
        arguments.out.write_text(json.dumps(rows, indent=1) + "\n")
    if arguments.figure:
        draw(rows, arguments.figure)


def draw(rows: list[dict[str, Any]], path: Path) -> None:
    """Error relative to unguided samples, and distinct formulas, against the strength."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for name in dict.fromkeys(row["target"] for row in rows):
        some = [row for row in rows if row["target"] == name]
        w = [row["w"] for row in some]
        base = some[0]["error"]
        left.plot(w, [np.mean([r["error"][n] / base[n] for n in base]) for r in some], "o-", label=name)
        right.plot(w, [r["distinct"] for r in some], "o-")
    left.set(xlabel="guidance strength w (0: no target)", ylabel="mean error over that of unguided samples")
    left.axhline(1, color="0.7", lw=1)
    left.set_ylim(bottom=0)
    right.set(xlabel="guidance strength w (0: no target)", ylabel="share of distinct formulas", ylim=(0, 1.02))
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=8, frameon=False)
    figure.savefig(path, dpi=130)


if __name__ == "__main__":
    main()
