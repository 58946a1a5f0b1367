"""Builds ``resources/marginals``: statistics of a training set, and its decorated templates.

``python -m crystal_studio.data.build_marginals --data mp20_like.parquet``
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio import paths
from crystal_studio.crystal import lattice
from crystal_studio.crystal.asymmetric_unit import expand
from crystal_studio.crystal.batches import AsymmetricUnits
from crystal_studio.crystal.composition import counts
from crystal_studio.crystal.space_groups import tables
from crystal_studio.crystal.standardise import to_asymmetric_units
from crystal_studio.data import decorated
from crystal_studio.data.datasets import Dataset, load

SOURCE = {
    "data": "The Materials Project, MP-20-like (reconstructed), training split",
    "licence": "CC BY 4.0",
    "cite": "Jain et al., APL Materials 1, 011002 (2013), doi:10.1063/1.4812323",
}
_RANGES = {
    "formation_energy": (-5.0, 1.0, 60),
    "e_hull": (0.0, 0.1, 50),
    "band_gap": (0.0, 10.0, 50),
    "density": (0.0, 25.0, 50),
    "volume_per_atom": (0.0, 80.0, 80),
    "n_atoms": (0.5, 20.5, 20),
    "n_elements": (0.5, 8.5, 8),
}


def template(units: AsymmetricUnits, i: int) -> str:
    """Wyckoff template of one crystal: group and sorted letters, such as "225:a b"."""
    letters = sorted(tables().letter[w] for w in units.wyckoff[i] if w >= 0)
    return f"{units.space_group[i]}:{' '.join(letters)}"


def _histograms(dataset: Dataset, columns: dict[str, NDArray]) -> dict[str, NDArray]:
    found: dict[str, NDArray] = {}
    for name, (low, high, bins) in _RANGES.items():
        values = columns[name][np.isfinite(columns[name])]
        found[f"{name}.counts"], found[f"{name}.edges"] = np.histogram(values, bins, (low, high))
    return found


def build(dataset: Dataset) -> dict[str, NDArray]:
    """All arrays of ``Marginals`` for a data set with the project's column names."""
    units, ok, _ = to_asymmetric_units(dataset.structures)
    units, dataset = units.take(ok), dataset.take(ok)
    cells = expand(units)
    table, mask = tables(), units.mask
    group = units.space_group.astype(int) - 1
    orbits = np.zeros((230, units.numbers.shape[1] + 1), np.int32)
    np.add.at(orbits, (group, units.n_orbits), 1)
    crystal, column = np.nonzero(mask)
    sites = table.site_class[units.wyckoff[crystal, column]]
    classes = np.zeros((230, 15, 13), np.int32)
    np.add.at(classes, (group[crystal][:, None], np.arange(15)[None], sites), 1)
    held = counts(cells) > 0
    per_atom = dataset.structures.volume / dataset.structures.n_atoms
    columns: dict[str, Any] = {
        "formation_energy": dataset.columns["formation_energy_per_atom"].astype(float),
        "e_hull": dataset.columns["e_above_hull"].astype(float),
        "band_gap": dataset.columns["band_gap"].astype(float),
        "density": lattice.densities(cells),
        "volume_per_atom": per_atom,
        "n_atoms": dataset.structures.n_atoms,
        "n_elements": held.sum(1),
    }
    templates = Counter(template(units, i) for i in range(len(units)))
    text = {
        "templates": dict(templates.most_common()),
        "source": {**SOURCE, "crystals": len(units)},
    }
    return {
        "space_group": np.bincount(group, minlength=230),
        "orbits": orbits,
        "elements": held.sum(0),
        "orbit_elements": np.bincount(units.numbers[mask], minlength=119),
        "site_class": classes,
        "text": np.array(json.dumps(text)),
        **_histograms(dataset, columns),
    }


def build_decorated(dataset: Dataset) -> dict[str, NDArray]:
    """The decorated templates of a data set, as ``decorated.decorated_templates`` reads them."""
    units, ok, _ = to_asymmetric_units(dataset.structures)
    units = units.take(ok)
    text = {"decorated": decorated.count(units), "source": {**SOURCE, "crystals": len(units)}}
    return {"text": np.array(json.dumps(text))}


def main() -> None:
    """Write both files where the program reads them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="parquet file with a column 'split'")
    arguments = parser.parse_args()
    dataset = load(arguments.data, "train")
    folder = paths.resources() / "marginals"
    folder.mkdir(parents=True, exist_ok=True)
    for name, arrays in (("mp20_like.npz", build(dataset)), (decorated.FILE, build_decorated(dataset))):
        target = folder / name
        np.savez_compressed(target, allow_pickle=False, **arrays)
        print(f"{target}: {target.stat().st_size / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
