"""Frameworks drawn without and with a target for their CO2 working capacity: what z says, what is estimated of those
that are made and valid, and what Monte Carlo finds in them.

    python benchmarks/mofdiff_co2.py OUT --model mofdiff-core --ways none w1 w2 w3 search --chunks 2
    python benchmarks/mofdiff_co2.py OUT --ways none w2 --measure 50
    python benchmarks/mofdiff_co2.py OUT --table [--figure FILE.svg]

What is in the folder OUT is not done again. Each framework is drawn once and judged as it was built, not relaxed. Ways:
none, w1, w2, w3 (classifier-free guidance of that strength), search (Adam in z, as MOFDiff was published).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch

from crystal_studio.design.request import DesignRequest
from crystal_studio.design.targets import PropertyTarget
from crystal_studio.funnel.mof_validity import MofValidityStage
from crystal_studio.funnel.protocol import Batch
from crystal_studio.funnel.run_stage import run
from crystal_studio.generators import registry
from crystal_studio.generators.mofdiff import latents
from crystal_studio.generators.mofdiff import model as mofdiff
from crystal_studio.generators.mofdiff.building import Built
from crystal_studio.generators.mofdiff.labels import NAMES, scaled, unscaled
from crystal_studio.generators.mofdiff.model import MofDiff, _targets
from crystal_studio.mof.co2_estimate import estimate, known_to_uff
from crystal_studio.mof.coarse import CoarseMofs
from crystal_studio.mof.eqeq import charges
from crystal_studio.mof.gcmc import State
from crystal_studio.mof.grid_gcmc import loadings
from crystal_studio.mof.whole import whole_atoms

QUANTITY = "co2_working_capacity"
LOW, HIGH = 3.0, 4.0
"""mmol/g that are aimed at: about the best twentieth of the known frameworks."""
STATES = {
    "taken": State(298.0, 1e5, {"CO2": 0.15, "N2": 0.85}),
    "kept": State(363.0, 1e4, {"CO2": 1.0}),
}
SEARCH_STEPS = 500
LATENTS = 512


def request_of(way: str, model: str, seed: int, count: int) -> DesignRequest:
    """The request of one way."""
    if way == "none":
        return DesignRequest(count=count, seed=seed, model=model)
    options = {"guidance": 0.0, "search": SEARCH_STEPS} if way == "search" else {"guidance": float(way[1:])}
    return DesignRequest(
        count=count, seed=seed, model=model, targets=(PropertyTarget(QUANTITY, LOW, HIGH),), options=options
    )


def told(generator: MofDiff, request: DesignRequest) -> list[float]:
    """What the property head says of latents as they are drawn for a request (mmol/g)."""
    labels = torch.as_tensor(scaled(_targets(request, LATENTS, np.random.default_rng(0))))
    random = torch.Generator().manual_seed(request.seed)
    z = latents.draw(generator.network, labels, random, float(request.options.get("guidance", 1.0)), 50)
    z = latents.searched(generator.network, z, labels, int(request.options.get("search", 0)))
    with torch.no_grad():
        return unscaled(generator.network.told(z).labels.numpy())[:, NAMES.index(QUANTITY)].round(4).tolist()


@contextmanager
def recorded() -> Iterator[list[Built]]:
    """What is built meanwhile."""
    built: list[Built] = []
    build = mofdiff.build

    def recording(*given: Any, **more: Any) -> Built:
        built.append(build(*given, **more))
        return built[-1]

    mofdiff.build = recording
    try:
        yield built
    finally:
        mofdiff.build = build


def draw(generator: MofDiff, request: DesignRequest, chunk: int) -> dict[str, Any]:
    """One chunk: how many were drawn, how many made (blocks meet, no clash), each valid one with its estimate."""
    with recorded() as built:
        generator.sample_coarse(request, chunk)
    drawn = sum(len(one.mofs) for one in built)
    mofs = CoarseMofs.concatenate(one.mofs.take(one.made) for one in built)
    candidates = whole_atoms(mofs, generator.library)
    verdicts = run(MofValidityStage(), Batch(np.arange(len(candidates)), candidates), None)
    rows = []
    for i in np.flatnonzero(np.array(verdicts.status) == "passed"):
        lattice, numbers, positions = candidates.structures.cell(int(i))
        charge = charges(lattice, numbers, positions)
        if not known_to_uff(numbers) or not np.isfinite(charge).all():
            continue
        found = estimate(lattice, numbers, positions, charge)
        row = {"chunk": chunk, "row": int(i), "estimate": found.working_capacity, "henry": found.henry}
        row |= {"blocks": sorted(generator.library.name[mofs.block[mofs.blocks(int(i))]].tolist())}
        row |= {"lattice": lattice.tolist(), "numbers": numbers.tolist(), "positions": positions.round(5).tolist()}
        rows.append(row)
    return {"drawn": drawn, "made": len(mofs), "valid": rows}


def measure(row: dict[str, Any], steps: tuple[int, int]) -> dict[str, float]:
    """Monte Carlo of one framework: working capacity and uptake with standard errors, mmol/g."""
    lattice, numbers, positions = (np.array(row[name]) for name in ("lattice", "numbers", "positions"))
    found = loadings(lattice, numbers, positions, charges(lattice, numbers, positions), STATES, steps)
    taken, kept = found["taken"], found["kept"]
    return {
        "capacity": taken.value - kept.value,
        "error": float(np.hypot(taken.error, kept.error)),
        "uptake": taken.value,
        "uptake_error": taken.error,
    }


def valid_of(folder: Path, way: str) -> list[dict[str, Any]]:
    """All valid frameworks of a way, in the order in which they were drawn."""
    files = sorted(folder.glob(f"{way}_*.json"), key=lambda path: int(path.stem.split("_")[1]))
    return [row for path in files for row in json.loads(path.read_text())["valid"]]


def measured_of(folder: Path, way: str) -> dict[tuple[int, int], dict[str, float]]:
    """What Monte Carlo found, by chunk and row."""
    path = folder / f"measured_{way}.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    return {(row["chunk"], row["row"]): row for row in map(json.loads, lines)}


def table(folder: Path) -> dict[str, Any]:
    """Quartiles of each way."""

    def quartiles(values: list[float]) -> dict[str, Any]:
        if not values:
            return {"n": 0}
        q = np.percentile(values, [25, 50, 75])
        return {
            "n": len(values),
            "mean": round(float(np.mean(values)), 3),
            "error of the mean": round(float(np.std(values) / max(len(values) - 1, 1) ** 0.5), 3),
            "quartiles": q.round(3).tolist(),
            f"at least {LOW:g}": round(float(np.mean(np.array(values) >= LOW)), 3),
        }

    found = {}
    for path in sorted(folder.glob("told_*.json")):
        way = path.stem.split("_")[1]
        rows, measured = valid_of(folder, way), measured_of(folder, way)
        drawn = sum(json.loads(p.read_text())["drawn"] for p in folder.glob(f"{way}_*.json"))
        found[way] = {
            "drawn": drawn,
            "valid": len(rows),
            "told by z": quartiles(json.loads(path.read_text())),
            "estimated": quartiles([row["estimate"] for row in rows]),
            "Monte Carlo": quartiles([row["capacity"] for row in measured.values()]),
            "mean standard error": float(np.mean([r["error"] for r in measured.values()])) if measured else None,
        }
    return found


def figure(folder: Path, path: Path) -> None:
    """Cumulative distributions of what Monte Carlo found, or where nothing was measured, of estimates."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    axes = plt.figure(figsize=(5.2, 3.4), layout="constrained").add_subplot()
    for told_path in sorted(folder.glob("told_*.json")):
        way = told_path.stem.split("_")[1]
        values = [row["capacity"] for row in measured_of(folder, way).values()]
        kind = "Monte Carlo" if values else "estimated"
        values = np.sort(values or [row["estimate"] for row in valid_of(folder, way)])
        if len(values):
            share = np.arange(1, len(values) + 1) / len(values)
            axes.step(values, share, where="post", label=f"{way} ({kind}, {len(values)})")
    axes.axvspan(LOW, HIGH, alpha=0.12, color="tab:green", lw=0)
    axes.set(xlabel="CO2 working capacity (mmol/g)", ylabel="share of frameworks at most", xlim=(-0.2, 6))
    axes.legend(frameon=False, fontsize=8)
    axes.figure.savefig(path)


def main() -> None:
    """Draw, or measure, or print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--model", default="mofdiff-core")
    parser.add_argument("--ways", nargs="+", default=["none", "w1", "w2", "w3", "search"])
    parser.add_argument("--chunks", type=int, default=2, help="chunks of each way")
    parser.add_argument("--size", type=int, default=64, help="frameworks a chunk")
    parser.add_argument("--first", type=int, default=0, help="number of the first chunk")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--measure", type=int, default=0, metavar="N", help="measure N valid ones of each way")
    parser.add_argument("--steps", type=int, nargs=2, default=(500, 500), help="Monte Carlo: to settle, to average")
    parser.add_argument("--table", action="store_true", help="print what is there and do nothing")
    parser.add_argument("--figure", type=Path)
    arguments = parser.parse_args()
    folder = arguments.out
    folder.mkdir(parents=True, exist_ok=True)
    if arguments.figure:
        figure(folder, arguments.figure)
    if arguments.table or arguments.figure:
        print(json.dumps(table(folder), indent=1))
        return
    if arguments.measure:
        for k in range(arguments.measure):  # in turn, so that what is there at any time compares
            for way in arguments.ways:
                rows, done = valid_of(folder, way), measured_of(folder, way)
                if k < len(rows) and (rows[k]["chunk"], rows[k]["row"]) not in done:
                    about = {name: rows[k][name] for name in ("chunk", "row")}
                    about |= measure(rows[k], tuple(arguments.steps))
                    with (folder / f"measured_{way}.jsonl").open("a") as file:
                        file.write(json.dumps(about) + "\n")
        return
    generator = registry.load(arguments.model)
    assert isinstance(generator, MofDiff)
    generator.rounds, generator.chunk_size = 1, arguments.size
    count = 1_000_000
    for way in arguments.ways:
        path = folder / f"told_{way}.json"
        if not path.exists():
            path.write_text(json.dumps(told(generator, request_of(way, arguments.model, arguments.seed, count))))
    for chunk in range(arguments.first, arguments.first + arguments.chunks):
        for way in arguments.ways:
            path = folder / f"{way}_{chunk}.json"
            if not path.exists():
                made = draw(generator, request_of(way, arguments.model, arguments.seed, count), chunk)
                path.write_text(json.dumps(made))
                print(way, chunk, made["drawn"], len(made["valid"]), flush=True)


if __name__ == "__main__":
    main()
