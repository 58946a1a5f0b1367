"""How well triage models rank candidates that they have never seen, of campaigns that were relaxed in full.

    python benchmarks/triage.py PROJECT... [--model NAME] [--looks FOLDER] [--figure FILE.png]

What is sought lies on or below the hull and is novel. Beside the model stand the energy above hull unrelaxed, the
learned properties of the relaxed crystal, and chance.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import torch

from crystal_studio.analysis.enrichment import brier, calibration_error, enrichment, reliability
from crystal_studio.project.queries import ProjectReader
from crystal_studio.properties import registry
from crystal_studio.properties.triage_ensemble import LIMITS, TriageEnsemble, expected_of
from crystal_studio.training.relaxed import relaxed
from crystal_studio.training.triage import evaluate

PARTS = (0.1, 0.2, 0.3)


def learned_energies(projects: list[Path], potential: str) -> np.ndarray:
    """Energy above hull as the head of properties predicts it, of the candidates that ``relaxed`` gives."""
    model, found = registry.load(registry.DEFAULT), []
    for path in projects:
        with ProjectReader(path) as reader:
            ids = reader.ids(f"e_hull@{potential!r} is not None")
            told = model.predict(reader.structures(ids, "generated"))
        found.append(told.mean[:, told.names.index("e_above_hull")])
    return np.concatenate(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("projects", nargs="+", type=Path)
    parser.add_argument("--model", default=registry.TRIAGE_DEFAULT)
    parser.add_argument("--looks", type=Path, default=Path(tempfile.gettempdir()) / "triage-looks")
    parser.add_argument("--figure", type=Path)
    args = parser.parse_args()
    torch.set_num_threads(1)
    model = registry.load(args.model)
    assert isinstance(model, TriageEnsemble), f"{args.model} is no triage model"
    data = relaxed(args.projects, model.facts, model.potential, args.looks)
    expected = expected_of(model.members, data.crystals.values)
    scores = evaluate(data, expected, model.calibrated, np.arange(len(data)))
    print({k: round(v, 4) for k, v in scores.items() if not isinstance(v, dict)})
    slope, intercept = model.calibrated.chance
    chances = 1 / (1 + np.exp(-(slope * expected.logit + intercept)))
    for limit in (0.0, 0.1):
        chance, hits = chances[:, LIMITS.index(limit)], (data.e_hull <= limit) & ~data.stopped
        base = hits.mean() * (1 - hits.mean())
        print(
            f"\nchance of at most {limit} eV/atom: Brier {brier(chance, hits):.4f} ({base:.4f} for the base rate),"
            f" calibration error {calibration_error(chance, hits):.4f}"
        )
        for one in reliability(chance, hits):
            print(f"  told {one.told:.3f}  came {one.came.text}")
    hits = (data.e_hull <= 0) & ~data.stopped & data.novel
    rankings = {
        "model": chances[:, LIMITS.index(0.0)],
        "energy as it stands": -data.crystals.above,
        "learned properties": -learned_energies(args.projects, model.potential),
    }
    print(
        f"\n{hits.sum()} of {len(hits)} on or below the hull and novel; among the first 10, 20, 30%: share found, rate"
    )
    for name, score in rankings.items():
        for title, own in ((name, score), (f"{name}, novel first", np.where(data.novel, score, score - 1e3))):
            found = enrichment(own, hits, PARTS)
            print(f"  {title:34s}", *(f"{100 * e.found.value:5.1f}% {e.rate.text:38s}" for e in found))
    if args.figure:
        draw(args.figure, rankings, hits, data.novel)


def draw(path: Path, rankings: dict[str, np.ndarray], hits: np.ndarray, novel: np.ndarray) -> None:
    """Share of the hits found against share of the candidates relaxed."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    parts = np.linspace(0.01, 1, 100)
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    for name, score in rankings.items():
        found = enrichment(np.where(novel, score, score - 1e3), hits, parts.tolist())
        left.plot(100 * parts, [100 * e.found.value for e in found], label=name)
        right.plot(100 * parts[4:], [100 * e.rate.value for e in found][4:])
    left.plot([0, 100], [0, 100], color="grey", lw=0.8, label="chance")
    right.axhline(100 * hits.mean(), color="grey", lw=0.8)
    left.set(xlabel="relaxed, %", ylabel="S.U.N. found, %", xlim=(0, 100), ylim=(0, 100))
    right.set(xlabel="relaxed, %", ylabel="S.U.N. of those relaxed, %", xlim=(0, 100), ylim=(0, 100))
    left.legend(frameon=False)
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
