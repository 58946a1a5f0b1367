"""Builds the index of known structures that ships in ``resources/reference``.

    python -m crystal_studio.data.build_reference --data DIR

DIR holds the reference data (``mp20_like.parquet``, ``mp_21_52.parquet``,
``mp_le20_above80meV.parquet``). Only ids, formulas, space groups, Wyckoff
templates and fingerprints go into the file. The reference hull is built by
``crystal_studio.funnel.build_hull``, since it needs a potential.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np

from crystal_studio.crystal.batches import AsymmetricUnits
from crystal_studio.crystal.composition import formulas
from crystal_studio.crystal.space_groups import tables
from crystal_studio.crystal.standardise import to_asymmetric_units
from crystal_studio.data import datasets, reference
from crystal_studio.data.fingerprints import K_LIKE, K_PLAIN, K_WEIGHTED, fingerprints

FILES = ("mp20_like.parquet", "mp_21_52.parquet", "mp_le20_above80meV.parquet")
BLOCK = 1000
ORIGIN = {
    "origin": "The Materials Project (2018-2021), ids, formulas and structures",
    "citation": "Jain et al., APL Materials 1, 011002 (2013), doi:10.1063/1.4812323",
    "licence": "CC BY 4.0",
}


def templates(units: AsymmetricUnits) -> list[str]:
    """Wyckoff letters with the number of orbits on each, such as "1a 1b 3c"; empty for a crystal without orbits."""
    letter = np.array([*tables().letter, ""])
    found = []
    for row in units.wyckoff:
        letters, n = np.unique(letter[row[row >= 0]], return_counts=True)
        found.append(" ".join(f"{k}{x}" for x, k in zip(letters, n, strict=True)))
    return found


def build(data: Path, path: Path, symprec: float = 0.1) -> dict[str, object]:
    """Read the data, write the index and its card; returns the card."""
    start = time.time()
    ids, names, groups, sequences, vectors = [], [], [], [], []
    for name in FILES:
        dataset = datasets.load(data / name)
        for first in range(0, len(dataset), BLOCK):
            part = dataset.take(np.arange(first, min(first + BLOCK, len(dataset))))
            units, ok, _ = to_asymmetric_units(part.structures, symprec)
            ids += part.ids.tolist()
            names += formulas(part.structures)
            groups.append(np.where(ok, units.space_group, 0))
            sequences += templates(units)
            vectors.append(fingerprints(part.structures))
            print(f"{name}: {first + len(part)} of {len(dataset)}, {time.time() - start:.0f} s", file=sys.stderr)
    group, vector = np.concatenate(groups), np.concatenate(vectors)
    reference.save(path, ids, names, group, sequences, vector)
    card: dict[str, object] = {
        **ORIGIN,
        "title": "Index of known structures",
        "entries": len(ids),
        "formulas": len(set(names)),
        "without_space_group": int((group == 0).sum()),
        "without_fingerprint": int(np.isnan(vector).any(1).sum()),
        "fingerprint": f"average minimum distances over (volume per atom)^(1/3): {K_PLAIN} plain, "
        f"{K_WEIGHTED} weighted by element, {K_LIKE} among like atoms weighted by element, float16",
        "symprec_angstrom": symprec,
        "same_structure_below": reference.SAME_STRUCTURE,
        "limits": "Knows the Materials Project of 2018-2021 up to 52 atoms in the primitive cell, without the "
        "published MP-20 test split; novel means not among these.",
    }
    path.with_name("known_structures.card.json").write_text(json.dumps(card, indent=1) + "\n")
    return card


def main() -> None:
    """Entry point; see the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the reference data")
    parser.add_argument("--to", type=Path, default=reference.index_path(), help="file to write")
    arguments = parser.parse_args()
    print(json.dumps(build(arguments.data, arguments.to), indent=1))


if __name__ == "__main__":
    main()
