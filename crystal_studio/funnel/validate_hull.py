"""Measures how far a potential errs on its reference hull, and writes that into the hull's card.

    python -m crystal_studio.funnel.validate_hull --potential sevennet --data DIR [--size 250] [--largest 12]

The same crystals are drawn for every potential: ``--size`` up to 80 meV/atom above the hull, held out of training
sets, and as many above. Each is relaxed as the quick funnel relaxes candidates, and its energy above the hull and its
formation energy are compared with those of the data.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.composition import counts
from crystal_studio.data import datasets
from crystal_studio.data.build_reference import FILES
from crystal_studio.data.datasets import Dataset
from crystal_studio.data.hull import SHIPPED, HullDistances, ReferenceHull, hull_path
from crystal_studio.data.hull_card import read_card
from crystal_studio.funnel.hull_energies import FMAX, MAX_STEPS
from crystal_studio.potentials import registry
from crystal_studio.potentials.protocol import Potential

STABLE = 1e-3
"""eV/atom: what the data put no higher is on their hull."""

NEAR = 0.025
"""eV/atom above the hull that is near it."""


def samples(below: Dataset, above: Dataset, size: int, largest: int) -> tuple[Dataset, Dataset]:
    """Held-out crystals up to 80 meV/atom above the hull, and crystals beyond: ``size`` each, of ``largest`` atoms."""
    held_out = below.take(below.columns["split"] == "val")
    small = (d.take(np.flatnonzero(d.structures.n_atoms <= largest)) for d in (held_out, above))
    first, second = (d.take(np.random.default_rng(1).permutation(len(d))[:size]) for d in small)
    return first, second


def validate(below: Dataset, above: Dataset, hull: ReferenceHull, potential: Potential) -> dict[str, dict[str, float]]:
    """The entries of the card: errors in meV/atom on either sample, and where the stable phases of the data end up."""
    card = {}
    for side, sample in (("below", below), ("above", above)):
        found = _distances(sample, hull, potential)
        published = sample.columns["e_above_hull"].astype(float)
        formation = found.formation_energy - sample.columns["formation_energy_per_atom"].astype(float)
        card[f"validation_{side}_80_mev"] = {
            **errors("e_above_hull", found.e_above_hull - published),
            **errors("formation_energy", formation),
        }
        if side == "below":
            card["validation_stable"] = stable(found.e_above_hull[published <= STABLE])
    return card


def errors(name: str, apart: NDArray[np.float64]) -> dict[str, float]:
    """Number of crystals, mean absolute error, median absolute error and bias (found less published), in meV/atom."""
    known = 1000 * apart[np.isfinite(apart)]
    if not len(known):
        return {"crystals": 0}
    return {
        "crystals": len(known),
        f"{name}_mae_mev": round(float(np.abs(known).mean()), 1),
        f"{name}_median_mev": round(float(np.median(np.abs(known))), 1),
        f"{name}_bias_mev": round(float(known.mean()), 1),
    }


def stable(e_above_hull: NDArray[np.float64]) -> dict[str, float]:
    """Of phases on the published hull: how many, their median energy above this hull, and the share near it."""
    known = e_above_hull[np.isfinite(e_above_hull)]
    if not len(known):
        return {"crystals": 0}
    return {
        "crystals": len(known),
        "e_above_hull_median_mev": round(1000 * float(np.median(known)), 1),
        "share_within_25_mev": round(float((known <= NEAR).mean()), 3),
    }


def _distances(sample: Dataset, hull: ReferenceHull, potential: Potential) -> HullDistances:
    outcome = potential.relax(sample.structures, MAX_STEPS, FMAX)
    return hull.distances(counts(sample.structures), outcome.energy_per_atom)


def main() -> None:
    """Entry point; see the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--potential", default=SHIPPED, help="name of the potential")
    parser.add_argument("--device", default="cpu", help="where it computes: cpu, cuda or mps")
    parser.add_argument("--data", type=Path, required=True, help="folder of the reference data")
    parser.add_argument("--size", type=int, default=250, help="crystals on either side of 80 meV/atom")
    parser.add_argument("--largest", type=int, default=20, help="atoms in the largest cell that is drawn")
    arguments = parser.parse_args()
    potential = registry.load(arguments.potential, arguments.device)
    hull = ReferenceHull.load(potential.name)
    below, above = (datasets.load(arguments.data / FILES[i]) for i in (0, 2))
    card = read_card(potential.name)
    card |= validate(*samples(below, above, arguments.size, arguments.largest), hull, potential)
    card["validation_largest_cell"] = arguments.largest
    hull_path(potential.name).with_suffix(".card.json").write_text(json.dumps(card, indent=1) + "\n")
    print(json.dumps(card, indent=1))


if __name__ == "__main__":
    main()
