"""Frameworks drawn without and with a target: what z says, what is estimated of those that are made and valid, and what
is measured in them (CO2 by Monte Carlo on the grid, pores by Zeo++, undivided).

    python benchmarks/mofdiff_targets.py OUT --ways none w2 best8 --chunks 4
    python benchmarks/mofdiff_targets.py OUT --ways none best8 --measure 60
    python benchmarks/mofdiff_targets.py OUT --ways none best8 --relax 15
    python benchmarks/mofdiff_targets.py OUT --table [--figure FILE.svg]
    python benchmarks/mofdiff_targets.py OUT --target lcd=8:12 --ways none best8 --chunks 1

What is in the folder OUT is not done again. Frameworks are judged as they were built, not relaxed. Ways: none (each
drawn once, no target), w1, w2, w3 (the same with classifier-free guidance of that strength), search (Adam in z, as
MOFDiff was published), best8 (eight made for each that is handed over; guidance as it is by default). Seconds are of
the processor.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from crystal_studio.candidates.batch import Candidates
from crystal_studio.crystal.batches import Structures
from crystal_studio.design.request import DesignRequest
from crystal_studio.design.targets import PropertyTarget
from crystal_studio.funnel.mof_validity import MofValidityStage, RelaxedMofValidityStage
from crystal_studio.funnel.pores import PoresStage
from crystal_studio.funnel.protocol import Batch
from crystal_studio.funnel.run_stage import run
from crystal_studio.funnel.uff_relaxation import UffRelaxationStage
from crystal_studio.generators import registry
from crystal_studio.generators.mofdiff import latents
from crystal_studio.generators.mofdiff import model as mofdiff
from crystal_studio.generators.mofdiff.labels import LABELS, NAMES, scaled, unscaled
from crystal_studio.generators.mofdiff.model import MofDiff, _targets
from crystal_studio.generators.mofdiff.options import MofDiffOptions
from crystal_studio.mof.building import Built
from crystal_studio.mof.co2_estimate import estimate, known_to_uff
from crystal_studio.mof.coarse import CoarseMofs
from crystal_studio.mof.eqeq import charges
from crystal_studio.mof.gcmc import State
from crystal_studio.mof.grid_gcmc import loadings
from crystal_studio.mof.pore_grid import pores
from crystal_studio.mof.whole import whole_atoms

CO2 = "co2_working_capacity"
UNITS = {label.name: label.unit for label in LABELS}
STATES = {
    "taken": State(298.0, 1e5, {"CO2": 0.15, "N2": 0.85}),
    "kept": State(363.0, 1e4, {"CO2": 1.0}),
}
SEARCH_STEPS = 500
LATENTS = 512


def request_of(way: str, arguments: argparse.Namespace) -> DesignRequest:
    """The request of one way."""
    plain = DesignRequest(count=1_000_000, seed=arguments.seed, model=arguments.model)
    if way == "none":
        return plain
    if way.startswith("best"):
        options: dict[str, Any] = {"best_of": int(way[4:])}
    elif way == "search":
        options = {"guidance": 0.0, "search": SEARCH_STEPS, "best_of": 1}
    else:
        options = {"guidance": float(way[1:]), "best_of": 1}
    return plain.with_(targets=(PropertyTarget.parse(arguments.target),), options=options)


def told(generator: MofDiff, request: DesignRequest, quantity: str) -> list[float]:
    """What the property head says of latents as they are drawn for a request."""
    labels = torch.as_tensor(scaled(_targets(request, LATENTS, np.random.default_rng(0))))
    random = torch.Generator().manual_seed(request.seed)
    z = latents.draw(generator.network, labels, random, MofDiffOptions.of(request).guidance, 50)
    z = latents.searched(generator.network, z, labels, int(request.options.get("search", 0)))
    with torch.no_grad():
        return unscaled(generator.network.told(z).labels.numpy())[:, NAMES.index(quantity)].round(4).tolist()


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


def clock() -> float:
    """Seconds of the processor."""
    return sum(os.times()[:4])


def draw(generator: MofDiff, request: DesignRequest, chunk: int, quantity: str) -> dict[str, Any]:
    """One chunk: how many were made in all, how many are handed over or, drawn once, hold together; each valid one with
    its estimate."""
    start = clock()
    with recorded() as built:
        given = generator.sample_coarse(request, chunk)
    seconds = clock() - start
    drawn = sum(len(one.mofs) for one in built)
    if not request.targets or MofDiffOptions.of(request).best_of == 1:
        given = CoarseMofs.concatenate(one.mofs.take(one.made) for one in built)
    candidates = whole_atoms(given, generator.library)
    verdicts = run(MofValidityStage(), Batch(np.arange(len(candidates)), candidates), None)
    rows = []
    for i in np.flatnonzero(np.array(verdicts.status) == "passed"):
        lattice, numbers, positions = candidates.structures.cell(int(i))
        row = {"chunk": chunk, "row": int(i), "estimate": estimated(lattice, numbers, positions, quantity)}
        row |= {"blocks": sorted(generator.library.name[given.block[given.blocks(int(i))]].tolist())}
        row |= {"lattice": lattice.tolist(), "numbers": numbers.tolist(), "positions": positions.round(5).tolist()}
        if np.isfinite(row["estimate"]):
            rows.append(row)
    return {"drawn": drawn, "made": len(given), "seconds": seconds, "valid": rows}


def estimated(lattice: NDArray, numbers: NDArray, positions: NDArray, quantity: str) -> float:
    """What a search goes by; NaN where nothing can be said."""
    if quantity != CO2:
        return float(getattr(pores(lattice, numbers, positions), quantity))
    charge = charges(lattice, numbers, positions)
    if not known_to_uff(numbers) or not np.isfinite(charge).all():
        return float("nan")
    return estimate(lattice, numbers, positions, charge).working_capacity


def measure(row: dict[str, Any], quantity: str, steps: tuple[int, int]) -> dict[str, float]:
    """One framework by Zeo++, or by Monte Carlo with standard errors."""
    lattice, numbers, positions = (np.array(row[name]) for name in ("lattice", "numbers", "positions"))
    if quantity != CO2:
        one = Structures.from_lists([lattice], [numbers], [positions])
        verdicts = run(PoresStage(divided=False), Batch(np.zeros(1, np.int64), Candidates.of_structures(one)), None)
        found = next(finding for finding in verdicts.findings if finding.quantity == quantity)
        return {"value": float(found.values[0]), "error": 0.0}
    loaded = loadings(lattice, numbers, positions, charges(lattice, numbers, positions), STATES, steps)
    taken, kept = loaded["taken"], loaded["kept"]
    return {
        "value": taken.value - kept.value,
        "error": float(np.hypot(taken.error, kept.error)),
        "uptake": taken.value,
        "uptake_error": taken.error,
    }


def relaxed(row: dict[str, Any], quantity: str) -> dict[str, Any]:
    """What is estimated of one framework relaxed by UFF, or why it is lost."""
    lattice, numbers, positions = (np.array(row[name]) for name in ("lattice", "numbers", "positions"))
    one = Candidates.of_structures(Structures.from_lists([lattice], [numbers], [positions]))
    verdicts = run(UffRelaxationStage(), Batch(np.zeros(1, np.int64), one), None)
    if verdicts.status[0] != "passed" or verdicts.geometry is None:
        return {"lost": verdicts.status[0]}
    one = Candidates.of_structures(verdicts.geometry.structures)
    checked = run(RelaxedMofValidityStage(), Batch(np.zeros(1, np.int64), one), None)
    if checked.status[0] != "passed":
        return {"lost": checked.notes["failed_checks"][0]}
    return {"value": estimated(*one.structures.cell(0), quantity), "built": row["estimate"]}


def valid_of(folder: Path, way: str) -> list[dict[str, Any]]:
    """All valid frameworks of a way, in the order in which they were drawn."""
    files = sorted(folder.glob(f"{way}_*.json"), key=lambda path: int(path.stem.split("_")[1]))
    return [row for path in files for row in json.loads(path.read_text())["valid"]]


def measured_of(folder: Path, way: str, kind: str = "measured") -> dict[tuple[int, int], dict[str, Any]]:
    """What was measured, or is estimated of what is relaxed, by chunk and row."""
    path = folder / f"{kind}_{way}.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    return {(row["chunk"], row["row"]): row for row in map(json.loads, lines)}


def table(folder: Path, target: PropertyTarget) -> dict[str, Any]:
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
            "in range": round(float(np.mean([target.low <= v <= target.high for v in values])), 3),
        }

    found = {}
    for path in sorted(folder.glob("told_*.json")):
        way = path.stem.split("_")[1]
        rows, measured = valid_of(folder, way), measured_of(folder, way)
        chunks = [json.loads(p.read_text()) for p in folder.glob(f"{way}_*.json")]
        found[way] = {
            "drawn": sum(chunk["drawn"] for chunk in chunks),
            "made": sum(chunk["made"] for chunk in chunks),
            "valid": len(rows),
            "different sets of blocks": len({tuple(sorted(set(row["blocks"]))) for row in rows}),
            "seconds a valid one": round(sum(chunk["seconds"] for chunk in chunks) / max(len(rows), 1), 2),
            "told by z": quartiles(json.loads(path.read_text())),
            "estimated": quartiles([row["estimate"] for row in rows]),
            "measured": quartiles([row["value"] for row in measured.values()]),
            "relaxed": quartiles([r["value"] for r in measured_of(folder, way, "relaxed").values() if "value" in r]),
            "lost when relaxed": [r["lost"] for r in measured_of(folder, way, "relaxed").values() if "lost" in r],
            "mean standard error": float(np.mean([r["error"] for r in measured.values()])) if measured else None,
        }
    return found


def figure(folder: Path, path: Path, target: PropertyTarget) -> None:
    """Cumulative distributions of what was measured, or where nothing was, of estimates."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    axes = plt.figure(figsize=(5.2, 3.4), layout="constrained").add_subplot()
    for told_path in sorted(folder.glob("told_*.json")):
        way = told_path.stem.split("_")[1]
        values = [row["value"] for row in measured_of(folder, way).values()]
        kind = "measured" if values else "estimated"
        values = np.sort(values or [row["estimate"] for row in valid_of(folder, way)])
        if len(values):
            share = np.arange(1, len(values) + 1) / len(values)
            axes.step(values, share, where="post", label=f"{way} ({kind}, {len(values)})")
    axes.axvspan(target.low, target.high, alpha=0.12, color="tab:green", lw=0)
    axes.set(xlabel=f"{target.name} ({UNITS[target.name]})", ylabel="share of frameworks at most")
    axes.set_xlim(-0.05 * target.high, 1.5 * target.high)
    axes.legend(frameon=False, fontsize=8)
    axes.figure.savefig(path)


def main() -> None:
    """Draw, or measure, or print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--model", default="mofdiff-core")
    parser.add_argument("--target", default=f"{CO2}=3:4", help="what is aimed at, like lcd=8:12")
    parser.add_argument("--ways", nargs="+", default=["none", "w2", "best8"])
    parser.add_argument("--chunks", type=int, default=2, help="chunks of each way")
    parser.add_argument("--size", type=int, default=64, help="frameworks a chunk")
    parser.add_argument("--first", type=int, default=0, help="number of the first chunk")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--measure", type=int, default=0, metavar="N", help="measure N valid ones of each way")
    parser.add_argument("--relax", type=int, default=0, metavar="N", help="relax N valid ones of each way by UFF")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="of the valid ones take every Nth alone")
    parser.add_argument("--steps", type=int, nargs=2, default=(500, 500), help="Monte Carlo: to settle, to average")
    parser.add_argument("--table", action="store_true", help="print what is there and do nothing")
    parser.add_argument("--figure", type=Path)
    arguments = parser.parse_args()
    folder, target = arguments.out, PropertyTarget.parse(arguments.target)
    folder.mkdir(parents=True, exist_ok=True)
    if arguments.figure:
        figure(folder, arguments.figure, target)
    if arguments.table or arguments.figure:
        print(json.dumps(table(folder, target), indent=1))
        return
    for kind, most in (("measured", arguments.measure), ("relaxed", arguments.relax)):
        for k in range(most):  # in turn, so that what is there at any time compares
            for way in arguments.ways:
                rows, done = valid_of(folder, way)[:: arguments.every], measured_of(folder, way, kind)
                if kind == "relaxed":  # a search hands over the nearest first: at random, but the same each time
                    rows = [rows[i] for i in np.random.default_rng(0).permutation(len(rows))]
                if k < len(rows) and (rows[k]["chunk"], rows[k]["row"]) not in done:
                    about = {name: rows[k][name] for name in ("chunk", "row")}
                    steps = tuple(arguments.steps)
                    about |= (
                        measure(rows[k], target.name, steps) if kind == "measured" else relaxed(rows[k], target.name)
                    )
                    with (folder / f"{kind}_{way}.jsonl").open("a") as file:
                        file.write(json.dumps(about) + "\n")
    if arguments.measure or arguments.relax:
        return
    generator = registry.load(arguments.model)
    assert isinstance(generator, MofDiff)
    generator.rounds, generator.chunk_size = 1, arguments.size
    for way in arguments.ways:
        path = folder / f"told_{way}.json"
        if not path.exists():
            path.write_text(json.dumps(told(generator, request_of(way, arguments), target.name)))
    for chunk in range(arguments.first, arguments.first + arguments.chunks):
        for way in arguments.ways:
            path = folder / f"{way}_{chunk}.json"
            if not path.exists():
                made = draw(generator, request_of(way, arguments), chunk, target.name)
                path.write_text(json.dumps(made))
                print(way, chunk, made["drawn"], len(made["valid"]), flush=True)


if __name__ == "__main__":
    main()
