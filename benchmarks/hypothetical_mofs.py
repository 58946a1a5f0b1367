"""Hypothetical frameworks beside the known ones: how they differ in size and make-up, and how far UFF moves them.

    python benchmarks/hypothetical_mofs.py
    python benchmarks/hypothetical_mofs.py --relax 8

Longest: of the reduced cell; gap: how far the two connection points of a bond lie apart. ``--relax`` takes so many of
each at random, of at most 150 atoms, and tells volumes relative to those before and which are valid afterwards, by
perceived bonds.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crystal_studio import paths
from crystal_studio.candidates.batch import Candidates
from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.neighbours import reduce_cells
from crystal_studio.execution.other_python import ProgramError
from crystal_studio.mof import build_hypothetical, uff
from crystal_studio.mof.bonds import bonds_of
from crystal_studio.mof.coarse import CoarseMofs
from crystal_studio.mof.collecting import places_of
from crystal_studio.mof.library import read_mofs, shipped_blocks, shipped_mofs
from crystal_studio.mof.validity import check
from crystal_studio.mof.whole import whole_atoms

MOST_ATOMS = 150
SHARES = (5, 25, 50, 75, 95)


def gaps(mofs: CoarseMofs) -> NDArray[np.float64]:
    """(B,) Angstrom, root mean square distance of connection points that are joined."""
    library, found = shipped_blocks(), []
    for i in range(len(mofs)):
        kinds, rows = mofs.block[mofs.blocks(i)], mofs.connections(i)
        places, ends = places_of(mofs, library, i), mofs.ends[rows].tolist()
        first = [places[a][library.n_atoms[kinds[a]] + p] for (a, p), _ in ends]
        second = [places[b][library.n_atoms[kinds[b]] + q] for _, (b, q) in ends]
        apart = np.array(second) + mofs.image[rows] @ mofs.lattice[i] - np.array(first)
        found.append(np.sqrt((apart**2).sum(1).mean()))
    return np.array(found)


def about(mofs: CoarseMofs) -> dict[str, object]:
    """Percentiles and counts."""
    library = shipped_blocks()
    volume = np.abs(np.linalg.det(mofs.lattice))
    atoms = np.add.reduceat(library.n_atoms[mofs.block], mofs.offsets[:-1])
    longest = np.linalg.norm(reduce_cells(mofs.lattice)[0], axis=-1).max(1)
    kinds = Counter(min(len(np.unique(mofs.block[mofs.blocks(i)])), 5) for i in range(len(mofs)))
    columns = {"blocks": mofs.n_blocks, "volume": volume, "longest": longest, "per atom": volume / atoms}
    columns["gap"] = gaps(mofs)
    return {
        "frameworks": len(mofs),
        "different blocks": len(np.unique(mofs.block)),
        "kinds of blocks (5: or more)": {str(k): round(kinds[k] / len(mofs), 3) for k in sorted(kinds)},
        f"percentiles {SHARES}": {k: np.percentile(v, SHARES).round(2).tolist() for k, v in columns.items()},
    }


def relaxed(mofs: CoarseMofs, count: int, rng: np.random.Generator) -> list[dict[str, object]]:
    """What UFF does to some of them."""
    whole = whole_atoms(mofs, shipped_blocks())
    rows = rng.permutation(np.flatnonzero(whole.structures.n_atoms <= MOST_ATOMS))[:count]
    found: list[dict[str, object]] = []
    for i in rows.tolist():
        one = whole.take(np.array([i]))
        cell, bonds = one.structures.cell(0), bonds_of(one.structures, one.bonds, 0)
        record: dict[str, object] = {"name": str(mofs.name[i]), "atoms": len(cell[1])}
        found.append(record)
        try:
            table = (bonds.atoms, bonds.image, bonds.order)
            lattice, places = (lambda r: (r.lattice, r.positions))(uff.relax(*cell, table, 300))
        except ProgramError as error:
            record["failed"] = str(error)[:80]
            continue
        after = Candidates.of_structures(Structures.from_lists([lattice], [cell[1]], [places % 1.0]))
        record["volume"] = round(float(abs(np.linalg.det(lattice) / np.linalg.det(cell[0]))), 3)
        record["valid"] = bool(check(after.structures).valid[0])
        print(record, flush=True)
    return found


def main() -> None:
    """Compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shipped = paths.resources() / "mof" / build_hypothetical.NAME
    parser.add_argument("--file", type=Path, default=shipped)
    parser.add_argument("--relax", type=int, default=0)
    arguments = parser.parse_args()
    hypothetical, _ = read_mofs(arguments.file, shipped_blocks())
    for title, mofs in (("known", shipped_mofs()), ("hypothetical", hypothetical)):
        print(title, json.dumps(about(mofs), indent=1))
        if arguments.relax:
            found = relaxed(mofs, arguments.relax, np.random.default_rng(0))
            change = [float(str(one["volume"])) for one in found if "volume" in one]
            valid = sum(bool(one.get("valid")) for one in found)
            print(f"{len(change)} of {len(found)} relaxed, {valid} valid; volume {np.percentile(change, SHARES)}")


if __name__ == "__main__":
    main()
