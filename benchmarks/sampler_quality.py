"""Quality against steps of the samplers, one draw each and end to end: the choice behind the fast sampler.

    python benchmarks/sampler_quality.py --reference mp20_like.parquet --count 300 --figure sampler-quality.png

"One draw" is a candidate as the network and the projection leave it: no repair, nothing drawn again. The last
rows are requests as a user makes them. Every row draws the same plans (groups, orbits, numbers of elements).
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from crystal_studio.crystal.asymmetric_unit import expand
from crystal_studio.crystal.batches import AsymmetricUnits
from crystal_studio.crystal.neighbours import minimum_distances, minimum_radius_ratios
from crystal_studio.crystal.primitive import primitive
from crystal_studio.data.datasets import load
from crystal_studio.design.request import DesignRequest
from crystal_studio.evaluation.metrics import density_distance, element_count_distance
from crystal_studio.evaluation.validity import compositionally_valid
from crystal_studio.generators import registry
from crystal_studio.generators.symmcd import model as symmcd
from crystal_studio.generators.symmcd import plan as planning
from crystal_studio.generators.symmcd.sampler import Scheme

STEPS = (10, 20, 50, 100, 250)
KINDS: dict[str, dict[str, Any]] = {
    "ancestral": {},
    "ancestral, fresh categories, settled elements": {"fresh": 0.5, "settle": 0.1},
    "probability flow, second order": {"noise": 0.0, "second_order": True},
    "ancestral with corrector": {"corrector": True},
}


def one_draw(generator: symmcd.SymmCD, count: int, scheme: Scheme, seed: int) -> AsymmetricUnits:
    """Candidates without repair and without a second draw."""
    request = DesignRequest(count=count, seed=seed)
    plans = planning.draw(request, generator.priors, count, np.random.default_rng(seed))
    allowed = planning.allowed_elements(request, generator.priors)
    noise = torch.Generator().manual_seed(seed)
    free = np.full((count, 4), np.nan)
    conditions = generator.conditions(plans, allowed, free, np.zeros(count, bool), 1.0)
    return generator.denoise(conditions, plans, noise, scheme)


def main() -> None:
    """Print the table; write JSON and the figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reference", type=Path, help="held-out crystals; column split: val is used")
    parser.add_argument("--model", default="")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--steps", type=int, nargs="+", default=list(STEPS))
    parser.add_argument("--corrector-steps", type=int, nargs="*", default=[100])
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--figure", type=Path)
    parser.add_argument("--redraw", type=Path, help="only draw the figure of this JSON")
    arguments = parser.parse_args()
    if arguments.redraw:
        draw(json.loads(arguments.redraw.read_text()), arguments.figure)
        return
    generator = registry.load(arguments.model, "cpu")
    assert isinstance(generator, symmcd.SymmCD)
    reference = load(arguments.reference, "val").structures
    rows: list[dict[str, Any]] = []

    def note(kind: str, steps: int, units: AsymmetricUnits, seconds: float) -> None:
        cells = primitive(expand(units), units.space_group)
        apart = minimum_distances(cells) >= 0.5
        row = {
            "kind": kind,
            "steps": steps,
            "structural": float(apart.mean()),
            "physical": float((minimum_radius_ratios(cells) >= 0.6).mean()),
            "compositional": float(compositionally_valid(cells).mean()),
            "density": density_distance(cells.take(np.flatnonzero(apart)), reference),
            "elements": element_count_distance(cells, reference),
            "rate": len(units) / seconds,
        }
        rows.append(row)
        print(
            f"{kind:46s} {steps:5d} steps: structural {row['structural']:.1%} physical {row['physical']:.1%}"
            f" compositional {row['compositional']:.1%} W density {row['density']:.3f} W elements"
            f" {row['elements']:.3f}  {row['rate']:.1f}/s",
            flush=True,
        )

    for kind, options in KINDS.items():
        for steps in arguments.corrector_steps if options.get("corrector") else arguments.steps:
            started = time.perf_counter()
            units = one_draw(generator, arguments.count, Scheme(steps=steps, **options), arguments.seed)
            note(kind, steps, units, time.perf_counter() - started)
    for steps in arguments.steps:
        request = DesignRequest(count=arguments.count, seed=arguments.seed, options={"steps": steps})
        started = time.perf_counter()
        chunks = range(-(-request.count // generator.chunk_size))
        units = AsymmetricUnits.concatenate(generator.sample_units(request, chunk) for chunk in chunks)
        note("request, end to end", steps, units, time.perf_counter() - started)
    if arguments.out:
        arguments.out.write_text(json.dumps(rows, indent=1) + "\n")
    if arguments.figure:
        draw(rows, arguments.figure)


def draw(rows: list[dict[str, Any]], path: Path) -> None:
    """Four measures against the number of steps."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    shown = {
        "physical": "physical validity",
        "compositional": "compositional validity",
        "density": "distance of densities, g/cm$^3$",
        "elements": "distance of numbers of elements",
    }
    figure, panels = plt.subplots(1, 4, figsize=(14, 4), layout="constrained")
    for kind in dict.fromkeys(row["kind"] for row in rows):
        some = [row for row in rows if row["kind"] == kind]
        for panel, (name, label) in zip(panels, shown.items(), strict=True):
            panel.plot([r["steps"] for r in some], [r[name] for r in some], "o-", label=kind, ms=4)
            panel.set(xscale="log", xlabel="steps", ylabel=label)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
