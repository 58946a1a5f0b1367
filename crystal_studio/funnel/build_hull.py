"""Builds the reference hull that ships in ``resources/reference``.

    python -m crystal_studio.funnel.build_hull --data DIR --checkpoint energies.csv [--potential P] [--minutes M]

DIR holds the reference data (see ``crystal_studio.data.build_reference``). Of
every composition the phase with the lowest energy above hull is taken if that
is at most ``--above`` (elements always). Small cells are relaxed exactly as the
funnel relaxes candidates; larger ones are judged at their DFT geometry, and the
mean lowering that relaxation brings, measured on a random sample, is taken off.
A phase of the published hull that is not computed (its structure is not among
the data, or the time was up) would be missed as a competitor: it enters with its
published formation energy, moved to the potential's scale by a fit over the
phases that were computed. For a potential that is dear, ``--points-first`` judges
every phase at its DFT geometry, those on the hull first and of these small cells
first, before the first small cell is relaxed.
Energies are appended to the checkpoint one by one, so the work can be stopped
and taken up at any time; what is done by then is written and its coverage said.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.composition import counts
from crystal_studio.data import datasets
from crystal_studio.data.build_reference import FILES, ORIGIN
from crystal_studio.data.datasets import Dataset
from crystal_studio.data.hull import CALIBRATED, DFT_GEOMETRY, RELAXED, SHIPPED, ReferenceHull, hull_path, save_hull
from crystal_studio.funnel.hull_energies import FMAX, MAX_STEPS, competitors, compute, lowering
from crystal_studio.funnel.hull_missing import calibrated, missing_elements
from crystal_studio.funnel.validate_hull import samples, validate
from crystal_studio.potentials import registry


def build(arguments: argparse.Namespace) -> dict[str, object]:
    """Compute, correct, write and validate; returns the card."""
    potential = registry.load(arguments.potential, arguments.device)
    parts = [datasets.load(arguments.data / name) for name in FILES]
    kept = ("e_above_hull", "formation_energy_per_atom")
    dataset = Dataset(
        Structures.concatenate([p.structures for p in parts]),
        np.concatenate([p.ids for p in parts]),
        {name: np.concatenate([p.columns[name] for p in parts]) for name in kept},
    )
    rows = competitors(dataset, arguments.above)
    done = compute(
        dataset,
        rows,
        potential,
        arguments.checkpoint,
        arguments.relax_up_to,
        60 * arguments.minutes,
        arguments.points_first,
    )
    rows = np.array([r for r in rows if dataset.ids[r] in done and np.isfinite(done[dataset.ids[r]].energy)], int)
    phases = [done[dataset.ids[r]] for r in rows]
    relaxed = np.array([p.relaxed for p in phases], bool)
    drop = lowering(dataset, rows[~relaxed], potential, arguments.sample)
    correction = float(drop.mean()) if len(drop) else 0.0
    energy = np.array([p.energy for p in phases]) - np.where(relaxed, 0.0, correction)
    table = counts(dataset.structures.take(rows))
    table //= np.gcd.reduce(table, axis=1, keepdims=True)
    published = dataset.columns["formation_energy_per_atom"].astype(float)[rows]
    kind = np.where(relaxed, RELAXED, DFT_GEOMETRY)
    hull = ReferenceHull(table, energy, dataset.ids[rows], potential.name, kind)
    computed = len(hull)
    hull = missing_elements(hull, potential)
    prototypes = len(hull) - computed
    residual = 0.0
    if not arguments.computed_only:
        hull, residual = calibrated(hull, published, arguments.data / "mp_hull_reference.parquet")
    to = arguments.to or hull_path(potential.name)
    save_hull(to, hull)

    below, above = samples(parts[0], parts[2], arguments.sample * 2, arguments.validate_up_to)
    card: dict[str, object] = {
        **ORIGIN,
        "title": "Reference hull",
        "potential": potential.title,
        "phases": len(hull),
        "phases_relaxed": int((hull.kind == RELAXED).sum()),
        "phases_at_dft_geometry": int((hull.kind == DFT_GEOMETRY).sum()),
        "phases_calibrated": int((hull.kind == CALIBRATED).sum()),
        "elements_from_prototypes": hull.ids[computed : computed + prototypes].tolist(),
        "calibration_mae_mev": round(1000 * residual, 1),
        "largest_e_above_hull_ev": arguments.above,
        "elements": int(np.isfinite(hull.elemental).sum()),
        "method": "lowest phase of each composition; elements, and of cells of up to "
        f"{arguments.relax_up_to} atoms as many as are counted, relaxed as the quick funnel does ({FMAX} eV/A, at most "
        f"{MAX_STEPS} steps), the others at their DFT geometry less the mean lowering; elements without a structure as "
        "relaxed fcc crystals; phases on the published hull that were not computed: published formation energy, moved "
        "to the scale of the potential by a fit",
        "lowering_by_relaxation_mev": {
            "sample": len(drop),
            "mean": round(1000 * correction, 2),
            "p95": round(1000 * float(np.percentile(drop, 95)), 2) if len(drop) else 0.0,
        },
        **validate(below, above, hull, potential),
        "validation_largest_cell": arguments.validate_up_to,
        "limits": "Knows the Materials Project of 2018-2021 up to 52 atoms in the primitive cell, without the "
        "published MP-20 test split, and none of GNoME, Alexandria or WBM: an energy above this hull is a lower bound.",
    }
    to.with_suffix(".card.json").write_text(json.dumps(card, indent=1) + "\n")
    return card


def main() -> None:
    """Entry point; see the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the reference data")
    parser.add_argument("--checkpoint", type=Path, required=True, help="file that keeps the energies computed so far")
    parser.add_argument("--potential", default=SHIPPED, help="name of the potential that computes the energies")
    parser.add_argument("--device", default="cpu", help="where it computes: cpu, cuda or mps")
    parser.add_argument("--to", type=Path, help="file to write instead of the one that the potential's name stands for")
    parser.add_argument("--above", type=float, default=0.05, help="eV/atom above hull up to which phases are taken")
    parser.add_argument("--relax-up-to", type=int, default=12, help="atoms in the largest cell that is relaxed")
    parser.add_argument(
        "--points-first",
        action="store_true",
        help="judge every phase but the elements at its DFT geometry before the first small cell is relaxed",
    )
    parser.add_argument("--computed-only", action="store_true", help="leave out the phases without a structure")
    parser.add_argument("--minutes", type=float, default=1e6, help="time for new energies")
    parser.add_argument("--sample", type=int, default=100, help="crystals relaxed to measure the correction")
    parser.add_argument("--validate-up-to", type=int, default=20, help="atoms in the largest cell of the validation")
    print(json.dumps(build(parser.parse_args()), indent=1))


if __name__ == "__main__":
    main()
